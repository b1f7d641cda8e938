#include "plugins/bev/panel/ablation_view.h"
#include "plugins/bev/panel/frame.h"
#include "viewers/plot_viewer.h"
#include "viewers/table_view.h"
#include "widgets/number_field.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QComboBox>
#include <QHBoxLayout>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <charconv>

namespace lathe::bev {
namespace {

/// "0.25°" and "40 cm" lie on the axis by their number.
std::optional<double> leading_number(const QString& text) {
    const std::string bytes = text.toStdString();
    double value = 0;
    const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

}

AblationView::AblationView(QWidget* parent)
    : QWidget(parent), m_axes(new QComboBox(this)), m_measure(new QComboBox(this)), m_samples(new NumberField(this)), m_run(make_button(tr("Run"), QStringLiteral("run"), false, this)),
      m_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_table(new TableView(this)), m_plot(new PlotViewer(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 6, 12, 8);
    column->setSpacing(6);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    m_axes->setAccessibleName(tr("What is varied"));
    set_axes({});
    row->addWidget(m_axes, 1);
    m_samples->set_integer(true);
    m_samples->set_limits(0, 100'000);
    m_samples->set_value(0);
    m_samples->setFixedWidth(56);
    m_samples->setAccessibleName(tr("Samples"));
    m_samples->set_help(tr("Samples of the split that are measured; 0: all of them."));
    row->addWidget(new TextLabel(tr("Samples"), 12, false, TextRole::secondary, this));
    row->addWidget(m_samples);
    row->addWidget(m_run);
    column->addLayout(row);
    m_note->setText(tr("Varies one rule at a time over the split of this drive, and measures each variant by the official metric."));
    m_note->setWordWrap(true);
    column->addWidget(m_note);
    m_table->setAccessibleName(tr("Variants"));
    column->addWidget(m_table, 2);
    m_measure->setAccessibleName(tr("Measure of the curve"));
    m_measure->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_measure->setMinimumContentsLength(12);
    column->addWidget(m_measure, 0, Qt::AlignLeft);
    column->addWidget(m_plot, 1);
    m_plot->setMinimumHeight(120);
    m_plot->set_empty_text(tr("The measure over the variants of one rule."));
    connect(m_run, &QPushButton::clicked, this, [this] {
        const QString axis = m_axes->currentData().toString();
        Q_EMIT run_requested(axis.isEmpty() ? QStringList() : QStringList{axis}, int(m_samples->value()));
    });
    connect(m_axes, &QComboBox::currentIndexChanged, this, &AblationView::show_curve);
    connect(m_measure, &QComboBox::currentIndexChanged, this, &AblationView::show_curve);
}

void AblationView::set_axes(const QStringList& names) {
    const QSignalBlocker quiet(m_axes);
    m_axes->clear();
    m_axes->addItem(tr("All rules"), QString());
    for (const QString& name : names) m_axes->addItem(name.left(1).toUpper() + name.mid(1), name);
}

void AblationView::set_running(const QString& text) {
    const bool running = !text.isEmpty();
    m_run->setText(running ? tr("Cancel") : tr("Run"));
    if (running) m_note->setText(text);
    else m_note->setText(m_data.rows.empty() ? tr("Varies one rule at a time over the split of this drive, and measures each variant by the official metric.") : tr("%1 variants.").arg(m_data.rows.size()));
}

void AblationView::show_table(const Artifact& artifact) {
    if (!artifact.bytes) return;
    m_data = table_of(artifact);
    const QStringList heads = heads_of(m_data);
    m_table->set_table(heads, rows_of(m_data));
    const QString before = m_measure->currentText();
    {
        const QSignalBlocker quiet(m_measure);
        m_measure->clear();
        for (int i = 2; i < heads.size(); ++i) m_measure->addItem(heads[i]);
        m_measure->setCurrentIndex(std::max(0, m_measure->findText(before)));
    }
    show_curve();
}

/// Variants whose value is a number lie on the axis by it; others by their order.
void AblationView::show_curve() {
    const std::string measure = m_measure->currentText().toStdString();
    QVector<Curve> curves;
    QStringList axes;
    const QString wanted = m_axes->currentData().toString();
    for (std::size_t row = 0; row < m_data.rows.size(); ++row)
        if (const QString axis = text_in(m_data, row, "axis"); !axes.contains(axis) && axis != u"baseline" && (wanted.isEmpty() || axis == wanted)) axes << axis;
    for (const QString& axis : axes) {
        Curve curve;
        curve.id = curve.name = axis;
        curve.series = int(curves.size());
        curve.markers = true;
        for (std::size_t row = 0; row < m_data.rows.size(); ++row) {
            const QString name = text_in(m_data, row, "axis");
            const auto y = number_in(m_data, row, measure.c_str());
            if (!y || (name != axis && name != u"baseline")) continue;
            const auto x = name == u"baseline" ? std::optional(0.0) : leading_number(text_in(m_data, row, "value"));
            curve.x << x.value_or(double(curve.x.size()));
            curve.y << *y;
        }
        if (!curve.x.isEmpty()) curves << curve;
    }
    m_plot->set_titles(wanted.isEmpty() ? tr("Value, or number of the variant") : m_axes->currentText(), m_measure->currentText());
    m_plot->set_legend_visible(curves.size() > 1);
    m_plot->set_curves(curves);
}

}
