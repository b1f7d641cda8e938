#include "app/gui/workspace_bar.h"
#include "app/gui/action_registry.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QAction>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>

namespace lathe {
namespace {
const char* const kText = "lathe_bar_text";

QString button_text(const QAction* action) {
    QString text = action->iconText().isEmpty() ? action->text() : action->iconText();
    return text.remove(u'&');
}

QString tip(const QAction* action) {
    const QString reason = ActionRegistry::reason(action);
    const QString text = reason.isEmpty() ? action->toolTip() : reason;
    const QString keys = KeyHint::text_of(action->shortcut());
    return keys.isEmpty() ? text : QStringLiteral("%1  (%2)").arg(text, keys);
}
}

QPushButton* button_for(QAction* action, const QString& icon, bool filled, QWidget* parent) {
    QPushButton* button = make_button(button_text(action), icon, filled, parent);
    button->setCheckable(action->isCheckable());
    auto follow = [button, action] {
        const QString text = button_text(action);
        button->setProperty(kText, text);
        if (!button->text().isEmpty()) button->setText(text);
        button->setAccessibleName(text);
        button->setEnabled(action->isEnabled());
        button->setChecked(action->isChecked());
        button->setToolTip(tip(action));
    };
    follow();
    QObject::connect(action, &QAction::changed, button, follow);
    QObject::connect(button, &QPushButton::clicked, action, [button, action] {
        action->trigger();
        button->setChecked(action->isChecked());
    });
    QObject::connect(action, &QObject::destroyed, button, &QObject::deleteLater);
    return button;
}

WorkspaceBar::WorkspaceBar(const QString& title, QWidget* parent) : QWidget(parent) {
    setFixedHeight(45);   // 44 and the line
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(12, 0, 12, 1);
    m_row->setSpacing(8);
    auto* name = new TextLabel(title, 15, true, TextRole::normal, this);
    m_row->addWidget(name);
    m_row->addSpacing(4);
    m_left = new QHBoxLayout;
    m_actions = new QHBoxLayout;
    m_right = new QHBoxLayout;
    for (QHBoxLayout* part : {m_left, m_actions, m_right}) part->setSpacing(8);
    m_row->addLayout(m_left);
    m_row->addLayout(m_actions);
    m_row->addStretch(1);
    m_row->addLayout(m_right);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize WorkspaceBar::sizeHint() const { return {QWidget::sizeHint().width(), 45}; }
QSize WorkspaceBar::minimumSizeHint() const { return {400, 45}; }   // what does not fit is cut at the window's edge before it may widen the window

void WorkspaceBar::set_chooser(QWidget* widget) { m_left->addWidget(widget); }
void WorkspaceBar::add_left_widget(QWidget* widget, int stretch) {
    if (stretch) {
        m_row->setStretchFactor(m_left, stretch);
        m_row->setStretch(m_row->count() - 2, 0);
    }
    m_left->addWidget(widget, stretch);
}
void WorkspaceBar::add_right_widget(QWidget* widget) { m_right->addWidget(widget, 0, Qt::AlignVCenter); }

void WorkspaceBar::add_separator(QHBoxLayout* row) {
    auto* line = new Separator(Qt::Vertical, this);
    line->setFixedHeight(20);
    row->addSpacing(4);
    row->addWidget(line, 0, Qt::AlignVCenter);
    row->addSpacing(4);
}

void WorkspaceBar::add_undo(ActionRegistry& actions) {
    m_has_undo = true;
    if (m_left->count() > 0) add_separator(m_actions);
    for (const char* id : {"edit.undo", "edit.redo"}) {
        QAction* action = actions.action(QLatin1String(id));
        const bool is_undo = id[5] == 'u';
        auto* button = new QToolButton(this);
        button->setProperty("lathe_flat", true);
        button->setFocusPolicy(Qt::TabFocus);
        button->setToolButtonStyle(is_undo ? Qt::ToolButtonTextBesideIcon : Qt::ToolButtonIconOnly);
        auto follow = [button, action, is_undo] {
            button->setIcon(Theme::instance().icon(is_undo ? QStringLiteral("undo") : QStringLiteral("redo")));
            button->setText(is_undo ? tr("Undo") : tr("Redo"));
            button->setAccessibleName(button->text());
            button->setEnabled(action->isEnabled());
            button->setToolTip(tip(action));
        };
        follow();
        connect(action, &QAction::changed, button, follow);
        connect(&Theme::instance(), &Theme::changed, button, follow);
        connect(button, &QToolButton::clicked, action, &QAction::trigger);
        m_actions->addWidget(button, 0, Qt::AlignVCenter);
    }
}

QPushButton* WorkspaceBar::make(QAction* action, const QString& icon, bool filled) {
    QPushButton* button = button_for(action, icon, filled, this);
    button->setProperty("lathe_has_icon", !icon.isEmpty());
    m_buttons << button;
    if (m_narrow && !icon.isEmpty()) button->setText({});
    return button;
}

QPushButton* WorkspaceBar::add_action(QAction* action, const QString& icon) {
    if (m_action_count >= 3) return nullptr;
    if (++m_action_count == 1 && m_has_undo) add_separator(m_actions);
    QPushButton* button = make(action, icon, false);
    m_actions->addWidget(button, 0, Qt::AlignVCenter);
    return button;
}

QPushButton* WorkspaceBar::add_right(QAction* action, const QString& icon, bool filled) {
    QPushButton* button = make(action, icon, filled);
    m_right->addWidget(button, 0, Qt::AlignVCenter);
    return button;
}

void WorkspaceBar::add_live_and_run(QAction* live, QAction* run) {
    m_live_hint = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_right->addWidget(m_live_hint, 0, Qt::AlignVCenter);
    add_right(live, QStringLiteral("wave"));
    add_right(run, QStringLiteral("run"), true);
    auto* keys = new KeyHint(run->shortcut(), this);
    connect(run, &QAction::changed, keys, [keys, run] { keys->set_text(KeyHint::text_of(run->shortcut())); });
    m_right->addWidget(keys, 0, Qt::AlignVCenter);
    m_only_wide << m_live_hint << keys;
    set_narrow(m_narrow);
}

void WorkspaceBar::set_live_hint(const QString& text) {
    if (m_live_hint) m_live_hint->setText(text);
}

void WorkspaceBar::set_narrow(bool narrow) {
    m_narrow = narrow;
    for (const auto& button : std::as_const(m_buttons))
        if (button && button->property("lathe_has_icon").toBool()) button->setText(narrow ? QString() : button->property(kText).toString());
    for (const auto& widget : std::as_const(m_only_wide))
        if (widget) widget->setVisible(!narrow);
}

void WorkspaceBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::instance().colours().base);
    painter.fillRect(QRect(0, height() - 1, width(), 1), Theme::instance().colours().line);
}

}
