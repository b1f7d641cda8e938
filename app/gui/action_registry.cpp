#include "app/gui/action_registry.h"
#include "app/gui/settings.h"
#include <QWidget>

namespace lathe {
namespace {
const char* const kReason = "lathe_reason";
const char* const kHelp = "lathe_help";
QString shortcut_key(const QString& id) { return QStringLiteral("shortcuts/") + id; }
}

ActionRegistry::ActionRegistry(QWidget* window) : QObject(window), m_window(window) {}

QAction* ActionRegistry::add(const ActionSpec& spec, std::function<void()> run) {
    auto* action = new QAction(spec.text, this);
    action->setObjectName(spec.id);
    action->setShortcuts(spec.keys);
    action->setProperty(kHelp, spec.help);
    action->setMenuRole(QAction::NoRole);
    action->setIconVisibleInMenu(false);
    enable(action);
    if (run) connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    m_window->addAction(action);
    m_entries.push_back({spec.id, spec.category, spec.icon, action, spec.keys});
    apply_stored_keys(m_entries.back());
    Q_EMIT changed();
    return action;
}

void ActionRegistry::adopt(QAction* action, const QString& id, const QString& category) {
    if (find(id)) return;
    if (action->objectName().isEmpty()) action->setObjectName(id);
    action->setIconVisibleInMenu(false);
    if (!action->toolTip().isEmpty() && action->property(kHelp).toString().isEmpty()) action->setProperty(kHelp, action->toolTip());
    m_window->addAction(action);
    m_entries.push_back({id, category, action->property("lathe_icon").toString(), action, action->shortcuts()});
    apply_stored_keys(m_entries.back());
    connect(action, &QObject::destroyed, this, [this, id] {
        std::erase_if(m_entries, [&](const Entry& entry) { return entry.id == id; });
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

const ActionRegistry::Entry* ActionRegistry::find(const QString& id) const {
    for (const Entry& entry : m_entries)
        if (entry.id == id) return &entry;
    return nullptr;
}

QAction* ActionRegistry::action(const QString& id) const {
    const Entry* entry = find(id);
    return entry ? entry->action : nullptr;
}

QString ActionRegistry::reason(const QAction* action) { return action->isEnabled() ? QString() : action->property(kReason).toString(); }

void ActionRegistry::disable(QAction* action, const QString& reason) {
    action->setProperty(kReason, reason);
    action->setToolTip(reason);
    action->setStatusTip(reason);
    action->setEnabled(false);
}

void ActionRegistry::enable(QAction* action) {
    QString text = action->text();
    text.remove(u'&');
    const QString help = action->property(kHelp).toString();
    action->setToolTip(help.isEmpty() ? text : help);
    action->setStatusTip(QString());
    action->setEnabled(true);
}

void ActionRegistry::set_enabled(const QString& id, bool enabled, const QString& reason) {
    QAction* found = action(id);
    if (!found) return;
    if (enabled) enable(found);
    else disable(found, reason);
}

void ActionRegistry::apply_stored_keys(Entry& entry) {
    const QSettings& store = Settings::instance().store();
    if (!store.contains(shortcut_key(entry.id))) return;
    QList<QKeySequence> keys;
    const QStringList texts = store.value(shortcut_key(entry.id)).toStringList();
    for (const QString& text : texts)
        if (!text.isEmpty()) keys << QKeySequence(text, QKeySequence::PortableText);
    entry.action->setShortcuts(keys);
}

void ActionRegistry::set_keys(const QString& id, const QList<QKeySequence>& keys) {
    const Entry* entry = find(id);
    if (!entry) return;
    entry->action->setShortcuts(keys);
    if (keys == entry->default_keys) {
        Settings::instance().store().remove(shortcut_key(id));
    } else {
        QStringList texts;
        for (const QKeySequence& key : keys) texts << key.toString(QKeySequence::PortableText);
        if (texts.isEmpty()) texts << QString();   // an empty list would read back as "not stored"
        Settings::instance().store().setValue(shortcut_key(id), texts);
    }
    Q_EMIT changed();
}

void ActionRegistry::reset_keys(const QString& id) {
    if (const Entry* entry = find(id)) set_keys(id, entry->default_keys);
}

bool ActionRegistry::is_changed(const QString& id) const {
    const Entry* entry = find(id);
    return entry && entry->action->shortcuts() != entry->default_keys;
}

QStringList ActionRegistry::conflicts(const QString& id, const QList<QKeySequence>& keys) const {
    QStringList found;
    for (const Entry& entry : m_entries) {
        if (entry.id == id) continue;
        const QList<QKeySequence> theirs = entry.action->shortcuts();
        for (const QKeySequence& mine : keys)
            for (const QKeySequence& other : theirs)
                if (!mine.isEmpty() && (mine.matches(other) != QKeySequence::NoMatch || other.matches(mine) != QKeySequence::NoMatch) && !found.contains(entry.id))
                    found << entry.id;
    }
    return found;
}

}
