#include "app/gui/shortcut_editor.h"
#include "app/gui/action_registry.h"
#include "app/gui/viewer_keys.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace lathe {
namespace {
QString menu_text(const QAction* action) { return action->text().remove(u'&').remove(u'…'); }
QString keys_of(const QAction* action) {
    QStringList texts;
    const QList<QKeySequence> keys = action->shortcuts();
    for (const QKeySequence& key : keys)
        if (const QString text = KeyHint::text_of(key); !texts.contains(text)) texts << text;   // Return and Enter read alike
    return texts.join(QStringLiteral(", "));
}
}

ShortcutEditor::ShortcutEditor(ActionRegistry& actions, ViewerKeys& viewer_keys, QWidget* parent) : QWidget(parent), m_actions(actions), m_viewer_keys(viewer_keys) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 4, 8, 4);
    m_filter = new QLineEdit(this);
    m_filter->setPlaceholderText(tr("Filter"));
    m_filter->setAccessibleName(tr("Filter the actions"));
    m_list = new QTreeWidget(this);
    m_list->setHeaderLabels({tr("Action"), tr("Menu or viewer"), tr("Keys")});
    m_list->setRootIsDecorated(false);
    m_list->setAccessibleName(tr("Actions and their keys"));
    m_list->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_list->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    m_keys = new QKeySequenceEdit(this);
    m_keys->setAccessibleName(tr("New keys"));
    m_set = make_button(tr("Set"), {}, false, this);
    m_reset = make_button(tr("Default"), QStringLiteral("reset"), false, this);
    auto* all = make_button(tr("All to default"), {}, false, this);
    m_conflict = new TextLabel({}, 12, false, TextRole::warn, this);
    m_conflict->setWordWrap(true);
    auto* row = new QHBoxLayout;
    row->addWidget(m_keys, 1);
    row->addWidget(m_set);
    row->addWidget(m_reset);
    row->addWidget(all);
    column->addWidget(m_filter);
    column->addWidget(m_list, 1);
    column->addLayout(row);
    column->addWidget(m_conflict);
    connect(m_filter, &QLineEdit::textChanged, this, &ShortcutEditor::fill);
    connect(m_list, &QTreeWidget::currentItemChanged, this, &ShortcutEditor::show_current);
    connect(m_keys, &QKeySequenceEdit::keySequenceChanged, this, &ShortcutEditor::check);
    connect(m_set, &QPushButton::clicked, this, &ShortcutEditor::set);
    connect(m_reset, &QPushButton::clicked, this, [this] {
        reset(current());
        fill();
    });
    connect(all, &QPushButton::clicked, this, [this] {
        QStringList ids;
        for (const ActionRegistry::Entry& entry : m_actions.entries()) ids << entry.id;
        for (const ViewerKeys::Entry& entry : m_viewer_keys.entries()) ids << entry.id;
        for (const QString& id : std::as_const(ids)) reset(id);
        fill();
    });
    fill();
    show_current();
}

void ShortcutEditor::fill() {
    const QString keep = current();
    m_list->clear();
    for (const ActionRegistry::Entry& entry : m_actions.entries()) add_line(entry.id, menu_text(entry.action), entry.category, keys_of(entry.action), m_actions.is_changed(entry.id));
    for (const ViewerKeys::Entry& entry : m_viewer_keys.entries()) add_line(entry.id, entry.label, entry.group, KeyHint::text_of(QKeySequence(entry.key)), entry.key != entry.default_key);
    for (int i = 0; i < m_list->topLevelItemCount(); ++i)
        if (m_list->topLevelItem(i)->data(0, Qt::UserRole).toString() == keep) m_list->setCurrentItem(m_list->topLevelItem(i));
}

void ShortcutEditor::add_line(const QString& id, const QString& title, const QString& group, const QString& keys, bool changed) {
    if (!m_filter->text().isEmpty() && !(title + group + keys).contains(m_filter->text(), Qt::CaseInsensitive)) return;
    auto* item = new QTreeWidgetItem(m_list, {title, group, keys});
    item->setData(0, Qt::UserRole, id);
    if (changed) item->setFont(2, Theme::instance().font(12, true));
}

QString ShortcutEditor::current() const { return m_list->currentItem() ? m_list->currentItem()->data(0, Qt::UserRole).toString() : QString(); }

void ShortcutEditor::show_current() {
    const QString id = current();
    const ViewerKeys::Entry* viewer = m_viewer_keys.find(id);
    const QAction* action = m_actions.action(id);
    const bool changed = viewer ? viewer->key != viewer->default_key : action && m_actions.is_changed(id);
    m_keys->setEnabled(action || viewer);
    m_keys->setKeySequence(action ? action->shortcut() : viewer && viewer->key ? QKeySequence(viewer->key) : QKeySequence());
    m_reset->setEnabled(changed);
    m_reset->setToolTip(changed ? QString() : tr("Its keys are the default ones."));
    check();
}

