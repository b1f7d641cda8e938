#include "widgets/message_bar.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QPushButton>

namespace lathe {
namespace {

QString normal_level(const QString& level) {
    if (level == QLatin1String("error") || level == QLatin1String("err")) return QStringLiteral("err");
    if (level == QLatin1String("warning") || level == QLatin1String("warn")) return QStringLiteral("warn");
    return QStringLiteral("info");
}

/// "step 3 of 20" -> "Step 3 of 20.": parts come from many places and are read one after the other. What begins like the name of a file or field stays as it is.
QString sentence(QString text) {
    text = text.trimmed();
    if (text.isEmpty()) return text;
    qsizetype word = 0;
    while (word < text.size() && text[word].isLower()) ++word;
    if (word > 0 && word < text.size() && text[word] == u' ') text[0] = text[0].toUpper();
    if (!QStringView(u".!?…").contains(text.back()) && !text.endsWith(u".\"")) text += u'.';
    return text;
}

/// Escaped, with `code` in the code font.
QString marked_up(const QString& text) {
    QString html;
    const QStringList parts = text.split(u'`');
    for (qsizetype i = 0; i < parts.size(); ++i) {
        const bool code = i % 2 == 1 && i + 1 < parts.size();
        html += code ? QStringLiteral("<span style=\"font-family:'JetBrains Mono','DejaVu Sans Mono'; font-size:%1px\">").arg(Theme::instance().mono(12).pixelSize()) + parts[i].toHtmlEscaped() + QStringLiteral("</span>")
                     : parts[i].toHtmlEscaped();
    }
    return html;
}

}

QString UserMessage::text() const {
    QStringList parts;
    for (const QString& part : {what, where, hint})
        if (!part.isEmpty()) parts << part;
    return parts.join(u' ');
}

MessageBar::MessageBar(QWidget* parent) : QWidget(parent) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(15, 0, 6, 0);
    row->setSpacing(metric::gap);
    m_icon = new QLabel;
    m_icon->setFixedWidth(20);
    m_text = new QLabel;
    m_text->setTextFormat(Qt::RichText);
    m_text->setTextInteractionFlags(Qt::NoTextInteraction);
    m_text->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_buttons = new QWidget;
    m_button_row = new QHBoxLayout(m_buttons);
    m_button_row->setContentsMargins(0, 0, 0, 0);
    m_button_row->setSpacing(metric::gap);
    m_copy = new QToolButton;
    m_copy->setAutoRaise(true);
    m_copy->setProperty("lathe_tool", true);
    m_copy->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_copy->setIcon(Theme::instance().icon(QStringLiteral("copy")));
    m_copy->setIconSize({16, 16});
    m_copy->setText(tr("Copy details"));
    m_count = new QLabel;
    m_previous = new IconButton(QStringLiteral("chevron-left"), tr("Previous message"));
    m_next = new IconButton(QStringLiteral("chevron-right"), tr("Next message"));
    m_close = new IconButton(QStringLiteral("close"), tr("Close this message"));
    row->addWidget(m_icon);
    row->addWidget(m_text, 1);
    row->addWidget(m_buttons);
    row->addWidget(m_copy);
    row->addWidget(m_previous);
    row->addWidget(m_count);
    row->addWidget(m_next);
    row->addWidget(m_close);
    setFixedHeight(40);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &MessageBar::close_current);
    connect(m_close, &QToolButton::clicked, this, &MessageBar::close_current);
    connect(m_previous, &QToolButton::clicked, this, [this] { step(-1); });
    connect(m_next, &QToolButton::clicked, this, [this] { step(1); });
    connect(m_copy, &QToolButton::clicked, this, [this] {
        if (!m_waiting.isEmpty()) QApplication::clipboard()->setText(m_waiting[m_index].text());
    });
    connect(&Theme::instance(), &Theme::changed, this, &MessageBar::refresh);
    hide();
}

QSize MessageBar::sizeHint() const { return {600, 40}; }
void MessageBar::set_hold(int warn_ms, int info_ms) { m_warn_ms = warn_ms; m_info_ms = info_ms; }

void MessageBar::show_message(UserMessage message) {
    message.level = normal_level(message.level);
    for (QString* part : {&message.what, &message.where, &message.hint}) *part = sentence(*part);
    m_history.append(message);
    // an error in front is not pushed aside by a lesser message
    const bool keep = !m_waiting.isEmpty() && m_waiting[m_index].level == QLatin1String("err") && message.level != QLatin1String("err");
    const auto same = std::find_if(m_waiting.begin(), m_waiting.end(), [&](const UserMessage& m) { return m.level == message.level && m.text() == message.text(); });
    if (same == m_waiting.end()) {
        m_waiting.append(message);
        if (!keep) m_index = int(m_waiting.size()) - 1;
    } else if (!keep) {
        m_index = int(same - m_waiting.begin());
    }
    refresh();
    Q_EMIT count_changed(waiting_count(), int(m_history.size()));
}

