#include "plugins/vit_merge/panel/training_view.h"
#include "plugins/vit_merge/panel/answers.h"
#include "viewers/plot_viewer.h"
#include "widgets/small_widgets.h"
#include "widgets/training_forms.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <cmath>

namespace lathe::vit_merge {
namespace {

bool is_score(const QString& key) { return key.contains(QStringLiteral("accuracy")) || key.contains(QStringLiteral("joint")) || key.contains(QStringLiteral("top1")) || key.contains(QStringLiteral("oracle")); }

QString shown_key(QString key) { return key.replace(u'_', u' '); }

}

const QStringList& TrainingView::methods() {
    static const QStringList ids{QStringLiteral("vit_merge.train_gate"), QStringLiteral("vit_merge.train"), QStringLiteral("vit_merge.benchmark")};
    return ids;
}

TrainingView::TrainingView(QUndoStack* undo, QWidget* parent)
    : QWidget(parent), m_forms(new TrainingForms(undo,
          {{methods()[0], tr("Gate"), tr("The network that says from a picture which model it belongs to; trained without class labels")},
              {methods()[1], tr("Model"), tr("The shared base, or the model of one task from it")},
              {methods()[2], tr("Benchmark"), tr("Base, models, gate and evaluation of a whole benchmark, written into a folder; can be stopped and resumed")}},
          this)),
      m_save(make_button(tr("Save…"), QStringLiteral("save"), false, this)), m_losses(new PlotViewer(this)), m_scores(new PlotViewer(this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 4);
    row->setSpacing(4);
    m_forms->setFixedWidth(340);
    m_forms->add_button(m_save);
    m_save->setToolTip(tr("Writes what was trained into a file"));
    row->addWidget(m_forms);
    for (const QString& id : methods()) m_trainings.insert(id, {});
    m_losses->set_titles(tr("Steps"), tr("Loss"));
    m_losses->set_empty_text(tr("The losses are drawn as they come."));
    m_losses->setAccessibleName(tr("Losses"));
    m_scores->set_titles(tr("Steps"), tr("Accuracy, %"));
    m_scores->set_empty_text(tr("Accuracy as it is measured."));
    m_scores->setAccessibleName(tr("Accuracy"));
    row->addWidget(m_losses, 1);
    row->addWidget(m_scores, 1);
    connect(m_forms, &TrainingForms::current_changed, this, &TrainingView::show_current);
    connect(m_forms, &TrainingForms::start_requested, this, &TrainingView::start_requested);
    connect(m_forms, &TrainingForms::values_changed, this, &TrainingView::values_changed);
    connect(m_save, &QPushButton::clicked, this, [this] { Q_EMIT save_requested(current()); });
    show_current();
}

QString TrainingView::current() const { return m_forms->current(); }

void TrainingView::set_current(const QString& method) {
    m_forms->set_current(method);
    show_current();
}

void TrainingView::set_parameters(const QString& method, std::vector<Parameter> own) { m_forms->set_parameters(method, std::move(own)); }
Json TrainingView::values(const QString& method) const { return m_forms->values(method); }

Json TrainingView::values() const {
    Json out = Json::object();
    for (const QString& method : methods()) out[method.toStdString()] = values(method);
    return out;
}

void TrainingView::set_values(const Json& values) {
    if (!values.is_object()) return;
    for (const QString& method : methods()) m_forms->set_values(method, values.value(method.toStdString(), Json()));
}

void TrainingView::begin(const QString& method) {
    m_trainings[method] = {};
    set_current(method);
}

void TrainingView::take(const QString& method, const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take(method, made->artifact);
    if (m_trainings[method].series.take(event) && method == current()) show_curves();
}

void TrainingView::take(const QString& method, const Artifact& artifact) {
    if (artifact.kind != "file" || !artifact.bytes) return;
    QList<Artifact>& files = m_trainings[method].files;
    files.removeIf([&](const Artifact& other) { return other.key == artifact.key; });
    files << artifact;
    show_current();
}

void TrainingView::show_series(const QString& method, const QString& key, const MetricSeries::Points& points) {
    if (!m_trainings.contains(method)) return;
    m_trainings[method].series.set(key, points);
    if (method == current()) show_curves();
}

void TrainingView::finish(const QString& method, const Json& summary) {
    m_trainings[method].summary = summary.is_object() ? summary : Json::object();
    show_current();
}

void TrainingView::set_running(const QString& method, const QString& text) {
    m_forms->set_running(method, text);
    if (method == current()) show_current();
}

QList<Artifact> TrainingView::files(const QString& method) const { return m_trainings.value(method).files; }
QString TrainingView::note() const { return m_forms->note(); }
ParameterForm* TrainingView::form(const QString& method) const { return m_forms->form(method); }

void TrainingView::show_current() {
    const Training& training = m_trainings[current()];
    m_save->setVisible(!training.files.isEmpty() && !m_forms->is_running(current()));
    QStringList parts;
    if (training.summary.is_object()) {
        for (const auto& [key, value] : training.summary.items()) {
            const QString name = QString::fromStdString(key);
            if (value.is_number() && is_score(name)) parts << tr("%1 %2").arg(shown_key(name), percent(value.get<double>()));
            else if (value.is_string() && (name == u"path" || name == u"folder" || name == u"gate_data")) parts << QString::fromStdString(value.get<std::string>());
        }
        if (parts.isEmpty()) parts << tr("Done.");
    } else if (!training.series.is_empty()) {
        parts << TrainingForms::stopped_text();
    }
    m_forms->set_note(parts.join(QStringLiteral(" · ")));
    show_curves();
}

void TrainingView::show_curves() {
    const Training& training = m_trainings[current()];
    QVector<Curve> losses, scores;
    for (const QString& key : training.series.keys()) {
        const bool score = is_score(key);
        if (!score && !key.contains(QStringLiteral("loss"))) continue;   // rates and times have other units
        QVector<Curve>& into = score ? scores : losses;
        Curve curve{key, shown_key(key), {}, {}, int(into.size()), false, score, false, {}};
        for (const auto& [step, value] : training.series.points(key)) curve.x << step, curve.y << (score ? 100 * value : value);
        into << curve;
    }
    m_losses->set_legend_visible(losses.size() > 1);
    m_scores->set_legend_visible(scores.size() > 1);
    m_losses->set_curves(losses);
    m_scores->set_curves(scores);
}

}
