#include "plugins/quantization/panel/learning_view.h"
#include "viewers/plot_viewer.h"
#include "widgets/parameter_form.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

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
    : QWidget(parent), m_which(new SegmentedControl({tr("Reconstruct"), tr("Train")}, this)), m_pages(new QStackedWidget(this)), m_start(make_button(tr("Start"), QStringLiteral("run"), false, this)),
      m_use(make_button(tr("Use in measurements"), QStringLiteral("check"), false, this)), m_save(make_button(tr("Save model…"), QStringLiteral("save"), false, this)),
      m_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_losses(new PlotViewer(this)),
      m_accuracy(new PlotViewer(this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 4);
    row->setSpacing(4);
    auto* left = new QVBoxLayout;
    left->setSpacing(6);
    m_which->set_tool_size(true);
    m_which->set_current(0);
    m_which->set_tool_tip(0, tr("Rounding and scales are learnt layer by layer or block by block, from a few pictures"));
    m_which->set_tool_tip(1, tr("The whole network is trained, in float or with its quantizers"));
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
        m_forms.insert(id, form);
        m_learnt.insert(id, {});
        m_pages->addWidget(form);
    }
    left->addWidget(m_pages, 1);
    m_note->setWordWrap(true);
    m_note->setContentsMargins(12, 0, 8, 0);
    left->addWidget(m_note);
    auto* after = new QHBoxLayout;
    after->setContentsMargins(12, 0, 8, 0);
    after->setSpacing(6);
    after->addWidget(m_use);
    after->addWidget(m_save);
    after->addStretch(1);
    left->addLayout(after);
    for (QPushButton* button : {m_start, m_use, m_save}) button->setProperty("lathe_tool", true);
    m_use->setToolTip(tr("What was learnt takes the place of calibration in every measurement from now on"));
    auto* side = new QWidget(this);
    side->setLayout(left);
    side->setFixedWidth(312);
    row->addWidget(side);
    m_losses->set_log_y(true);
    m_losses->set_empty_text(tr("The losses are drawn as they come."));
    m_losses->setAccessibleName(tr("Losses"));
    m_accuracy->set_empty_text(tr("Accuracy on the test split."));
    m_accuracy->setAccessibleName(tr("Accuracy"));
    row->addWidget(m_losses, 3);
    row->addWidget(m_accuracy, 2);
    connect(m_which, &SegmentedControl::chosen, this, &LearningView::show_current);
    connect(m_start, &QPushButton::clicked, this, [this] { Q_EMIT start_requested(current()); });
    connect(m_use, &QPushButton::clicked, this, [this] { Q_EMIT use_requested(current()); });
    connect(m_save, &QPushButton::clicked, this, [this] { Q_EMIT save_requested(current()); });
    show_current();
}

QString LearningView::current() const { return methods()[m_which->current() == 1 ? 1 : 0]; }

void LearningView::set_parameters(const QString& method, std::vector<Parameter> own) {
    if (ParameterForm* form = m_forms.value(method)) form->set_parameters(std::move(own));
    show_current();
}

Json LearningView::values(const QString& method) const { return m_forms.contains(method) ? m_forms[method]->values() : Json::object(); }

void LearningView::set_values(const QString& method, const Json& values) {
    if (!m_forms.contains(method) || !values.is_object()) return;
    Json known = Json::object();
    for (const Parameter& parameter : m_forms[method]->parameters())
        if (values.contains(parameter.id)) known[parameter.id] = values[parameter.id];
    m_forms[method]->set_values(known, tr("Parameters of %1").arg(method));
}

void LearningView::begin(const QString& method) {
    m_learnt[method] = {};
    m_which->set_current(int(methods().indexOf(method)));
    show_current();
}

void LearningView::take(const QString& method, const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take(method, made->artifact);
    const auto* metrics = std::get_if<event::Metrics>(&event.body);
    if (!metrics) return;
    Learnt& learnt = m_learnt[method];
    for (const event::MetricPoint& point : metrics->points) {
        if (point.key >= metrics->keys.size()) continue;
        const QString key = QString::fromStdString(metrics->keys[point.key]);
        if (!learnt.order.contains(key)) learnt.order << key;
        learnt.series[key] << std::pair(double(point.step), point.value);
    }
    if (method == current()) show_curves();
}

