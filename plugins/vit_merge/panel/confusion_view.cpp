#include "plugins/vit_merge/panel/confusion_view.h"
#include "viewers/heat_map.h"
#include "viewers/plot_viewer.h"
#include "widgets/text_label.h"
#include <QComboBox>
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {

ConfusionView::ConfusionView(QWidget* parent)
    : QWidget(parent), m_gate(new HeatMapView(this)), m_classes(new HeatMapView(this)), m_entropy(new PlotViewer(this)), m_method(new QComboBox(this)), m_task(new QComboBox(this)), m_less(new QComboBox(this)),
      m_note(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 6, 12, 4);
    row->setSpacing(16);
    const auto part = [&](const QString& title, QWidget* view, int stretch) {
        auto* column = new QVBoxLayout;
        column->setSpacing(4);
        column->addWidget(new TextLabel(title, 12, true, TextRole::normal, this));
        column->addWidget(view, 1);
        row->addLayout(column, stretch);
        return column;
    };
    part(tr("Gate: task and chosen model"), m_gate, 3);
    part(tr("How unsure the gate is"), m_entropy, 3);
    auto* column = part(tr("Classes"), m_classes, 5);
    auto* line = new QHBoxLayout;
    line->setSpacing(6);
    for (QComboBox* box : {m_task, m_method, m_less}) {
        box->setMinimumContentsLength(box == m_task ? 5 : 8);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        line->addWidget(box, box == m_task ? 2 : 3);
        connect(box, &QComboBox::activated, this, &ConfusionView::show_classes);
    }
    m_task->setAccessibleName(tr("Task"));
    m_task->setToolTip(tr("Task"));
    m_method->setAccessibleName(tr("Method"));
    m_method->setToolTip(tr("Method"));
    m_less->setAccessibleName(tr("Less the method"));
    m_less->setToolTip(tr("Shows the difference to this method"));
    column->insertLayout(1, line);
    column->insertWidget(2, m_note);
    m_note->setWordWrap(true);
    m_gate->setAccessibleName(tr("Gate: task and chosen model"));
    m_gate->set_map(ColourMapId::cividis);
    m_gate->set_legend(tr("pictures"));
    m_classes->setAccessibleName(tr("Confusion of classes"));
    m_classes->set_legend(tr("pictures"));
    m_entropy->setAccessibleName(tr("Entropy of the gate"));
    m_entropy->set_titles(tr("Entropy, nats"), tr("Pictures"));
    m_entropy->set_legend_visible(false);
    m_entropy->set_empty_text(tr("Not counted yet."));
    forget();
}

void ConfusionView::set_names(const QStringList& models) {
    m_names = models;
    show_gate();
}

void ConfusionView::set_method_titles(const QHash<QString, QString>& titles) {
    m_titles = titles;
    fill_choices();
}

void ConfusionView::take(const Artifact& artifact) {
    if (artifact.key == "gate_confusion") {
        m_gate_values = values_of(artifact, 2);
        show_gate();
    } else if (artifact.key == "gate_entropy") {
        const CsvTable table = table_of(artifact);
        Curve curve{QStringLiteral("entropy"), tr("pictures"), {}, {}, 0, false, true, m_stale, {}};
        for (std::size_t r = 0; r < table.rows.size(); ++r) {
            const double from = number_or_nan(table, r, "from"), to = number_or_nan(table, r, "to"), count = number_or_nan(table, r, "count");
            if (!std::isnan(from) && !std::isnan(count)) curve.x << (std::isnan(to) ? from : (from + to) / 2), curve.y << count;
        }
        m_entropy->set_curves(curve.x.isEmpty() ? QVector<Curve>() : QVector<Curve>{curve});
        m_entropy->autoscale();
    } else if (artifact.key == "confusion") {
        Confusion one{text_fact(artifact.meta, "method"), text_fact(artifact.meta, "task"), values_of(artifact, 2), texts_fact(artifact.meta, "classes")};
        if (one.values.size(0) != one.values.size(1)) return;
        m_all.removeIf([&](const Confusion& other) { return other.method == one.method && other.task == one.task; });
        m_all << one;
        fill_choices();
    }
}

void ConfusionView::forget() {
    m_all.clear();
    m_gate_values = {};
    m_entropy->clear();
    fill_choices();
    show_gate();
}

void ConfusionView::set_stale(bool stale) {
    m_stale = stale;
    m_gate->set_stale(stale);
    m_classes->set_stale(stale);
}

const ConfusionView::Confusion* ConfusionView::find(const QString& method, const QString& task) const {
    const auto found = std::ranges::find_if(m_all, [&](const Confusion& one) { return one.method == method && one.task == task; });
    return found == m_all.end() ? nullptr : &*found;
}

void ConfusionView::fill_choices() {
    const QString task = m_task->currentText(), method = m_method->currentData().toString(), less = m_less->currentData().toString();
    for (QComboBox* box : {m_task, m_method, m_less}) box->clear();
    m_less->addItem(tr("no difference"), QString());
    for (const Confusion& one : std::as_const(m_all)) {
        if (m_task->findText(one.task) < 0) m_task->addItem(one.task);
        if (m_method->findData(one.method) >= 0) continue;
        m_method->addItem(m_titles.value(one.method, one.method), one.method);
        m_less->addItem(tr("less %1").arg(m_titles.value(one.method, one.method)), one.method);
    }
    m_task->setCurrentIndex(std::max(0, m_task->findText(task)));
    m_method->setCurrentIndex(std::max(0, m_method->findData(method)));
    m_less->setCurrentIndex(std::max(0, m_less->findData(less)));
    for (QComboBox* box : {m_task, m_method, m_less}) box->setEnabled(!m_all.isEmpty());
    show_classes();
}

void ConfusionView::show_classes() {
    const QString task = m_task->currentText(), less = m_less->currentData().toString();
    const Confusion* one = find(m_method->currentData().toString(), task);
    const Confusion* other = less.isEmpty() ? nullptr : find(less, task);
    if (!one) {
        m_classes->set_values(0, 0, {});
        m_note->setText(m_all.isEmpty() ? tr("Evaluate counts what is taken for what.") : QString());
        return;
    }
    std::vector<double> values = one->values.values;
    const bool differs = other && other->values.shape == one->values.shape;
    if (differs) std::ranges::transform(values, other->values.values, values.begin(), std::minus{});
    m_classes->set_map(differs ? ColourMapId::diverging : ColourMapId::cividis);
    m_classes->set_row_labels(one->labels, tr("true"));
    m_classes->set_column_labels(one->labels, tr("predicted"));
    m_classes->set_values(int(one->values.size(0)), int(one->values.size(1)), std::move(values));
    m_note->setText(differs ? tr("Pictures more (or fewer) than with %1.").arg(m_titles.value(less, less)) : QString());
}

void ConfusionView::show_gate() {
    m_gate->set_row_labels(m_names, tr("task"));
    m_gate->set_column_labels(m_names, tr("chosen model"));
    m_gate->set_values(int(m_gate_values.size(0)), int(m_gate_values.size(1)), m_gate_values.values);
}

}
