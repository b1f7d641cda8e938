#pragma once
// The user's settings. One declaration of each serves the dialog, the palette (@) and the file user_config_folder()/lathe.ini. GUI thread.
#include <QObject>
#include <QSettings>
#include <QVariant>
#include <vector>

namespace lathe {

struct SettingChoice { QString value, label; };
struct SettingInfo {
    enum class Type { boolean, integer, choice, text };
    QString key, group, label, help;
    Type type = Type::boolean;
    QVariant default_value;
    std::vector<SettingChoice> choices;
    int min = 0, max = 0;
    QString unit;
};

class Settings : public QObject {
    Q_OBJECT
public:
    static Settings& instance();
    const std::vector<SettingInfo>& declared() const { return m_declared; }
    const SettingInfo* find(const QString& key) const;
    QVariant value(const QString& key) const;               ///< the declared default where nothing is stored; checked against the declaration
    QString value_text(const QString& key) const;           ///< as shown: the label of a choice, a number with its unit, "on", "off"
    void set_value(const QString& key, const QVariant& value);
    QSettings& store() { return m_store; }                  ///< for what is no setting: recents, window geometry, shortcuts
Q_SIGNALS:
    void changed(QString key);
private:
    Settings();
    QSettings m_store;
    std::vector<SettingInfo> m_declared;
};

}
