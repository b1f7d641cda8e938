#include "widgets/dock_pages.h"
#include "widgets/segmented_control.h"
#include <QHBoxLayout>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace lathe {

QWidget* scrolled(QWidget* content) {
    auto* area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setFocusPolicy(Qt::NoFocus);
    area->setMinimumHeight(72);
    area->setWidget(content);
    area->viewport()->setAutoFillBackground(false);
    content->setAutoFillBackground(false);
    return area;
}

TabPages::TabPages(QWidget* parent) : QWidget(parent), m_tabs(new SegmentedControl({}, this)), m_pages(new QStackedWidget(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 5, 12, 2);
    row->addWidget(m_tabs);
    row->addStretch(1);
    column->addLayout(row);
    column->addWidget(m_pages, 1);
    connect(m_tabs, &SegmentedControl::chosen, this, [this](int index) {
        m_pages->setCurrentIndex(index);
        Q_EMIT chosen(index);
    });
}

void TabPages::set_pages(const QList<std::pair<QString, QWidget*>>& pages) {
    QStringList titles;
    for (const auto& [title, page] : pages) {
        titles << title;
        m_pages->addWidget(page);
    }
    m_tabs->set_labels(titles);
    m_tabs->set_tool_size(true);
    set_current(0);
}

int TabPages::current() const { return m_pages->currentIndex(); }
int TabPages::count() const { return m_pages->count(); }

void TabPages::set_current(int index) {
    m_tabs->set_current(index);
    m_pages->setCurrentIndex(index);
}

}
