#include "viewers/image_compare_bar.h"
#include "viewers/view_style.h"
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr int kGap = 8;

}

ImageCompareBar::ImageCompareBar(ImageCompareViewer& viewer) : QWidget(&viewer), m_viewer(viewer) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kGap);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);

    auto* modes = new QWidget(this);
    auto* modes_row = new QHBoxLayout(modes);
    modes_row->setContentsMargins(0, 0, 0, 0);
    modes_row->setSpacing(0);
    struct Mode { QString text, icon, tip; };
    const Mode texts[] = {{tr("Side by side"), QStringLiteral("columns"), tr("All images beside each other")}, {tr("Split"), QStringLiteral("split"), tr("Reference and variant on both sides of a line (S)")},
        {tr("Blink"), QStringLiteral("blink"), tr("Reference and variant in turn (B)")}, {tr("Difference"), QStringLiteral("diff"), tr("Variant minus reference (D)")}};
    for (int i = 0; i < 4; ++i) {
        auto* button = new QToolButton(modes);
        button->setText(texts[i].text);
        button->setProperty("lathe_icon", texts[i].icon);
        button->setIcon(ViewStyle::icon(texts[i].icon));
        button->setToolButtonStyle(Qt::ToolButtonTextOnly);
        button->setCheckable(true);
        button->setProperty("lathe_segment", i == 0 ? 1 : i == 3 ? 3 : 2);
        button->setProperty("lathe_tool", true);
        button->setToolTip(texts[i].tip);
        button->setAccessibleName(texts[i].text);
        button->setFixedHeight(24);
        button->setFocusPolicy(Qt::TabFocus);
        connect(button, &QToolButton::clicked, this, [this, i] {
            m_viewer.set_mode(CompareMode(i));
            refresh();
        });
        modes_row->addWidget(button);
        m_modes << button;
    }
    add(modes, 100);
    auto* fit = make_tool_button(QStringLiteral("fit"), tr("Fit (F)"), this);
    connect(fit, &QToolButton::clicked, &m_viewer, &ImageCompareViewer::fit);
    add(fit, 60);
    const auto text = [this](const QString& sample, Qt::Alignment side = Qt::AlignRight) {
        auto* label = new QLabel(this);
        label->setFont(ViewStyle::font(12));
        label->setAlignment(side | Qt::AlignVCenter);
        label->setMinimumWidth(QFontMetrics(label->font()).horizontalAdvance(sample));   // what stands beside it does not move
        return label;
    };
    m_zoom = text(QStringLiteral("51200 %"));
    m_zoom->setToolTip(tr("Zoom: + and −, Z for 100 %"));
    add(m_zoom, 30);
    m_link = make_tool_button(QStringLiteral("link"), tr("Link zoom and pan of all images"), this);
    m_link->setCheckable(true);
    connect(m_link, &QToolButton::toggled, &m_viewer, &ImageCompareViewer::set_linked);
    add(m_link, 55);
    m_sign = new QToolButton(this);
    m_sign->setText(QStringLiteral("±"));
    m_sign->setCheckable(true);
    m_sign->setAutoRaise(true);
    m_sign->setFixedSize(24, 24);
    m_sign->setFocusPolicy(Qt::TabFocus);
    m_sign->setToolTip(tr("Signed difference; off: absolute (A)"));
    m_sign->setAccessibleName(tr("Signed difference"));
    connect(m_sign, &QToolButton::toggled, &m_viewer, &ImageCompareViewer::set_signed);
    add(m_sign, 40);
    m_gain_label = text({}, Qt::AlignLeft);
    m_gain_label->setText(tr("Gain"));
    add(m_gain_label, 20);
    m_gain = new QSlider(Qt::Horizontal, this);
    m_gain->setRange(-8, 20);   // half octaves
    m_gain->setFixedWidth(84);
    m_gain->setPageStep(2);
    m_gain->setToolTip(tr("Gain of the difference: G doubles it, Shift+G halves it"));
    m_gain->setAccessibleName(tr("Gain of the difference"));
    connect(m_gain, &QSlider::valueChanged, this, [this](int v) { m_viewer.set_gain(std::exp2(v / 2.0)); });
    add(m_gain, 50);
    m_gain_text = text(QStringLiteral("1024 ×"), Qt::AlignLeft);
    add(m_gain_text, 25);
    row->addStretch(1);
    m_step_label = text({}, Qt::AlignLeft);
    m_step_label->setText(tr("Step"));
    add(m_step_label, 22);
    m_step = new QSlider(Qt::Horizontal, this);
    m_step->setMinimumWidth(80);
    m_step->setMaximumWidth(120);
    m_step->setAccessibleName(tr("Step"));
    m_step->setToolTip(tr("Step: [ and ], Home, End; Space plays"));
    connect(m_step, &QSlider::valueChanged, &m_viewer, &ImageCompareViewer::step_requested);
    add(m_step, 70);
    m_step_text = text(QStringLiteral("000 of 000"), Qt::AlignLeft);
    add(m_step_text, 65);
    m_play = make_tool_button(QStringLiteral("run"), tr("Play (Space)"), this);
    m_play->setCheckable(true);
    connect(m_play, &QToolButton::clicked, &m_viewer, &ImageCompareViewer::set_playing);
    add(m_play, 45);
    auto* out = make_tool_button(QStringLiteral("export"), tr("Export the view…"), this);
    connect(out, &QToolButton::clicked, this, [this] { m_viewer.export_dialog(); });
    add(out, 35);

    connect(&m_viewer, &ImageCompareViewer::view_changed, this, &ImageCompareBar::refresh);
    refresh();
}

