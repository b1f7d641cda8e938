#include "plugins/vit_merge/panel/training_view.h"
#include "plugins/vit_merge/panel/answers.h"
#include "viewers/plot_viewer.h"
#include "widgets/parameter_form.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>
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
    : QWidget(parent), m_undo(undo), m_which(new SegmentedControl({tr("Gate"), tr("Model"), tr("Benchmark")}, this)), m_pages(new QStackedWidget(this)), m_start(make_button(tr("Start"), QStringLiteral("run"), false, this)),
      m_save(make_button(tr("Save…"), QStringLiteral("save"), false, this)), m_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_losses(new PlotViewer(this)), m_scores(new PlotViewer(this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 4);
    row->setSpacing(4);
    auto* left = new QVBoxLayout;
    left->setSpacing(6);
    m_which->set_tool_size(true);
    m_which->set_current(0);
    m_which->set_tool_tip(0, tr("The network that says from a picture which model it belongs to; trained without class labels"));
    m_which->set_tool_tip(1, tr("The shared base, or the model of one task from it"));
    m_which->set_tool_tip(2, tr("Base, models, gate and evaluation of a whole benchmark, written into a folder; can be stopped and resumed"));
    auto* heads = new QHBoxLayout;
    heads->setContentsMargins(12, 0, 8, 0);
    heads->addWidget(m_which);
    heads->addStretch(1);
    heads->addWidget(m_start);
    left->addLayout(heads);
    for (const QString& id : methods()) {
        auto* form = new ParameterForm;
        form->set_undo_name(QStringLiteral("form.") + id);
        form->set_undo_stack(undo);
        connect(form, &ParameterForm::changed, this, [this](const QString&, const Json&, const Json&, bool dragging) {
            if (!dragging) Q_EMIT values_changed();
        });
        m_forms.insert(id, form);
        m_trainings.insert(id, {});
        m_pages->addWidget(form);
    }
    left->addWidget(m_pages, 1);
    m_note->setWordWrap(true);
    m_note->setContentsMargins(12, 0, 8, 0);
    left->addWidget(m_note);
    auto* after = new QHBoxLayout;
    after->setContentsMargins(12, 0, 8, 0);
    after->addWidget(m_save);
    after->addStretch(1);
    left->addLayout(after);
    for (QPushButton* button : {m_start, m_save}) button->setProperty("lathe_tool", true);
    m_save->setToolTip(tr("Writes what was trained into a file"));
    auto* side = new QWidget(this);
    side->setLayout(left);
    side->setFixedWidth(340);
    row->addWidget(side);
    m_losses->set_titles(tr("Steps"), tr("Loss"));
    m_losses->set_empty_text(tr("The losses are drawn as they come."));
    m_losses->setAccessibleName(tr("Losses"));
    m_scores->set_titles(tr("Steps"), tr("Accuracy, %"));
    m_scores->set_empty_text(tr("Accuracy as it is measured."));
    m_scores->setAccessibleName(tr("Accuracy"));
    row->addWidget(m_losses, 1);
    row->addWidget(m_scores, 1);
    connect(m_which, &SegmentedControl::chosen, this, &TrainingView::show_current);
    connect(m_start, &QPushButton::clicked, this, [this] { Q_EMIT start_requested(current()); });
    connect(m_save, &QPushButton::clicked, this, [this] { Q_EMIT save_requested(current()); });
    show_current();
}

QString TrainingView::current() const { return methods().value(m_which->current(), methods().first()); }

void TrainingView::set_current(const QString& method) {
    m_which->set_current(int(std::max<qsizetype>(0, methods().indexOf(method))));
    show_current();
}

void TrainingView::set_parameters(const QString& method, std::vector<Parameter> own) {
    if (ParameterForm* form = m_forms.value(method)) form->set_parameters(std::move(own));
    show_current();
}

Json TrainingView::values(const QString& method) const { return m_forms.contains(method) ? m_forms[method]->values() : Json::object(); }

Json TrainingView::values() const {
    Json out = Json::object();
    for (const QString& method : methods()) out[method.toStdString()] = values(method);
    return out;
}

