// What the workspace shows of the results.
#include "plugins/delta_cache/panel/cost_view.h"
#include "plugins/delta_cache/panel/panel.h"
#include "plugins/delta_cache/panel/schedule_view.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "widgets/cache_map.h"
#include "widgets/dock_title.h"
#include "widgets/parameter_form.h"
#include "widgets/theme.h"
#include <cmath>

namespace lathe::delta_cache {

namespace {

/// Small enough for the strip at any scale.
QImage thumbnail(const ImageData& picture) {
    constexpr int kSide = 132;   // 44 at three device pixels each
    const QImage image = picture.to_image();
    return image.width() <= kSide && image.height() <= kSide ? image : image.scaled(kSide, kSide, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

}

bool Panel::is_stale() const { return m_result && m_result->params != m_form->values(); }

bool Panel::was_stopped() const { return m_result && m_result->stopped; }

void Panel::show_now() {
    show_images();
    show_curves();
    show_stale();
}

int Panel::shown_step() const {
    if (m_step >= 0) return std::min(m_step, steps() - 1);
    if (!m_result) return -1;
    return m_result->finished ? m_result->params.value("steps", 20) - 1 : m_result->newest;
}

void Panel::go_to_step(int step) {
    m_step = step >= steps() - 1 ? -1 : step;   // the last one follows what comes
    show_now();
}

void Panel::show_images() {
    const int shown = shown_step();
    m_schedule->set_step(shown);
    if (!m_result) return;
    const int count = m_result->params.value("steps", 20);
    const bool at_end = m_result->finished && shown >= count - 1;
    const ImageData variant = m_result->variant_at(at_end ? -1 : shown, m_result->finished ? count : count + 1), reference = m_result->reference_at(at_end ? -1 : shown, m_result->finished ? count : count + 1);
    if (variant.is_null()) return;
    const ImageData control = m_control ? m_control->variant_at(m_control->finished && at_end ? -1 : shown, m_control->finished ? count : count + 1) : ImageData();
    const QString streaming = m_result->finished ? (at_end ? QString() : tr("step %1 of %2").arg(shown).arg(count - 1))
                              : m_result->stopped ? tr("stopped at step %1 of %2").arg(m_result->newest + 1).arg(count)
                                                  : tr("step %1 of %2 · streaming").arg(m_result->newest + 1).arg(count);
    const bool three = !control.is_null();
    const std::size_t wanted = 1 + std::size_t(!reference.is_null()) + std::size_t(three);
    if (!m_laid_out_images || m_images->images().size() != wanted) {
        const ThemeColours& c = Theme::instance().colours();
        std::vector<ViewImage> images;
        if (!reference.is_null()) images.push_back({QStringLiteral("reference"), tr("No cache"), tr("reference"), c.text, reference, false});
        images.push_back({QStringLiteral("variant"), policy_name(m_result->params), streaming, c.series[0], variant, false});
        if (three) images.push_back({QStringLiteral("control"), tr("Feature cache"), tr("control"), c.series[4], control, false});
        m_images->set_images(std::move(images));
        m_images->set_difference_pane(!reference.is_null());
        m_laid_out_images = true;
    } else {
        if (!reference.is_null()) m_images->update_image(QStringLiteral("reference"), reference, tr("reference"));
        m_images->update_image(QStringLiteral("variant"), variant, streaming);
        if (three) m_images->update_image(QStringLiteral("control"), control, tr("control"));
    }
    m_images->setProperty("lathe_run", m_result->uuid);
    m_images->set_steps(count, std::max(0, shown), tr("%1 of %2").arg(std::max(0, shown)).arg(count - 1));
    const Json label = m_result->params.value("class", Json());
    m_title->set_hint(tr("class %1 · seed %2").arg(label.is_string() ? QString::fromStdString(label.get<std::string>()) : QString::fromStdString(label.dump())).arg(m_result->params.value("seed", 0LL)));
    m_title->set_loading(!m_result->finished && !m_result->stopped);

    CacheMap* map = m_schedule->map();
    for (const auto& [step, picture] : m_result->variant)
        if (!map->has_preview(step)) map->set_preview(step, thumbnail(picture));
    map->set_streaming(m_result->finished ? -1 : m_result->newest + 1);
}

void Panel::show_curves() {
    QVector<Curve> curves;
    PlotViewer* plot = m_schedule->plot();
    plot->clear_notes();
    const auto end_note = [plot](const QVector<double>& x, const QVector<double>& y, const QString& name) {
        if (!x.isEmpty()) plot->add_note(x.last(), y.last(), QStringLiteral("%1 %2 %").arg(name).arg(y.last(), 0, 'f', 1));
    };
    if (m_before && m_before != m_result && !m_before->steps.isEmpty()) curves << Curve{QStringLiteral("before"), tr("last run"), m_before->steps, m_before->deviation, 0, false, false, true, {}};
    if (m_control && !m_control->steps.isEmpty()) {
        curves << Curve{QStringLiteral("control"), tr("feature cache"), m_control->steps, m_control->deviation, 4, false, false, false, {}};
        if (m_control->finished) end_note(m_control->steps, m_control->deviation, tr("feature cache"));
    }
    if (m_result && !m_result->steps.isEmpty()) {
        curves << Curve{QStringLiteral("this"), tr("this map"), m_result->steps, m_result->deviation, 0, false, true, is_stale(), {}};
        if (m_result->finished) end_note(m_result->steps, m_result->deviation, tr("this map"));
    }
    plot->set_legend_visible(curves.size() > 1);
    m_schedule->set_curves(curves);
}

/// What is shown is stale when the parameters have moved on, until the new pictures are there.
void Panel::show_stale() {
    const bool stale = is_stale();
    m_images->set_all_stale(stale && m_result);
    m_schedule->map()->set_stale(false);
    m_cost->set_stale((stale || (m_result && !m_result->finished)) && m_result);
    m_context.set_dock_hint(QStringLiteral("cost"), stale ? (is_live() ? tr("stale") : tr("stale · changes wait for Run")) : QString());
}

}
