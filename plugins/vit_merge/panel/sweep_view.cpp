#include "plugins/vit_merge/panel/sweep_view.h"
#include "viewers/heat_map.h"
#include "viewers/plot_viewer.h"
#include "widgets/dock_title.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {
namespace {

const QString kPlaneAxis = QStringLiteral("plane"), kPathAxis = QStringLiteral("path"), kTaskColumn = QStringLiteral("task ");
constexpr double kMegaBytes = 1e6;

QString axis_title(const QString& axis) {
    if (axis == u"m") return SweepView::tr("Gated blocks m");
    if (axis == u"lambda") return SweepView::tr("Scale of task vectors λ");
    if (axis == u"tau") return SweepView::tr("Threshold τ");
    if (axis == u"temperature") return SweepView::tr("Temperature of the gate");
    return SweepView::tr("Path from the first to the second model");
}

/// What a column of the plane is.
QString plane_title(const QString& column) {
    static const QString kLossColumn = QStringLiteral("loss ");
    if (column.startsWith(kTaskColumn)) return SweepView::tr("accuracy, %1").arg(column.mid(kTaskColumn.size()));
    return column.startsWith(kLossColumn) ? SweepView::tr("loss, %1").arg(column.mid(kLossColumn.size())) : column == u"loss" ? SweepView::tr("mean loss") : column;
}

bool has_numbers(const CsvTable& table, const QString& column) {
    const QByteArray name = column.toUtf8();
    for (std::size_t r = 0; r < table.rows.size(); ++r)
        if (!std::isnan(number_or_nan(table, r, name.constData()))) return true;
    return false;
}

}

const QStringList& SweepView::axes() {
    static const QStringList all{QStringLiteral("m"), QStringLiteral("lambda"), QStringLiteral("tau"), QStringLiteral("temperature"), kPathAxis, kPlaneAxis};
    return all;
}

SweepView::SweepView(QWidget* options, QWidget* parent)
    : QWidget(parent), m_title(new DockTitle(tr("Sweeps"), {}, this)), m_axis(new SegmentedControl({QStringLiteral("m"), QStringLiteral("λ"), QStringLiteral("τ"), tr("Temp."), tr("Path"), tr("Plane")}, this)),
      m_run(make_button(tr("Sweep"), {}, false, this)), m_of(new QComboBox(this)), m_note(new TextLabel({}, 11, false, TextRole::secondary, this)), m_pages(new QStackedWidget(this)), m_accuracy(new PlotViewer), m_storage(new PlotViewer),
      m_plane(new HeatMapView) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 4);
    column->setSpacing(4);
    m_axis->set_tool_size(true);
    m_axis->set_current(0);
    m_axis->set_tool_tip(0, tr("How many blocks of each kind the gate merges: accuracy against storage"));
    m_axis->set_tool_tip(1, tr("Scale of the task vectors, for methods that have one"));
    m_axis->set_tool_tip(2, tr("Blocks whose similarity is below are merged by the gate"));
    m_axis->set_tool_tip(3, tr("Temperature of the gate's softmax"));
    m_axis->set_tool_tip(4, tr("Loss and accuracy on the line through two models"));
    m_axis->set_tool_tip(5, tr("Loss and accuracy on the plane through three models"));
    m_title->add_widget(m_axis);
    column->addWidget(m_title);
    auto* line = new QHBoxLayout;
    line->setContentsMargins(12, 0, 12, 0);
    line->setSpacing(8);
    m_run->setProperty("lathe_tool", true);
    m_run->setToolTip(tr("Measures the accuracy at every point of this axis; takes minutes"));
    m_of->setAccessibleName(tr("What the plane shows"));
    m_note->setWordWrap(true);
    line->addWidget(m_run);
    if (options) line->addWidget(options);
    line->addWidget(m_of);
    line->addWidget(m_note, 1);
    column->addLayout(line);
    auto* plots = new QWidget;
    auto* both = new QVBoxLayout(plots);
    both->setContentsMargins(4, 0, 4, 0);
    both->setSpacing(0);
    both->addWidget(m_accuracy, 3);
    both->addWidget(m_storage, 2);
    m_accuracy->installEventFilter(this);
    m_pages->addWidget(plots);
    auto* plane = new QWidget;
    auto* inside = new QVBoxLayout(plane);
    inside->setContentsMargins(12, 0, 12, 0);
    inside->addWidget(m_plane);
    m_pages->addWidget(plane);
    column->addWidget(m_pages, 1);
    m_accuracy->setAccessibleName(tr("Accuracy"));
    m_storage->setAccessibleName(tr("Storage"));
    m_storage->set_legend_visible(false);
    m_storage->setMinimumHeight(90);
    m_accuracy->setMinimumHeight(110);
    m_storage->set_empty_text(tr("Storage against m comes with the set."));
    m_plane->setAccessibleName(tr("Plane of three models"));
    connect(m_axis, &SegmentedControl::chosen, this, [this] {
        show_axis();
        Q_EMIT axis_changed(axis());
    });
    connect(m_run, &QPushButton::clicked, this, &SweepView::run_requested);
    connect(m_of, &QComboBox::activated, this, &SweepView::show_axis);
    for (PlotViewer* plot : {m_accuracy, m_storage})
        connect(plot, &PlotViewer::point_clicked, this, [this, plot](const QString& id, int point) {
            for (const Curve& curve : plot->curves())
                if (curve.id == id && point >= 0 && point < curve.x.size()) Q_EMIT value_chosen(plot == m_storage ? QStringLiteral("m") : axis(), curve.x[point]);
        });
    connect(&Theme::instance(), &Theme::changed, this, &SweepView::show_axis);
    show_axis();
}

