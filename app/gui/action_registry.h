#pragma once
// The one list of everything that can be done: menus, palette, shortcuts and the key sheet are made from it. Shortcuts can be changed by the user and are
// kept in the settings; a disabled action says why in its tooltip.
#include <QAction>
#include <QHash>
#include <QKeySequence>
#include <QObject>
#include <functional>
#include <vector>

namespace lathe {

struct ActionSpec {
    QString id;                       ///< "project.open"
    QString text;                     ///< "Open project…", with & for the menu
    QString category;                 ///< the menu it is in: "File"; or the title of a plugin
    QString icon;                     ///< for buttons and the palette; menus have no icons
    QList<QKeySequence> keys;
    QString help;                     ///< tooltip while enabled
};

class ActionRegistry : public QObject {
    Q_OBJECT
public:
    explicit ActionRegistry(QWidget* window);

    QAction* add(const ActionSpec& spec, std::function<void()> run);
    /// An action made elsewhere (a panel). Its icon name may be given as property "lathe_icon". It leaves the registry when it is destroyed.
    void adopt(QAction* action, const QString& id, const QString& category);
    QAction* action(const QString& id) const;
    void set_enabled(const QString& id, bool enabled, const QString& reason = {});
    static QString reason(const QAction* action);               ///< why it is disabled; empty if it is not
    static void disable(QAction* action, const QString& reason);
    static void enable(QAction* action);

    struct Entry { QString id, category, icon; QAction* action; QList<QKeySequence> default_keys; };
    const std::vector<Entry>& entries() const { return m_entries; }
    const Entry* find(const QString& id) const;

    void set_keys(const QString& id, const QList<QKeySequence>& keys);   ///< stored
    void reset_keys(const QString& id);
    bool is_changed(const QString& id) const;
    /// Other actions that one of these keys would start.
    QStringList conflicts(const QString& id, const QList<QKeySequence>& keys) const;

Q_SIGNALS:
    void changed();                                              ///< actions came or went, or keys changed
private:
    void apply_stored_keys(Entry& entry);
    QWidget* m_window;
    std::vector<Entry> m_entries;
};

}
