// What changes parameters, and the one selection of picture, model and block.
#include "plugins/vit_merge/panel/attention_view.h"
#include "plugins/vit_merge/panel/image_strip.h"
#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/model_list.h"
#include "plugins/vit_merge/panel/panel.h"
#include "plugins/vit_merge/panel/similarity_view.h"
#include "plugins/vit_merge/panel/strip_view.h"
#include "widgets/parameter_form.h"
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {

double Panel::number_value(const char* id) const { return fact(m_form->values(), id); }

QStringList Panel::list_value(const char* id) const { return texts_fact(m_form->values(), id); }

void Panel::edit_value(const QString& id, const Json& value, const QString& text) {
    try {
        m_form->edit(id, value, false, text);
    } catch (const Error& error) {
        tell(error);
    }
}

void Panel::edit_values(const Json& values, const QString& text) {
    if (const QStringList refused = m_form->set_values(values, text); !refused.isEmpty()) m_context.show_message(QStringLiteral("warn"), refused.join(u' '), {}, {});
    if (is_live()) send_live();
}

void Panel::edit_models(const QList<ModelEntry>& models, bool dragging, const QString& text) {
    const Json table = models_to_table(models, m_form->value(QStringLiteral("models")));
    try {
        m_form->edit(QStringLiteral("models"), table, dragging, text);
    } catch (const Error& error) {
        tell(error);
    }
    show_models();   // also where it was refused
}

void Panel::forget_set_models() {
    if (m_form->parameters().empty()) return;
    QList<ModelEntry> added = models_from(m_form->value(QStringLiteral("models")), {});
    if (added.removeIf([](const ModelEntry& entry) { return entry.path.isEmpty(); }) > 0) without_undo([&] { edit_models(added, false, {}); });
}

// --- pictures of one's own

void Panel::add_pictures(const QStringList& files) {
    QStringList next = list_value("files");
    int added = 0;
    for (const QString& file : files)
        if (!next.contains(file)) next << file, ++added;
    if (added > 0) edit_value(QStringLiteral("files"), array_of(next), added == 1 ? tr("Add a picture") : tr("Add %1 pictures").arg(added));
}

void Panel::remove_picture(const QString& file) {
    QStringList next = list_value("files");
    if (next.removeAll(file) > 0) edit_value(QStringLiteral("files"), array_of(next), tr("Take a picture out"));
}

// --- m

/// A click on a block: it is gated now, or no more. Where a threshold was in force m takes over from what it gated.
void Panel::gate_block(int block, bool is_attention) {
    select_block(block);
    const double now = number_value("m"), tau = number_value("tau");
    if (std::isnan(now) || block >= m_description.depth()) return;
    int m = std::min(int(now), m_description.depth());
    if (is_threshold(tau)) {
        const GatedBlocks gated = m_description.gated(m, tau);
        m = int(std::ranges::count(is_attention ? gated.attention : gated.mlp, char(1)));
    }
    const int next = m_description.m_for(block, is_attention, m);
    Json values{{"m", next}};
    if (is_threshold(tau)) values["tau"] = -1.0;
    edit_values(values, tr("m %1 → %2").arg(int(now)).arg(next));
}

/// A point of a curve was clicked: its value is taken over.
void Panel::use_swept(const QString& axis, double value) {
    if (axis == u"m") {
        Json values{{"m", int(std::lround(value))}};
        if (is_threshold(number_value("tau"))) values["tau"] = -1.0;
        edit_values(values, tr("m = %1").arg(std::lround(value)));
    } else if (axis == u"lambda" || axis == u"tau" || axis == u"temperature") {
        edit_values({{axis.toStdString(), value}}, tr("%1 = %2").arg(axis).arg(value));
    }
}

// --- the selection

void Panel::select_picture(int index) {
    if (index < 0 || index >= m_strip.pictures.size()) return;
    m_picture = m_strip.pictures[index].key;
    m_inspector->show_picture(&m_strip.pictures[index]);
    m_inspect_soon.stop();
    inspect();
    save_soon();
}

/// Empty: the merged one.
void Panel::select_model(const QString& name) {
    m_model = name;
    m_models->set_selected(name);
    m_strip_view->strip()->set_highlight(name);
    m_inspector->set_model(name);
    inspect();
    ask_difference();
    save_soon();
}

void Panel::select_block(int block) {
    if (block == m_block && m_similarity->full()->marked().y() == block) return;
    m_block = block;
    m_similarity->set_block(block);
    m_compare->set_block(block);
    if (block >= 0) m_inspector->attention()->set_block(block);
    save_soon();
}

}