void ImageCompareBar::add(QWidget* widget, int priority) {
    static_cast<QHBoxLayout*>(layout())->addWidget(widget);
    m_items << Item{widget, priority, true};
}

void ImageCompareBar::refresh() {
    const QSignalBlocker quiet_gain(m_gain), quiet_step(m_step), quiet_link(m_link), quiet_sign(m_sign);
    for (int i = 0; i < 4; ++i) {
        m_modes[i]->setChecked(int(m_viewer.mode()) == i);
        m_modes[i]->setEnabled(i == 0 || m_viewer.has_variant());
    }
    const double percent = m_viewer.images().empty() ? 100 : m_viewer.zoom() * 100;
    m_zoom->setText(tr("%1 %").arg(percent, 0, 'f', percent < 10 ? 1 : 0));
    m_link->setChecked(m_viewer.m_linked);
    m_sign->setChecked(m_viewer.is_signed());
    m_gain->setValue(int(std::lround(std::log2(m_viewer.gain()) * 2)));
    m_gain_text->setText(tr("%1 ×").arg(m_viewer.gain(), 0, 'g', m_viewer.gain() < 1 ? 3 : m_viewer.gain() < 1000 ? 3 : 4));
    m_step->setRange(0, std::max(0, m_viewer.m_steps - 1));
    m_step->setValue(m_viewer.m_step);
    m_step_text->setText(m_viewer.m_step_text.isEmpty() ? tr("%1 of %2").arg(m_viewer.m_step).arg(std::max(0, m_viewer.m_steps - 1)) : m_viewer.m_step_text);
    m_play->setChecked(m_viewer.m_playing);
    bool changed = false;
    for (Item& item : m_items) {
        const bool of_step = item.widget == m_step || item.widget == m_step_text || item.widget == m_step_label || item.widget == m_play;
        const bool of_gain = item.widget == m_gain || item.widget == m_gain_label || item.widget == m_gain_text || item.widget == m_sign;
        const bool wanted = of_step ? m_viewer.m_steps > 1 : of_gain ? m_viewer.has_variant() && (m_viewer.has_difference_pane() || m_viewer.mode() == CompareMode::difference) : true;
        changed |= wanted != std::exchange(item.wanted, wanted);
    }
    if (changed) arrange();
}

int ImageCompareBar::needed_width() const {
    int width = 0;
    for (const Item& item : m_items)
        if (!item.widget->isHidden()) width += std::max(item.widget->minimumWidth(), std::min(item.widget->sizeHint().width(), item.widget->maximumWidth())) + kGap;
    return width;
}

void ImageCompareBar::arrange() {
    for (QToolButton* mode : std::as_const(m_modes)) mode->setToolButtonStyle(Qt::ToolButtonTextOnly);
    for (const Item& item : std::as_const(m_items)) item.widget->setVisible(item.wanted);
    QList<const Item*> order;
    for (const Item& item : std::as_const(m_items)) order << &item;
    std::sort(order.begin(), order.end(), [](const Item* a, const Item* b) { return a->priority < b->priority; });
    bool icons = false;
    for (const Item* item : std::as_const(order)) {
        if (needed_width() <= width()) break;
        if (item->priority >= 40 && !std::exchange(icons, true)) {
            for (QToolButton* mode : std::as_const(m_modes)) mode->setToolButtonStyle(Qt::ToolButtonIconOnly);
            if (needed_width() <= width()) break;
        }
        if (item->priority < 100) item->widget->hide();
    }
}

void ImageCompareBar::resizeEvent(QResizeEvent*) { arrange(); }

QSize ImageCompareBar::sizeHint() const { return {560, 28}; }
QSize ImageCompareBar::minimumSizeHint() const { return {4 * 32, 28}; }

}
