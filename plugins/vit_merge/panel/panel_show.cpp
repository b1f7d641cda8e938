// What the workspace shows of its results.
#include "plugins/vit_merge/panel/accuracy_view.h"
#include "plugins/vit_merge/panel/confusion_view.h"
#include "plugins/vit_merge/panel/cost_view.h"
#include "plugins/vit_merge/panel/finding_rows.h"
#include "plugins/vit_merge/panel/image_strip.h"
#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/model_list.h"
#include "plugins/vit_merge/panel/panel.h"
#include "plugins/vit_merge/panel/similarity_view.h"
#include "plugins/vit_merge/panel/source_bar.h"
#include "plugins/vit_merge/panel/strip_view.h"
#include "plugins/vit_merge/panel/sweep_view.h"
#include "widgets/number_field.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include <QSplitter>
#include <QStackedWidget>
#include <cmath>

namespace lathe::vit_merge {

void Panel::show_centre() { m_centre->setCurrentWidget(has_models() || m_strip.finished ? static_cast<QWidget*>(m_rows) : m_empty); }

void Panel::show_now() {
    show_centre();
    show_facts();
    show_strip();
    show_stale();
}

/// A model keeps its colour while the set is open, whatever is used or moved.
int Panel::colour_of(const QString& model) {
    const auto found = m_colours.constFind(model);
    if (found != m_colours.cend()) return *found;
    const int next = int(m_colours.size());
    m_colours.insert(model, next);
    return next;
}

QStringList Panel::used_names() const {
    const QStringList told = texts_fact(m_description.summary, "names");
    return told.isEmpty() ? m_description.names() : told;
}

void Panel::show_models() {
    const QList<ModelEntry> models = models_from(m_form->value(QStringLiteral("models")), m_description);
    for (const ModelFacts& model : std::as_const(m_description.models)) colour_of(model.name);
    for (const ModelEntry& model : models) colour_of(model.name);
    m_models->show_models(models, m_description, m_colours);
    const QStringList names = used_names();
    show_bars(m_strip.models.isEmpty() ? names : m_strip.models);
    m_strip_view->show_tasks(names, list_value("tasks"));
}

void Panel::show_bars(const QStringList& names) {
    QList<int> colours;
    for (const QString& name : names) colours << colour_of(name);
    m_strip_view->strip()->set_models(names, colours);
}

/// The declaration knows no depth, so the slider would be mostly beyond it.
void Panel::limit_m(int depth) {
    std::vector<Parameter> declared = m_form->parameters();
    for (Parameter& parameter : declared) {
        if (parameter.id != "m" || !parameter.max.is_number_integer() || parameter.max == Json(depth)) continue;
        parameter.max = depth;
        if (parameter.default_value.is_number_integer() && parameter.default_value.get<int>() > depth) parameter.default_value = depth;
        const int m = int(number_value("m"));
        without_undo([&] {
            if (m > depth) m_form->set_values({{"m", depth}}, {});
            m_form->set_parameters(declared);
        });
        return;
    }
}

/// The set is there: everything that shows it takes it over.
void Panel::adopt_description() {
    show_models();
    m_findings->show_findings(m_description.findings, !m_description.models.isEmpty());
    m_similarity->show_description(m_description);
    m_sweep->show_storage(m_description.storage, m_description.separate_bytes);
    m_compare->show_description(m_description);
    m_confusion->set_names(used_names());
    if (const double depth = fact(m_description.summary, "depth"); depth > 0) {
        Facts facts;
        facts.model = {{"depth", int(depth)}};
        m_form->set_facts(facts);
        limit_m(int(depth));
        m_form->set_hint(QStringLiteral("m"), tr("of %1").arg(int(depth)));
    }
    show_gated();
    m_similarity->set_block(m_block);
    show_facts();
    show_stale();
}

void Panel::adopt_strip() {
    m_costs->setProperty("lathe_run", m_strip.uuid);
    if (m_strip.finished && m_strip.index_of(m_picture) < 0) m_picture = {};   // it is not among them any more
    show_strip();
}

void Panel::show_strip() {
    if (!m_strip.models.isEmpty()) show_bars(m_strip.models);
    m_strip_view->show_strip(m_strip, is_stale());
    m_strip_view->strip()->pick(m_picture);
    const int index = m_strip.index_of(m_picture);
    m_inspector->show_picture(index >= 0 ? &m_strip.pictures[index] : nullptr);
}

void Panel::show_facts() {
    QStringList facts;
    const Json& summary = m_description.summary;
    if (!m_description.models.isEmpty()) {
        facts << tr("%1 models").arg(m_description.models.size());
        if (m_description.depth() > 0) facts << tr("%1 blocks").arg(m_description.depth());
        if (!m_description.has_base()) facts << tr("no base");
        if (const QString gate = text_fact(summary, "gate"); !gate.isEmpty()) facts << (gate == u"none" ? tr("no gate") : gate == u"small" ? tr("small gate") : tr("gate %1").arg(gate));
    } else if (!m_describe.isEmpty()) {
        facts << tr("being read…");
    }
    QStringList more;
    if (!m_description.models.isEmpty()) {
        more << m_description.models.first().architecture << (m_description.has_base() ? tr("with the shared base") : tr("without a base"));
        if (const double parameters = fact(summary, "parameters"); parameters > 0) more << tr("%1 weights in each trunk").arg(grouped_number(parameters, 0));
    }
    m_source->set_facts(facts.join(QStringLiteral(" · ")), more.join(u'\n'));
}

void Panel::show_gated() {
    const double m = number_value("m"), tau = number_value("tau");
    const int depth = m_description.depth(), shown = std::isnan(m) ? 0 : std::min(int(m), std::max(depth, 0));
    const double threshold = std::isnan(tau) ? -1 : tau;
    m_similarity->show_gated(m_description.gated(shown, threshold), shown, threshold);
    m_sweep->set_now(is_threshold(threshold) ? std::nan("") : shown, number_value("lambda"), threshold, number_value("temperature"));
}

/// What is shown is stale when models or parameters have moved on, until the new result is there.
void Panel::show_stale() {
    const bool stale = is_stale();
    m_strip_view->show_strip(m_strip, stale);
    m_inspector->set_stale(stale);
    const double m = number_value("m");
    const bool is_gated = text_fact(m_form->values(), "method") == u"gated";
    m_costs->show_costs(m_description, m_strip, std::isnan(m) ? -1 : std::min(int(m), m_description.depth()), is_gated, stale);
    m_similarity->set_stale(!m_description.models.isEmpty() && m_description.key != describe_key());
    const bool measured_stale = !m_accuracy_key.is_null() && m_accuracy_key != job_key(QStringLiteral("vit_merge.evaluate"), {}, m_form->values());
    m_accuracy->set_stale(measured_stale);
    m_confusion->set_stale(measured_stale);
    QHash<QString, Json> swept;
    for (const QString& axis : SweepView::axes()) swept.insert(axis, job_key(QStringLiteral("vit_merge.sweep"), axis, m_form->values()));
    m_sweep->set_keys(swept);
    m_context.set_dock_hint(QStringLiteral("inspector"), stale ? tr("stale") : QString());
    m_context.set_dock_hint(QStringLiteral("costs"), stale ? (is_live() ? tr("stale") : tr("stale · changes wait for Run")) : QString());
}

}