void MessageBar::clear() {
    m_waiting.clear();
    refresh();
    Q_EMIT count_changed(0, int(m_history.size()));
}

void MessageBar::close_current() {
    if (m_waiting.isEmpty()) return;
    m_waiting.removeAt(m_index);
    m_index = std::max(0, std::min(m_index, int(m_waiting.size()) - 1));
    refresh();
    Q_EMIT count_changed(waiting_count(), int(m_history.size()));
}

void MessageBar::step(int by) {
    m_index = std::clamp(m_index + by, 0, std::max(0, int(m_waiting.size()) - 1));
    refresh();
}

void MessageBar::refresh() {
    m_timer.stop();
    if (m_waiting.isEmpty()) { hide(); return; }
    const UserMessage& message = m_waiting[m_index];
    const ThemeColours& c = Theme::instance().colours();
    const bool err = message.level == QLatin1String("err"), warn = message.level == QLatin1String("warn");
    m_icon->setPixmap(Theme::instance().pixmap(err || warn ? QStringLiteral("warning") : QStringLiteral("info"), 16, err ? c.err : warn ? c.warn : c.accent, devicePixelRatioF()));
    m_icon->setAccessibleName(err ? tr("Error") : warn ? tr("Warning") : tr("Note"));
    while (QLayoutItem* item = m_button_row->takeAt(0)) {
        item->widget()->hide();          // at once: the next one stands in its place
        item->widget()->deleteLater();   // its own click may be what brought us here
        delete item;
    }
    for (const MessageButton& b : message.buttons) {
        auto* button = make_button(b.text, b.icon);
        button->setProperty("lathe_tool", true);
        const auto action = b.action;
        connect(button, &QPushButton::clicked, this, [this, action] {
            const qint64 shown = m_waiting.isEmpty() ? -1 : m_waiting[m_index].time.toMSecsSinceEpoch();
            if (action) action();
            if (!m_waiting.isEmpty() && m_waiting[m_index].time.toMSecsSinceEpoch() == shown) close_current();
        });
        m_button_row->addWidget(button);
    }
    m_buttons->setVisible(!message.buttons.isEmpty());
    const bool several = m_waiting.size() > 1;
    m_count->setText(tr("%1 of %2").arg(m_index + 1).arg(m_waiting.size()));
    m_count->setVisible(several);
    m_previous->setVisible(several && m_index > 0);
    m_next->setVisible(several && m_index + 1 < m_waiting.size());
    m_count->setContentsMargins(4, 0, 4, 0);
    m_copy->setFont(Theme::instance().font(12));
    show();
    show_text();
    update();
    if (!err) m_timer.start(warn ? m_warn_ms : m_info_ms);
}

void MessageBar::show_text() {
    if (m_waiting.isEmpty()) return;
    const UserMessage& message = m_waiting[m_index];
    m_text->setText(QStringLiteral("<span style=\"font-weight:600\">%1</span> %2 %3").arg(marked_up(message.what), marked_up(message.where), marked_up(message.hint)));
    m_text->setAccessibleName(message.text());
    // what does not fit in one line goes to two smaller ones; all of it is in the tooltip and in "Copy details"
    const int wide = QFontMetrics(Theme::instance().font(13)).horizontalAdvance(message.text()) + 12;
    const bool two = wide > m_text->width();
    m_text->setFont(Theme::instance().font(two ? 12 : 13));
    m_text->setWordWrap(two);
    m_text->setToolTip(QStringLiteral("<p style='white-space:pre-wrap'>%1</p>").arg(message.text().toHtmlEscaped()));
}

void MessageBar::resizeEvent(QResizeEvent*) { show_text(); }

void MessageBar::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) close_current();
    else QWidget::keyPressEvent(event);
}

void MessageBar::paintEvent(QPaintEvent*) {
    if (m_waiting.isEmpty()) return;
    const ThemeColours& c = Theme::instance().colours();
    const QString level = m_waiting[m_index].level;
    const QColor tone = level == QLatin1String("err") ? c.err : level == QLatin1String("warn") ? c.warn : c.accent;
    QPainter painter(this);
    painter.fillRect(rect(), level == QLatin1String("err") ? c.errbg : level == QLatin1String("warn") ? c.warnbg : c.base);
    painter.fillRect(QRect(0, 0, 3, height()), tone);
    painter.fillRect(QRect(0, height() - 1, width(), 1), tone);
}

}