void ShortcutEditor::check() {
    const QString id = current();
    const QKeySequence keys = m_keys->keySequence();
    const bool viewer = m_viewer_keys.find(id), fits = !viewer || ViewerKeys::is_fit(keys);
    QStringList names;
    if (viewer && fits)
        for (const QString& other : m_viewer_keys.conflicts(id, keys)) names << m_viewer_keys.find(other)->label;
    for (const QString& other : m_actions.conflicts(id, {keys})) names << menu_text(m_actions.action(other));
    if (!fits) m_conflict->setText(tr("A viewer takes one key, without Ctrl or Alt."));
    else if (!names.isEmpty()) m_conflict->setText(tr("These keys also start: %1. Set them here only if you change them there, else neither will act.").arg(names.join(QStringLiteral(", "))));
    else m_conflict->setText({});
    m_set->setEnabled(!id.isEmpty() && fits);
    m_set->setToolTip(id.isEmpty() ? tr("Select an action first.") : fits ? QString() : m_conflict->text());
}

void ShortcutEditor::set() {
    if (current().isEmpty()) return;
    const QKeySequence keys = m_keys->keySequence();
    if (!m_viewer_keys.set_key(current(), keys)) m_actions.set_keys(current(), keys.isEmpty() ? QList<QKeySequence>() : QList<QKeySequence>{keys});
    fill();
    show_current();
}

void ShortcutEditor::reset(const QString& id) {
    if (const ViewerKeys::Entry* viewer = m_viewer_keys.find(id)) m_viewer_keys.set_key(id, QKeySequence(viewer->default_key));
    else m_actions.reset_keys(id);
}

KeySheet::KeySheet(const ActionRegistry& actions, const ViewerKeys& viewer_keys, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Keys"));
    resize(880, 600);
    auto* column = new QVBoxLayout(this);
    auto* scroll = new QScrollArea(this);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    auto* body = new QWidget;
    auto* across = new QHBoxLayout(body);
    across->setSpacing(32);
    QList<QVBoxLayout*> columns;
    for (int i = 0; i < 3; ++i) {
        auto* part = new QVBoxLayout;
        part->setSpacing(4);
        columns << part;
        across->addLayout(part, 1);
    }
    QStringList categories;
    int total = 0;
    for (const ActionRegistry::Entry& entry : actions.entries()) {
        if (entry.action->shortcut().isEmpty()) continue;
        ++total;
        if (!categories.contains(entry.category)) categories << entry.category;
    }
    auto add = [&](QVBoxLayout* part, const QString& text, const QString& keys) {
        auto* row = new QHBoxLayout;
        row->addWidget(new TextLabel(text, 12, false, TextRole::normal, body), 1);
        row->addWidget(new KeyHint(keys, body));
        part->addLayout(row);
    };
    int placed = 0;
    for (const QString& category : std::as_const(categories)) {
        QVBoxLayout* part = columns[std::min(2, placed * 3 / std::max(1, total + 18))];
        part->addWidget(new GroupTitle(category, body));
        for (const ActionRegistry::Entry& entry : actions.entries())
            if (entry.category == category && !entry.action->shortcut().isEmpty()) {
                add(part, menu_text(entry.action), keys_of(entry.action));
                ++placed;
            }
        part->addSpacing(10);
    }
    struct Fixed { QString text, keys; };
    const auto add_fixed = [&](QVBoxLayout* part, const QString& title, std::initializer_list<Fixed> lines) {
        part->addWidget(new GroupTitle(title, body));
        for (const Fixed& line : lines) add(part, line.text, line.keys);
        part->addSpacing(10);
    };
    add_fixed(columns[1], tr("Everywhere"), {{tr("Leave: palette, drag, field"), tr("Esc")}, {tr("Next field"), tr("Tab")}});
    // The keys of viewers as they are set now; two that belong together stand in one line.
    const auto key = [&](const char* id) {
        const ViewerKeys::Entry* entry = viewer_keys.find(QLatin1String(id));
        return entry && entry->key ? KeyHint::text_of(QKeySequence(entry->key)) : QStringLiteral("–");
    };
    const auto pair = [&](const char* first, const char* second) { return key(first) + QStringLiteral("  ") + key(second); };
    add_fixed(columns[2], tr("Images"), {{tr("Fit, 100 %"), pair("viewer.images.fit", "viewer.images.full")}, {tr("Zoom"), pair("viewer.images.in", "viewer.images.out")},
        {tr("Show image n, make it the reference"), tr("1…9  Shift 1…9")}, {tr("Split, blink, difference"), pair("viewer.images.split", "viewer.images.blink") + QStringLiteral("  ") + key("viewer.images.difference")},
        {tr("Absolute or signed"), key("viewer.images.signed")}, {tr("Gain ×2, ÷2"), key("viewer.images.gain") + QStringLiteral("  ") + tr("Shift") + u' ' + key("viewer.images.gain")},
        {tr("Step back, on"), pair("viewer.images.back", "viewer.images.on")}, {tr("First, last step"), pair("viewer.images.first", "viewer.images.last")}, {tr("Play"), key("viewer.images.play")},
        {tr("Pin the live result"), key("viewer.images.pin")}});
    add_fixed(columns[2], tr("Maps, tables"), {{tr("Move, extend"), tr("Arrows  Shift")}, {tr("Paint or edit"), tr("Enter")}, {tr("Clear"), tr("Backspace")}, {tr("All"), tr("Ctrl A")}});
    for (QVBoxLayout* part : std::as_const(columns)) part->addStretch(1);
    scroll->setWidget(body);
    column->addWidget(scroll);
}

}
