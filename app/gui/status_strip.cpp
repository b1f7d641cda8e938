#include "app/gui/status_strip.h"
#include "widgets/progress_strip.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QPainter>

namespace lathe {
namespace {
QIcon dot(const QColor& colour, qreal scale) {
    QPixmap picture(qRound(12 * scale), qRound(12 * scale));
    picture.setDevicePixelRatio(scale);
    picture.fill(Qt::transparent);
    QPainter painter(&picture);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawEllipse(QRectF(2, 2, 8, 8));
    return QIcon(picture);
}
}

StatusStrip::StatusStrip(QWidget* parent) : QWidget(parent) {
    setFixedHeight(27);   // the line and 26
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(6, 1, 8, 0);
    row->setSpacing(14);
    auto flat = [this](const QString& tip) {
        auto* button = new QToolButton(this);
        button->setProperty("lathe_flat", true);
        button->setProperty("lathe_tool", true);
        button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        button->setFocusPolicy(Qt::TabFocus);
        button->setToolTip(tip);
        button->setFixedHeight(24);
        button->setIconSize({12, 12});
        return button;
    };
    m_engine = flat(tr("Open the engine page"));
    m_device = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_rate = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_note = new ElidedLabel({}, 12, false, TextRole::secondary, this);
    m_note->setAlignment(Qt::AlignCenter);
    m_progress = new ProgressStrip(this);
    m_memory = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_saved = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_messages = flat(tr("Show all messages of this session"));
    m_messages->setIconSize({14, 14});
    row->addWidget(m_engine);
    row->addWidget(m_device);
    row->addWidget(m_rate);
    row->addWidget(m_note, 1);
    row->addWidget(m_progress);
    row->addWidget(m_memory);
    row->addWidget(m_saved);
    row->addWidget(m_messages);
    connect(m_engine, &QToolButton::clicked, this, &StatusStrip::engine_clicked);
    connect(m_messages, &QToolButton::clicked, this, &StatusStrip::messages_clicked);
    connect(&Theme::instance(), &Theme::changed, this, &StatusStrip::restyle);
    set_messages(0);
    restyle();
}

void StatusStrip::restyle() {
    const ThemeColours& c = Theme::instance().colours();
    const QColor colour = m_tone == EngineTone::ok ? c.ok : m_tone == EngineTone::busy ? c.accent : m_tone == EngineTone::warn ? c.warn : m_tone == EngineTone::err ? c.err : c.text3;
    m_engine->setIcon(dot(colour, devicePixelRatioF()));
    m_engine->setFont(Theme::instance().font(12));
    m_messages->setFont(Theme::instance().font(12));
    m_messages->setIcon(Theme::instance().icon(QStringLiteral("info"), 14));
    update();
}

void StatusStrip::set_engine(EngineTone tone, const QString& text) {
    m_tone = tone;
    m_engine->setText(text);
    m_engine->setAccessibleName(text);
    restyle();
}

void StatusStrip::set_device(const QString& text) { m_device->setText(text); }
void StatusStrip::set_rate(const QString& text, const QString& tip) {
    m_rate->setText(text);
    m_rate->setToolTip(tip);
}
void StatusStrip::set_note(const QString& text) { m_note->setText(text); }
void StatusStrip::set_memory(const QString& text, const QString& tip) {
    m_memory->setText(text);
    m_memory->setToolTip(tip);
}
void StatusStrip::set_saved(const QString& text) { m_saved->setText(text); }
QString StatusStrip::saved() const { return m_saved->text(); }

void StatusStrip::set_messages(int count) {
    m_messages->setText(QString::number(count));
    m_messages->setAccessibleName(tr("%n message(s)", nullptr, count));
}

void StatusStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::instance().colours().window);
    painter.fillRect(QRect(0, 0, width(), 1), Theme::instance().colours().line);
}

}
