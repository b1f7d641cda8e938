#include "app/gui/welcome_parts.h"
#include "app/gui/text.h"
#include "widgets/lathe_style.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QAction>
#include <QContextMenuEvent>
#include <QCoreApplication>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QPainter>
#include <QVBoxLayout>

namespace lathe {

BeginRow::BeginRow(QAction* action, const QString& icon, const QString& text, QWidget* parent) : QAbstractButton(parent), m_action(action), m_icon(icon) {
    setText(text);
    setAccessibleName(text);
    setToolTip(action->toolTip());
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(this, &QAbstractButton::clicked, action, &QAction::trigger);
    connect(action, &QAction::changed, this, qOverload<>(&QWidget::update));
}

void BeginRow::enterEvent(QEnterEvent* event) {
    QAbstractButton::enterEvent(event);
    update();
}

void BeginRow::leaveEvent(QEvent* event) {
    QAbstractButton::leaveEvent(event);
    update();
}

void BeginRow::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const ThemeColours& c = theme.colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(c.alt);
        painter.drawRoundedRect(QRectF(rect()).adjusted(-6, 0, 0, 0), 4, 4);
    }
    painter.drawPixmap(QPointF(1, (height() - 16) / 2.0), theme.pixmap(m_icon, 16, c.accent, devicePixelRatioF()));
    painter.setFont(theme.font(13));
    painter.setPen(c.text);
    painter.drawText(rect().adjusted(28, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
    if (const QString keys = KeyHint::text_of(m_action->shortcut()); !keys.isEmpty()) {
        const QSize size = KeyHint::size_of(keys);
        KeyHint::paint(painter, QRectF(width() - size.width() - 1, (height() - size.height()) / 2.0, size.width(), size.height()), keys);
    }
    if (keyboard_focus(this)) draw_focus_ring(painter, QRectF(rect()).adjusted(2, 2, -2, -2), 4);
}

DropArea::DropArea(QWidget* parent) : QWidget(parent) {
    setAcceptDrops(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Drop area"));
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void DropArea::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const ThemeColours& c = theme.colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(m_over ? QPen(c.accent, 2) : QPen(c.edge, 1, Qt::DashLine));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
    painter.drawPixmap(QPointF(18, (height() - 20) / 2.0), theme.pixmap(QStringLiteral("download"), 20, c.text2, devicePixelRatioF()));
    painter.setFont(theme.font(12));
    painter.setPen(c.text2);
    painter.drawText(rect().adjusted(53, 8, -8, -8), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextWordWrap, tr("Drop a project, a checkpoint, a data folder, or an image or report exported from Lathe"));
}

void DropArea::dragEnterEvent(QDragEnterEvent* event) {
    if (!event->mimeData()->hasUrls()) return;
    m_over = true;
    update();
    event->acceptProposedAction();
}

void DropArea::dragLeaveEvent(QDragLeaveEvent*) {
    m_over = false;
    update();
}

void DropArea::dropEvent(QDropEvent* event) {
    m_over = false;
    update();
    QStringList files;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) files << url.toLocalFile();
    event->acceptProposedAction();
    if (!files.isEmpty()) Q_EMIT dropped(files);
}

RecentRow::RecentRow(const RecentProject& project, QWidget* parent) : QAbstractButton(parent), m_project(project) {
    const QString name = QFileInfo(project.file).fileName();
    setText(name);
    setAccessibleName(project.is_reachable ? name : tr("%1, not reachable").arg(name));
    setToolTip(project.is_reachable ? project.file : tr("%1 is not there now. It may be on a drive that is not connected.").arg(project.file));
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void RecentRow::enterEvent(QEnterEvent* event) {
    QAbstractButton::enterEvent(event);
    update();
}

void RecentRow::leaveEvent(QEvent* event) {
    QAbstractButton::leaveEvent(event);
    update();
}

void RecentRow::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const ThemeColours& c = theme.colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse()) painter.fillRect(rect().adjusted(0, 0, 0, -1), c.alt);
    painter.fillRect(QRect(0, height() - 1, width(), 1), c.line);
    painter.drawPixmap(QPointF(1, (height() - 16) / 2.0 - 1), theme.pixmap(QStringLiteral("file"), 16, c.text2, devicePixelRatioF()));
    QStringList facts;
    if (m_project.runs >= 0) facts << tr("%n run(s)", nullptr, m_project.runs);
    if (m_project.opened > 0) facts << when_text(m_project.opened);
    const QString right = m_project.is_reachable ? facts.join(QStringLiteral(" · ")) : tr("not reachable");
    painter.setFont(theme.font(11));
    painter.setPen(m_project.is_reachable ? c.text2 : c.warn);
    const int right_width = painter.fontMetrics().horizontalAdvance(right);
    painter.drawText(rect().adjusted(0, 0, 0, -1), Qt::AlignRight | Qt::AlignVCenter, right);
    const int room = width() - 28 - right_width - 12;
    painter.setPen(c.text2);
    painter.drawText(QRect(28, 23, room, 16), Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(short_path(m_project.file), Qt::ElideMiddle, room));
    painter.setFont(theme.font(13));
    painter.setPen(m_project.is_reachable ? c.text : c.text3);
    painter.drawText(QRect(28, 5, room, 18), Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(text(), Qt::ElideMiddle, room));
    if (keyboard_focus(this)) draw_focus_ring(painter, QRectF(rect()).adjusted(2, 2, -2, -3), 4);
}

