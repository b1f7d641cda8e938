#include "app/gui/log_view.h"
#include "app/gui/text.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QClipboard>
#include <QDesktopServices>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QUrl>
#include <QVBoxLayout>

namespace lathe {

LogView::LogView(QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 4, 8, 4);
    m_level = new SegmentedControl({tr("All"), tr("Warnings"), tr("Errors")}, this);
    m_level->set_current(0);
    m_filter = new QLineEdit(this);
    m_filter->setPlaceholderText(tr("Filter"));
    m_filter->setAccessibleName(tr("Filter the log"));
    m_filter->setMaximumWidth(240);
    auto* copy = new IconButton(QStringLiteral("copy"), tr("Copy what is shown"), this);
    auto* folder = new IconButton(QStringLiteral("folder"), tr("Open the folder of the log file"), this);
    row->addWidget(m_level);
    row->addSpacing(8);
    row->addWidget(m_filter);
    row->addStretch(1);
    row->addWidget(copy);
    row->addWidget(folder);
    m_text = new QPlainTextEdit(this);
    m_text->setReadOnly(true);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_text->setFont(Theme::instance().mono(12));
    m_text->setAccessibleName(tr("Log"));
    m_text->setMaximumBlockCount(5000);
    column->addLayout(row);
    column->addWidget(m_text, 1);
    m_tick.setInterval(700);
    connect(&m_tick, &QTimer::timeout, this, &LogView::refresh);
    connect(m_level, &SegmentedControl::chosen, this, &LogView::refresh);
    connect(m_filter, &QLineEdit::textChanged, this, &LogView::refresh);
    connect(copy, &QToolButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_text->toPlainText()); });
    connect(folder, &QToolButton::clicked, this, [] { QDesktopServices::openUrl(QUrl::fromLocalFile(path_text(user_state_folder()))); });
    connect(&Theme::instance(), &Theme::changed, this, [this] { m_text->setFont(Theme::instance().mono(12)); });
}

void LogView::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    refresh();
    m_tick.start();
}

void LogView::hideEvent(QHideEvent* event) {
    m_tick.stop();
    QWidget::hideEvent(event);
}

void LogView::refresh() {
    std::string all = recent_log(1000);
    const QString filter = QString::number(m_level->current()) + m_filter->text();
    if (all == m_shown && filter == m_shown_filter) return;
    m_shown = std::move(all);
    m_shown_filter = filter;
    QStringList lines = qs(m_shown).split(u'\n', Qt::SkipEmptyParts);
    const int level = m_level->current();
    const QString text = m_filter->text();
    lines.removeIf([&](const QString& line) {
        const bool is_error = line.contains(QLatin1String(" error ")), is_warning = line.contains(QLatin1String(" warning "));
        if ((level == 1 && !is_error && !is_warning) || (level == 2 && !is_error)) return true;
        return !text.isEmpty() && !line.contains(text, Qt::CaseInsensitive);
    });
    QScrollBar* bar = m_text->verticalScrollBar();
    const bool at_end = bar->value() >= bar->maximum() - 2;
    const int position = bar->value();
    m_text->setPlainText(lines.join(u'\n'));
    bar->setValue(at_end ? bar->maximum() : position);
}

}