void LearningView::take(const QString& method, const Artifact& artifact) {
    if (artifact.key == "quantizers") m_learnt[method].quantizers = artifact.bytes;
    if (artifact.key == "model") m_learnt[method].model = artifact.bytes;
}

void LearningView::show_series(const QString& method, const QString& key, const QList<std::pair<double, double>>& points) {
    if (points.isEmpty()) return;
    Learnt& learnt = m_learnt[method];
    if (!learnt.order.contains(key)) learnt.order << key;
    learnt.series[key] = points;
}

void LearningView::finish(const QString& method, const Json& summary) {
    m_learnt[method].summary = summary.is_object() ? summary : Json::object();
    show_current();
}

void LearningView::set_running(const QString& method, const QString& text) {
    m_learnt[method].running = text;
    if (method == current()) show_current();
}

Bytes LearningView::quantizers(const QString& method) const { return m_learnt.value(method).quantizers; }
Bytes LearningView::model(const QString& method) const { return m_learnt.value(method).model; }
QString LearningView::note() const { return m_note->text(); }

void LearningView::show_current() {
    const QString method = current();
    const Learnt& learnt = m_learnt[method];
    m_pages->setCurrentWidget(m_forms[method]);
    const bool known = !m_forms[method]->parameters().empty(), running = !learnt.running.isEmpty();
    m_start->setText(running ? tr("Cancel") : tr("Start"));
    m_start->setEnabled(known);
    m_start->setToolTip(known ? QString() : tr("This engine does not know %1.").arg(method));
    m_use->setVisible(bool(learnt.quantizers) && !running);
    m_save->setVisible(bool(learnt.model) && !running);
    if (running) {
        m_note->setText(learnt.running);
    } else if (learnt.summary.is_object()) {
        const auto percent = [&](const char* key) { return learnt.summary.contains(key) && learnt.summary[key].is_number() ? QString::number(learnt.summary[key].get<double>() * 100, 'f', 2) + QStringLiteral("\u00A0%") : QString(); };
        const QString before = percent("top1_before"), after = percent("top1"), in_float = percent("top1_float");
        QStringList parts;
        if (!after.isEmpty()) parts << (before.isEmpty() ? tr("Top-1 %1").arg(after) : tr("Top-1 %1, before %2").arg(after, before));
        if (!in_float.isEmpty()) parts << tr("float %1").arg(in_float);
        if (learnt.summary.contains("seconds") && learnt.summary["seconds"].is_number()) parts << tr("%1\u00A0s").arg(learnt.summary["seconds"].get<double>(), 0, 'f', 0);
        m_note->setText(parts.join(QStringLiteral(" · ")));
    } else {
        m_note->setText(!learnt.order.isEmpty() ? tr("It was stopped. Resume it in Runs: it goes on from its last checkpoint.") : known ? QString() : tr("This engine does not know %1.").arg(method));
    }
    show_curves();
}

void LearningView::show_curves() {
    const Learnt& learnt = m_learnt[current()];
    QVector<Curve> losses, accuracy;
    for (const QString& key : learnt.order) {
        if (!is_accuracy(key) && !key.contains(QStringLiteral("loss"))) continue;   // rates and norms have other units
        QVector<Curve>& into = is_accuracy(key) ? accuracy : losses;
        Curve curve{key, curve_title(key), {}, {}, int(into.size()), false, is_accuracy(key), false, {}};
        for (const auto& [step, value] : learnt.series[key]) {
            curve.x << step;
            curve.y << (is_accuracy(key) ? value * 100 : value);
        }
        into << curve;
    }
    const bool reconstructs = m_which->current() == 0;
    m_losses->set_titles(reconstructs ? tr("Iterations") : tr("Steps"), tr("Loss"));
    m_accuracy->set_titles(reconstructs ? tr("Units done") : tr("Epochs"), tr("Top-1, %"));
    m_losses->set_legend_visible(losses.size() > 1);
    m_accuracy->set_legend_visible(accuracy.size() > 1);
    m_losses->set_curves(losses);
    m_accuracy->set_curves(accuracy);
}

}
