#include "plugins/quantization/panel/learning_view.h"
#include "viewers/plot_viewer.h"
#include "widgets/answers.h"
#include "widgets/facts.h"
#include "widgets/small_widgets.h"
#include "widgets/training_forms.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <cmath>

namespace lathe::quantization {
namespace {

QString curve_title(const QString& key) {
    static const QHash<QString, QString> titles{{QStringLiteral("reconstruction_loss"), LearningView::tr("reconstruction")}, {QStringLiteral("rounding_loss"), LearningView::tr("rounding")},
        {QStringLiteral("loss"), LearningView::tr("loss")},
        {QStringLiteral("top1"), LearningView::tr("top-1, test")}, {QStringLiteral("train_top1"), LearningView::tr("top-1, training")}};
    return titles.value(key, key);
}

bool is_accuracy(const QString& key) { return key.contains(QStringLiteral("top1")) || key.contains(QStringLiteral("accuracy")); }

}

const QStringList& LearningView::methods() {
    static const QStringList ids{QStringLiteral("quantization.reconstruct"), QStringLiteral("quantization.train")};
    return ids;
}

LearningView::LearningView(QUndoStack* undo, QWidget* parent)
    : QWidget(parent), m_forms(new TrainingForms(undo,
          {{methods()[0], tr("Reconstruct"), tr("Rounding and scales are learnt layer by layer or block by block, from a few pictures")},
              {methods()[1], tr("Train"), tr("The whole network is trained, in float or with its quantizers")}},
          this)),
      m_use(make_button(tr("Use in measurements"), QStringLiteral("check"), false, this)), m_save(make_button(tr("Save model…"), QStringLiteral("save"), false, this)), m_losses(new PlotViewer(this)),
      m_accuracy(new PlotViewer(this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 4);
    row->setSpacing(4);
    m_forms->setFixedWidth(312);
    for (QPushButton* button : {m_use, m_save}) m_forms->add_button(button);
    m_use->setToolTip(tr("What was learnt takes the place of calibration in every measurement from now on"));
    row->addWidget(m_forms);
    m_losses->set_log_y(true);
    m_losses->set_empty_text(tr("The losses are drawn as they come."));
    m_losses->setAccessibleName(tr("Losses"));
    m_accuracy->set_empty_text(tr("Accuracy on the test split."));
    m_accuracy->setAccessibleName(tr("Accuracy"));
    row->addWidget(m_losses, 3);
    row->addWidget(m_accuracy, 2);
    connect(m_forms, &TrainingForms::current_changed, this, &LearningView::show_current);
    connect(m_forms, &TrainingForms::start_requested, this, &LearningView::start_requested);
    connect(m_forms, &TrainingForms::values_changed, this, &LearningView::values_changed);
    connect(m_use, &QPushButton::clicked, this, [this] { Q_EMIT use_requested(m_forms->current()); });
    connect(m_save, &QPushButton::clicked, this, [this] { Q_EMIT save_requested(m_forms->current()); });
    show_current();
}

void LearningView::set_parameters(const QString& method, std::vector<Parameter> own) { m_forms->set_parameters(method, std::move(own)); }
Json LearningView::values(const QString& method) const { return m_forms->values(method); }
void LearningView::set_values(const QString& method, const Json& values) { m_forms->set_values(method, values); }

void LearningView::begin(const QString& method) {
    m_learnt[method] = {};
    m_forms->set_current(method);
    show_current();
}

void LearningView::take(const QString& method, const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take(method, made->artifact);
    if (m_learnt[method].series.take(event) && method == m_forms->current()) show_curves();
}

void LearningView::take(const QString& method, const Artifact& artifact) {
    if (artifact.key == "quantizers") m_learnt[method].quantizers = artifact.bytes;
    if (artifact.key == "model") m_learnt[method].model = artifact.bytes;
}

void LearningView::show_series(const QString& method, const QString& key, const MetricSeries::Points& points) { m_learnt[method].series.set(key, points); }

void LearningView::finish(const QString& method, const Json& summary) {
    m_learnt[method].summary = summary.is_object() ? summary : Json::object();
    show_current();
}

void LearningView::set_running(const QString& method, const QString& text) {
    m_forms->set_running(method, text);
    if (method == m_forms->current()) show_current();
}

Bytes LearningView::quantizers(const QString& method) const { return m_learnt.value(method).quantizers; }
Bytes LearningView::model(const QString& method) const { return m_learnt.value(method).model; }
QString LearningView::note() const { return m_forms->note(); }

void LearningView::show_current() {
    const QString method = m_forms->current();
    const Learnt& learnt = m_learnt[method];
    m_use->setVisible(bool(learnt.quantizers) && !m_forms->is_running(method));
    m_save->setVisible(bool(learnt.model) && !m_forms->is_running(method));
    QStringList parts;
    if (learnt.summary.is_object()) {
        const double before = fact(learnt.summary, "top1_before"), after = fact(learnt.summary, "top1"), in_float = fact(learnt.summary, "top1_float"), seconds = fact(learnt.summary, "seconds");
        if (!std::isnan(after)) parts << (std::isnan(before) ? tr("Top-1 %1").arg(percent(after, 2)) : tr("Top-1 %1, before %2").arg(percent(after, 2), percent(before, 2)));
        if (!std::isnan(in_float)) parts << tr("float %1").arg(percent(in_float, 2));
        if (!std::isnan(seconds)) parts << tr("%1\u00A0s").arg(seconds, 0, 'f', 0);
    } else if (!learnt.series.is_empty()) {
        parts << TrainingForms::stopped_text();
    }
    m_forms->set_note(parts.join(QStringLiteral(" · ")));
    show_curves();
}

void LearningView::show_curves() {
    const Learnt& learnt = m_learnt[m_forms->current()];
    QVector<Curve> losses, accuracy;
    for (const QString& key : learnt.series.keys()) {
        if (!is_accuracy(key) && !key.contains(QStringLiteral("loss"))) continue;   // rates and norms have other units
        QVector<Curve>& into = is_accuracy(key) ? accuracy : losses;
        Curve curve{key, curve_title(key), {}, {}, int(into.size()), false, is_accuracy(key), false, {}};
        for (const auto& [step, value] : learnt.series.points(key)) {
            curve.x << step;
            curve.y << (is_accuracy(key) ? value * 100 : value);
        }
        into << curve;
    }
    const bool reconstructs = m_forms->current() == methods().first();
    m_losses->set_titles(reconstructs ? tr("Iterations") : tr("Steps"), tr("Loss"));
    m_accuracy->set_titles(reconstructs ? tr("Units done") : tr("Epochs"), tr("Top-1, %"));
    m_losses->set_legend_visible(losses.size() > 1);
    m_accuracy->set_legend_visible(accuracy.size() > 1);
    m_losses->set_curves(losses);
    m_accuracy->set_curves(accuracy);
}

}
