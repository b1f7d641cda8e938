#pragma once
// A model or a data set in the workspace bar: what comes with the program, what was used before, "Open…". GUI thread only.
#include <QComboBox>
#include <QList>
#include <QStringList>

namespace lathe {

class AssetChooser : public QComboBox {
    Q_OBJECT
public:
    enum class Kind { file, folder };
    /// `open_text`: the last entry, "Open model…"; `filter`: of the file dialog.
    AssetChooser(Kind kind, const QString& name, const QString& none_text, const QString& open_text, const QString& filter = {}, QWidget* parent = nullptr);
    /// label -> path, always offered; the first is the choice at the beginning.
    void set_built_in(const QList<std::pair<QString, QString>>& entries);
    QString path() const { return m_path; }               ///< empty: none
    void choose(const QString& path);                      ///< emits chosen() where it is another file
    QStringList recent() const { return m_recent; }
    void set_recent(const QStringList& paths);
Q_SIGNALS:
    void chosen(QString path);
private:
    bool is_built_in(const QString& path) const;
    void fill();
    void picked(int index);
    Kind m_kind;
    QString m_none, m_open, m_filter, m_path;
    QList<std::pair<QString, QString>> m_built_in;
    QStringList m_recent;
};

}