QString SweepView::axis() const { return axes().value(m_axis->current(), axes().first()); }

void SweepView::set_axis(const QString& axis) {
    m_axis->set_current(int(std::max<qsizetype>(0, axes().indexOf(axis))));
    show_axis();
}

void SweepView::take(const QString& axis, const Artifact& artifact, const Json& key) {
    if (artifact.key != "sweep" || !axes().contains(axis)) return;
    m_sweeps[axis] = {table_of(artifact), key};
    show_axis();
}

void SweepView::show_storage(const QList<StoragePoint>& storage, double separate) {
    m_points = storage;
    m_separate = separate;
    show_axis();
}

void SweepView::set_now(double m, double lambda, double tau, double temperature) {
    m_now = {{QStringLiteral("m"), m}, {QStringLiteral("lambda"), lambda}, {QStringLiteral("tau"), tau}, {QStringLiteral("temperature"), temperature}};
    show_cursor();
}

void SweepView::set_running(const QString& text) {
    m_running = text;
    m_run->setText(text.isEmpty() ? tr("Sweep") : tr("Cancel"));
    show_axis();
}

void SweepView::set_keys(const QHash<QString, Json>& keys) {
    if (keys == m_keys) return;
    m_keys = keys;
    show_axis();
}

void SweepView::forget() {
    m_sweeps.clear();
    show_axis();
}

QString SweepView::note() const { return m_note->text(); }
QString SweepView::as_csv() const { return csv_of(m_sweeps.value(axis()).table); }

void SweepView::show_axis() {
    const QString now = axis();
    const Sweep sweep = m_sweeps.value(now);
    const bool stale = !sweep.table.rows.empty() && sweep.key != m_keys.value(now), is_plane = now == kPlaneAxis;
    m_pages->setCurrentIndex(is_plane ? 1 : 0);
    m_of->setVisible(is_plane && !sweep.table.rows.empty());
    if (is_plane) show_plane(sweep, stale);
    else show_curves(sweep, stale);
    m_title->set_hint(stale ? tr("stale") : QString());
    if (!m_running.isEmpty()) m_note->setText(m_running);
    else if (sweep.table.rows.empty()) m_note->setText(now == u"m" ? tr("Storage is known; Sweep measures the accuracy.") : tr("Not measured yet."));
    else m_note->setText(stale ? tr("Of other models or parameters.") : tr("Joint: head chosen by the gate. Oracle head: head given. They are different measures."));
    show_cursor();
}