void RecentRow::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu;
    menu.addAction(tr("Open"), this, &QAbstractButton::click);
    menu.addAction(tr("Remove from this list"), this, &RecentRow::remove_requested);
    menu.exec(event->globalPos());
}

StepBlock::StepBlock(int number, const QString& title, const QString& text, QWidget* parent) : QWidget(parent) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(12);
    auto* circle = new QLabel(this);
    auto draw = [circle, number] {
        const qreal scale = circle->devicePixelRatioF();
        QPixmap picture(qRound(24 * scale), qRound(24 * scale));
        picture.setDevicePixelRatio(scale);
        picture.fill(Qt::transparent);
        QPainter painter(&picture);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(Theme::instance().colours().brass, 1.2));
        painter.drawEllipse(QRectF(1, 1, 22, 22));
        painter.setFont(Theme::instance().font(12, true));
        painter.drawText(QRectF(0, 0, 24, 24), Qt::AlignCenter, QString::number(number));
        circle->setPixmap(picture);
    };
    draw();
    connect(&Theme::instance(), &Theme::changed, circle, draw);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(3);
    texts->addWidget(new TextLabel(title, 13, true, TextRole::normal, this));
    auto* body = new TextLabel(text, 12, false, TextRole::secondary, this);
    body->setWordWrap(true);
    texts->addWidget(body);
    texts->addStretch(1);
    row->addWidget(circle, 0, Qt::AlignTop);
    row->addLayout(texts, 1);
}

/// On the dark canvas of the card in both themes, so its colours are those of the dark table.
void paint_rates(QPainter& painter, const QRectF& area, const std::optional<Rates>& rates) {
    const ThemeColours c = Theme::table(true);
    const Rates r = rates.value_or(Rates{});
    struct Line { QString name; double value, scale; const char* unit; };
    auto tr = [](const char* text) { return QCoreApplication::translate("WelcomePage", text); };
    const double best = std::max({r.gemm_f32, r.gemm_bf16, r.int8, 1.0});
    const Line lines[] = {{tr("fp32 linear"), r.gemm_f32, best, "GFLOPS"}, {tr("bf16 linear"), r.gemm_bf16, best, "GFLOPS"}, {tr("int8"), r.int8, best, "GOPS"}, {tr("memory"), r.bytes_per_s / 1e9, 50, "GB/s"}};
    painter.setFont(Theme::instance().font(12));
    double y = area.top() + 16;
    const double left = area.left() + 20, bar_left = left + 82, right = area.right() - 96;
    for (const Line& line : lines) {
        painter.setPen(c.text2);
        painter.drawText(QRectF(left, y, 82, 20), Qt::AlignLeft | Qt::AlignVCenter, line.name);
        painter.fillRect(QRectF(bar_left, y + 6, right - bar_left, 8), c.line);
        painter.fillRect(QRectF(bar_left, y + 6, (right - bar_left) * std::clamp(line.value / line.scale, 0.0, 1.0), 8), c.brass);
        painter.setPen(c.text);
        painter.drawText(QRectF(right + 8, y, 88, 20), Qt::AlignLeft | Qt::AlignVCenter, line.value > 0 ? QStringLiteral("%1 %2").arg(qRound64(line.value)).arg(QLatin1String(line.unit)) : QStringLiteral("–"));
        y += 31;
    }
}

}
