#include "widgets/parameter_group.h"
#include "widgets/fold_title.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QToolButton>
#include <QVBoxLayout>

namespace lathe {

ParameterGroup::ParameterGroup(const QString& name, bool with_line, QWidget* parent) : QWidget(parent), m_name(name), m_column(new QVBoxLayout(this)) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(0);
    if (with_line) {
        m_column->addSpacing(metric::group_gap);
        m_column->addWidget(new Separator);
    }
    if (!name.isEmpty()) {
        m_column->addSpacing(metric::group_gap / 2);   // the title is taller than its letters: it is clicked
        m_title = new FoldTitle(name, this);
        m_column->addWidget(m_title);
        m_column->addSpacing(1);
        connect(m_title, &FoldTitle::fold_wanted, this, &ParameterGroup::set_folded);
    }
    m_more = new QToolButton(this);
    m_more->setAutoRaise(true);
    m_more->setCheckable(true);
    m_more->setProperty("lathe_tool", true);
    m_more->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_more->setFont(Theme::instance().font(12));
    m_more->setIconSize({12, 12});
    m_more->hide();
    connect(m_more, &QToolButton::toggled, this, [this] { refresh(m_filtering); });
}

void ParameterGroup::add_row(QWidget* row, bool advanced) {
    (advanced ? m_advanced : m_rows).append(row);
    if (!advanced) {
        m_column->addWidget(row);
    } else {
        if (m_advanced.size() == 1) m_column->addWidget(m_more, 0, Qt::AlignLeft);
        m_column->addWidget(row);
    }
    refresh();
}

void ParameterGroup::add_extra(QWidget* extra) {
    m_extras.append(extra);
    m_column->addSpacing(4);
    m_column->addWidget(extra);
    refresh();
}

void ParameterGroup::set_folded(bool folded) {
    m_folded = folded;
    if (m_title) m_title->set_folded(folded);
    refresh(m_filtering);
}

void ParameterGroup::refresh(bool filtering) {
    m_filtering = filtering;
    bool any = false;
    const auto show = [&](QWidget* row, bool visible) {
        const bool passes = !row->property("lathe_filtered").toBool();
        row->setVisible(visible && passes && !(m_folded && !filtering));
        any = any || passes;
    };
    for (QWidget* row : std::as_const(m_rows)) show(row, true);
    for (QWidget* row : std::as_const(m_advanced)) show(row, m_more->isChecked() || filtering);
    m_more->setVisible(!m_advanced.isEmpty() && !filtering && !m_folded);
    m_more->setText(m_more->isChecked() ? tr("Fewer") : tr("More (%1)").arg(m_advanced.size()));
    m_more->setIcon(Theme::instance().icon(m_more->isChecked() ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down"), 12));
    for (QWidget* extra : std::as_const(m_extras)) extra->setVisible(!m_folded && !filtering);
    setVisible(any || (!filtering && !m_extras.isEmpty()));
}

}