void TrainingView::set_values(const Json& values) {
    if (!values.is_object()) return;
    for (const QString& method : methods()) {
        const Json kept = values.value(method.toStdString(), Json());
        if (!kept.is_object()) continue;
        ParameterForm* form = m_forms[method];
        Json known = Json::object();
        for (const Parameter& parameter : form->parameters())
            if (kept.contains(parameter.id)) known[parameter.id] = kept[parameter.id];
        form->set_undo_stack(nullptr);
        form->set_values(known, {});
        form->set_undo_stack(m_undo);
    }
}

void TrainingView::begin(const QString& method) {
    m_trainings[method] = {};
    set_current(method);
}

void TrainingView::take(const QString& method, const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take(method, made->artifact);
    const auto* metrics = std::get_if<event::Metrics>(&event.body);
    if (!metrics) return;
    Training& training = m_trainings[method];
    for (const event::MetricPoint& point : metrics->points) {
        if (point.key >= metrics->keys.size()) continue;
        const QString key = QString::fromStdString(metrics->keys[point.key]);
        if (!training.order.contains(key)) training.order << key;
        training.series[key] << std::pair(double(point.step), point.value);
    }
    if (method == current()) show_curves();
}

void TrainingView::take(const QString& method, const Artifact& artifact) {
    if (artifact.kind != "file" || !artifact.bytes) return;
    QList<Artifact>& files = m_trainings[method].files;
    files.removeIf([&](const Artifact& other) { return other.key == artifact.key; });
    files << artifact;
    show_current();
}

void TrainingView::show_series(const QString& method, const QString& key, const QList<std::pair<double, double>>& points) {
    if (points.isEmpty() || !m_trainings.contains(method)) return;
    Training& training = m_trainings[method];
    if (!training.order.contains(key)) training.order << key;
    training.series[key] = points;
    if (method == current()) show_curves();
}

void TrainingView::finish(const QString& method, const Json& summary) {
    m_trainings[method].summary = summary.is_object() ? summary : Json::object();
    show_current();
}

void TrainingView::set_running(const QString& method, const QString& text) {
    m_trainings[method].running = text;
    if (method == current()) show_current();
}

QList<Artifact> TrainingView::files(const QString& method) const { return m_trainings.value(method).files; }
QString TrainingView::note() const { return m_note->text(); }

void TrainingView::show_current() {
    const QString method = current();
    const Training& training = m_trainings[method];
    m_pages->setCurrentWidget(m_forms[method]);
    const bool known = !m_forms[method]->parameters().empty(), running = !training.running.isEmpty();
    m_start->setText(running ? tr("Cancel") : tr("Start"));
    m_start->setEnabled(known);
    m_start->setToolTip(known ? QString() : tr("This engine does not know %1.").arg(method));
    m_save->setVisible(!training.files.isEmpty() && !running);
    QStringList parts;
    if (running) {
        parts << training.running;
    } else if (training.summary.is_object()) {
        for (const auto& [key, value] : training.summary.items()) {
            const QString name = QString::fromStdString(key);
            if (value.is_number() && is_score(name)) parts << tr("%1 %2").arg(shown_key(name), percent(value.get<double>()));
            else if (value.is_string() && (name == u"path" || name == u"folder" || name == u"gate_data")) parts << QString::fromStdString(value.get<std::string>());
        }
        if (parts.isEmpty()) parts << tr("Done.");
    } else if (!training.order.isEmpty()) {
        parts << tr("It was stopped. Resume it in Runs: it goes on from its last checkpoint.");
    } else if (!known) {
        parts << tr("This engine does not know %1.").arg(method);
    }
    m_note->setText(parts.join(QStringLiteral(" · ")));
    show_curves();
}

void TrainingView::show_curves() {
    const Training& training = m_trainings[current()];
    QVector<Curve> losses, scores;
    for (const QString& key : training.order) {
        const bool score = is_score(key);
        if (!score && !key.contains(QStringLiteral("loss"))) continue;   // rates and times have other units
        QVector<Curve>& into = score ? scores : losses;
        Curve curve{key, shown_key(key), {}, {}, int(into.size()), false, score, false, {}};
        for (const auto& [step, value] : training.series[key]) curve.x << step, curve.y << (score ? 100 * value : value);
        into << curve;
    }
    m_losses->set_legend_visible(losses.size() > 1);
    m_scores->set_legend_visible(scores.size() > 1);
    m_losses->set_curves(losses);
    m_scores->set_curves(scores);
}

}
