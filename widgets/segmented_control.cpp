#include "widgets/segmented_control.h"
#include "widgets/theme.h"
#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QToolButton>

namespace lathe {

SegmentedControl::SegmentedControl(const QStringList& labels, QWidget* parent) : QWidget(parent), m_layout(new QHBoxLayout(this)) {
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(0);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    set_labels(labels);
}

void SegmentedControl::set_labels(const QStringList& labels) {
    qDeleteAll(m_buttons);
    m_buttons.clear();
    for (qsizetype i = 0; i < labels.size(); ++i) {
        auto* button = new QToolButton(this);
        button->setText(labels[i]);
        button->setToolButtonStyle(Qt::ToolButtonTextOnly);
        button->setCheckable(true);
        button->setProperty("lathe_segment", labels.size() == 1 ? 4 : i == 0 ? 1 : i + 1 == labels.size() ? 3 : 2);
        button->setProperty("lathe_tool", property("lathe_tool"));
        button->setAccessibleName(labels[i]);
        button->setFocusPolicy(i == 0 ? Qt::StrongFocus : Qt::ClickFocus);   // Tab goes to the group; arrows move inside
        button->installEventFilter(this);
        connect(button, &QToolButton::clicked, this, [this, i] { choose(int(i)); });
        m_layout->addWidget(button);
        m_buttons.append(button);
    }
    if (!m_buttons.isEmpty()) setFocusProxy(m_buttons.first());
    m_current = std::min(m_current, int(labels.size()) - 1);
    set_current(m_current);
}

void SegmentedControl::set_current(int index) {
    m_current = index;
    for (qsizetype i = 0; i < m_buttons.size(); ++i) {
        m_buttons[i]->setChecked(i == index);
        m_buttons[i]->setFocusPolicy(i == std::max(0, index) ? Qt::StrongFocus : Qt::ClickFocus);
    }
}

void SegmentedControl::set_tool_tip(int index, const QString& text) { m_buttons.at(index)->setToolTip(text); }

void SegmentedControl::set_choice_enabled(int index, bool enabled, const QString& reason) {
    m_buttons.at(index)->setEnabled(enabled);
    if (!reason.isEmpty()) m_buttons.at(index)->setToolTip(reason);
}

void SegmentedControl::choose(int index) {
    const bool differs = index != m_current;
    set_current(index);
    if (differs) Q_EMIT chosen(index);
}

bool SegmentedControl::eventFilter(QObject* object, QEvent* event) {
    if (event->type() != QEvent::KeyPress) return QWidget::eventFilter(object, event);
    const int key = static_cast<QKeyEvent*>(event)->key();
    const int by = key == Qt::Key_Right || key == Qt::Key_Down ? 1 : key == Qt::Key_Left || key == Qt::Key_Up ? -1 : 0;
    if (by == 0) return QWidget::eventFilter(object, event);
    int index = int(m_buttons.indexOf(static_cast<QToolButton*>(object)));
    do index += by;
    while (index >= 0 && index < m_buttons.size() && !m_buttons[index]->isEnabled());
    if (index >= 0 && index < m_buttons.size()) {
        m_buttons[index]->setFocus(Qt::TabFocusReason);
        choose(index);
    }
    return true;
}

void SegmentedControl::set_tool_size(bool tool) {
    setProperty("lathe_tool", tool);
    for (QToolButton* button : m_buttons) {
        button->setProperty("lathe_tool", tool);
        button->updateGeometry();
    }
}

}