void SweepView::show_curves(const Sweep& sweep, bool stale) {
    const CsvTable& table = sweep.table;
    QVector<Curve> curves;
    const auto add = [&](const char* column, const QString& name, int series, double factor) {
        Curve curve{QString::fromUtf8(column), name, {}, {}, series, false, true, stale, {}};
        for (std::size_t r = 0; r < table.rows.size(); ++r)
            if (const double x = number_or_nan(table, r, "value"), y = number_or_nan(table, r, column); !std::isnan(x)) curve.x << x, curve.y << factor * y;
        if (std::ranges::any_of(curve.y, [](double y) { return !std::isnan(y); })) curves << curve;
    };
    const bool is_path = axis() == kPathAxis;
    if (!is_path) {
        add("joint", tr("joint"), 0, 100);
        add("oracle", tr("oracle head"), 1, 100);
        add("gate", tr("gate"), 2, 100);
    } else {
        int series = 0;
        for (const QString& column : heads_of(table))
            if (column.startsWith(kTaskColumn)) add(column.toUtf8().constData(), column.mid(kTaskColumn.size()), series++, 100);
    }
    m_accuracy->set_x_axis_visible(axis() != u"m");         // the one below is the same
    m_accuracy->set_titles(axis() == u"m" ? QString() : axis_title(axis()), tr("Accuracy, %"));
    m_accuracy->set_empty_text(tr("Sweep measures the accuracy along this axis."));
    m_accuracy->set_curves(curves);
    m_accuracy->autoscale();

    m_storage->clear_notes();
    QVector<Curve> below;
    if (is_path) {
        Curve loss{QStringLiteral("loss"), tr("loss"), {}, {}, 4, false, true, stale, {}};
        for (std::size_t r = 0; r < table.rows.size(); ++r) loss.x << number_or_nan(table, r, "value"), loss.y << number_or_nan(table, r, "loss");
        if (!loss.x.isEmpty()) below << loss;
        m_storage->set_titles(axis_title(axis()), tr("Loss"));
        m_storage->set_empty_text(tr("Loss along the path."));
    } else {
        Curve bytes{QStringLiteral("bytes"), tr("merged"), {}, {}, 3, false, true, false, {}}, apart{QStringLiteral("separate"), tr("separate models (hard routing)"), {}, {}, 0, true, false, false, {}};
        for (const StoragePoint& point : m_points) {
            bytes.x << point.m;
            bytes.y << point.bytes / kMegaBytes;
            apart.x << point.m;
            apart.y << m_separate / kMegaBytes;
        }
        if (!bytes.x.isEmpty()) below << bytes;
        if (!bytes.x.isEmpty() && !std::isnan(m_separate)) below << apart;
        m_storage->set_titles(tr("Gated blocks m"), tr("MB, fp32"));
        if (!bytes.x.isEmpty() && !std::isnan(m_separate)) m_storage->add_note(bytes.x.first(), m_separate / kMegaBytes, tr("separate models"));
        m_storage->set_empty_text(tr("Storage against m comes with the set."));
    }
    m_storage->set_curves(below);
    m_storage->autoscale();
    if ((axis() == u"m" || is_path) && !below.isEmpty() && !curves.isEmpty()) {   // one axis for both
        const auto [low, high] = std::ranges::minmax_element(below.first().x);
        const double room = 0.03 * (*high - *low);
        if (room > 0)
            for (PlotViewer* plot : {m_accuracy, m_storage}) plot->set_x_range(*low - room, *high + room);
    }
}

bool SweepView::eventFilter(QObject* object, QEvent* event) {
    if (object == m_accuracy && event->type() == QEvent::Resize) align_plots();
    return QWidget::eventFilter(object, event);
}

void SweepView::align_plots() {
    constexpr int kLeft = 50, kRight = 14;                 // "100" and a turned title; half a marker
    for (PlotViewer* plot : {m_accuracy, m_storage}) plot->set_plot_span(kLeft, m_accuracy->width() - kRight);
}

/// Points of a regular grid; what is missing is a hole.
void SweepView::show_plane(const Sweep& sweep, bool stale) {
    const CsvTable& table = sweep.table;
    const QString chosen = m_of->currentData().toString();
    m_of->clear();
    for (const QString& column : heads_of(table))
        if (column != u"value" && column != u"y" && column != u"bytes" && has_numbers(table, column)) m_of->addItem(plane_title(column), column);
    m_of->setCurrentIndex(std::max(0, m_of->findData(chosen)));
    const QByteArray of = m_of->currentData().toString().toUtf8();
    std::vector<double> xs, ys;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
        if (const double x = number_or_nan(table, r, "value"); !std::isnan(x) && std::ranges::find(xs, x) == xs.end()) xs.push_back(x);
        if (const double y = number_or_nan(table, r, "y"); !std::isnan(y) && std::ranges::find(ys, y) == ys.end()) ys.push_back(y);
    }
    std::ranges::sort(xs);
    std::ranges::sort(ys, std::ranges::greater{});
    std::vector<double> cells(xs.size() * ys.size(), std::nan(""));
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
        const auto x = std::ranges::find(xs, number_or_nan(table, r, "value")), y = std::ranges::find(ys, number_or_nan(table, r, "y"));
        if (x != xs.end() && y != ys.end()) cells[std::size_t(y - ys.begin()) * xs.size() + std::size_t(x - xs.begin())] = number_or_nan(table, r, of.constData());
    }
    const auto labels = [](const std::vector<double>& values) {
        QStringList out;
        for (const double value : values) out << QString::number(value, 'g', 3);
        return out;
    };
    m_plane->set_map(of == "loss" ? ColourMapId::magma : ColourMapId::viridis);
    m_plane->set_row_labels(labels(ys), tr("second direction"));
    m_plane->set_column_labels(labels(xs), tr("from the first model to the second"));
    m_plane->set_values(int(ys.size()), int(xs.size()), cells);
    m_plane->set_stale(stale);
}

void SweepView::show_cursor() {
    const double at = m_now.value(axis(), std::nan("")), m = m_now.value(QStringLiteral("m"), std::nan(""));
    m_accuracy->set_cursor(std::isnan(at) || (axis() == u"tau" && !is_threshold(at)) ? std::nullopt : std::optional(at));
    m_storage->set_cursor(std::isnan(m) || axis() == kPathAxis ? std::nullopt : std::optional(m));
}

}
