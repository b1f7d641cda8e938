// What is asked for besides the strip: each method at most once at a time, shown as it comes in its own place.
#include "plugins/vit_merge/panel/accuracy_view.h"
#include "plugins/vit_merge/panel/confusion_view.h"
#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/panel.h"
#include "plugins/vit_merge/panel/source_bar.h"
#include "plugins/vit_merge/panel/sweep_view.h"
#include "plugins/vit_merge/panel/training_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/parameter_form.h"
#include "widgets/text_label.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QPushButton>
#include <QSaveFile>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

const QString kEvaluate = QStringLiteral("vit_merge.evaluate"), kSweep = QStringLiteral("vit_merge.sweep"), kCompare = QStringLiteral("vit_merge.compare"), kMerge = QStringLiteral("vit_merge.merge"),
              kBenchmark = QStringLiteral("vit_merge.benchmark");

}

// --- live, besides the strip

/// The picked picture through every model.
void Panel::inspect() {
    if (m_picture.is_none() || !has_models() || !m_context.catalogue().find("vit_merge.inspect")) return;
    RunRequest asked = request("vit_merge.inspect", true);
    asked.params["task"] = m_picture.task.toStdString();
    asked.params["index"] = std::max(0, m_picture.index);
    asked.params["file"] = m_picture.file.toStdString();
    asked.params["model"] = m_model.toStdString();
    asked.params["block"] = -1;                            // the rollout goes through all of them
    m_inspect = m_context.submit(asked, assets(), QStringLiteral("vit_merge.inspect"));
    m_inspector->set_running(!m_inspect.isEmpty());
}

/// How far the selected model is from the base, for the inspector.
void Panel::ask_difference() {
    if (m_model.isEmpty() || !m_description.has_base() || !m_context.catalogue().find("vit_merge.compare")) return;
    RunRequest asked = request("vit_merge.compare", true);
    asked.params["first"] = "";
    asked.params["second"] = m_model.toStdString();
    asked.params["what"] = Json::array({"layers"});
    m_difference_model = m_model;
    m_difference = m_context.submit(asked, assets(), QStringLiteral("vit_merge.difference"));
}

// --- jobs

/// While it runs: cancels it. False where nothing was started.
bool Panel::start_job(const char* method, const Json& extra) {
    const QString id = QString::fromLatin1(method);
    if (const QString uuid = m_jobs.value(id); !uuid.isEmpty()) {
        m_context.cancel(uuid);
        return false;
    }
    if (!m_context.catalogue().find(method)) {
        m_context.show_message(QStringLiteral("warn"), tr("This engine does not know %1.").arg(id), {}, tr("Help > Plugins says what is loaded."));
        return false;
    }
    const bool is_training = TrainingView::methods().contains(id);
    if (!is_training && !has_models()) {
        m_context.show_message(QStringLiteral("warn"), tr("There are no models."), {}, tr("Open a set, add models, or drop them on the window."));
        return false;
    }
    RunRequest asked = request(method, false);
    if (const MethodOptions* own = m_options.of(id)) asked.params.update(own->values());
    asked.params.update(extra);
    const QString uuid = m_context.submit(asked, assets(), {});
    if (uuid.isEmpty()) return false;
    if (is_training) m_training->begin(id);
    m_jobs.insert(id, uuid);
    m_job_keys.insert(id, job_key(id, text_fact(extra, "axis"), m_form->values()));
    job_progress(id, tr("Waiting for the engine…"));
    return true;
}

QString Panel::job_of(const QString& uuid) const { return uuid.isEmpty() ? QString() : m_jobs.key(uuid); }

void Panel::take_job(const QString& method, const RunEvent& event) {
    if (TrainingView::methods().contains(method)) m_training->take(method, event);
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take_job_artifact(method, made->artifact);
    if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
        job_progress(method, tr("%1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
    if (const auto* done = std::get_if<event::Finished>(&event.body)) job_finished(method, done->summary.is_object() ? done->summary : Json::object());
}

void Panel::take_job_artifact(const QString& method, const Artifact& artifact) {
    if (method == kEvaluate || method == kBenchmark) {
        m_accuracy->take(artifact);
        m_confusion->take(artifact);
        m_accuracy_key = m_job_keys.value(method);
    } else if (method == kSweep) {
        m_sweep->take(m_sweep_axis, artifact, m_job_keys.value(method));
    } else if (method == kCompare) {
        m_compare->take(artifact);
    } else if (method == kMerge) {
        if (artifact.key == "model") m_merged = artifact;
        if (artifact.key == "recipe") m_recipe = artifact;
        if (artifact.key == "left_out") {
            const CsvTable table = table_of(artifact);
            for (std::size_t r = 0; r < table.rows.size(); ++r) m_left_out << tr("%1: %2, %3").arg(text_in(table, r, "model"), text_in(table, r, "key"), text_in(table, r, "why"));
        }
    }
}

void Panel::job_finished(const QString& method, const Json& summary) {
    if (TrainingView::methods().contains(method)) m_training->finish(method, summary);
    if (method == kMerge) finish_merge();
    show_stale();
}

/// An empty text: it does not run any more.
void Panel::job_progress(const QString& method, const QString& text) {
    if (method == kEvaluate) m_accuracy->set_running(text);
    else if (method == kSweep) m_sweep->set_running(text);
    else if (method == kCompare) m_compare->set_running(text);
    else if (TrainingView::methods().contains(method)) m_training->set_running(method, text);
    else if (method == kMerge) {
        m_merge->setText(text.isEmpty() ? tr("Merge and save…") : tr("Cancel"));
        m_merge_note->setText(text);
    }
}

void Panel::start_sweep() {
    const QString axis = m_sweep->axis();
    if (start_job("vit_merge.sweep", {{"axis", axis.toStdString()}})) m_sweep_axis = axis;
}

void Panel::start_compare() {
    if (start_job("vit_merge.compare", {{"first", m_compare->first().toStdString()}, {"second", m_compare->second().toStdString()}})) m_compare->begin();
}

// --- files

bool Panel::write_bytes(const QString& path, const Bytes& bytes) {
    QSaveFile file(path);
    if (bytes && file.open(QIODevice::WriteOnly) && file.write(bytes->data(), qint64(bytes->size())) == qint64(bytes->size()) && file.commit()) return true;
    m_context.show_message(QStringLiteral("err"), tr("The file could not be written."), path + QStringLiteral(": ") + file.errorString(), tr("Check the free space and your right to write there."));
    return false;
}

void Panel::ask_merge() {
    if (m_jobs.contains(kMerge) || !has_models()) {
        start_job("vit_merge.merge");                      // cancels it, or says what is missing
        return;
    }
    const QString file = QFileDialog::getSaveFileName(window(), tr("Merge and save"), QFileInfo(m_source->set()->path()).completeBaseName() + QStringLiteral("-merged.safetensors"), tr("Checkpoint (*.safetensors)"));
    if (!file.isEmpty()) merge_to(file);
}

bool Panel::merge_to(const QString& file) {
    const QString target = QFileInfo(file).suffix().isEmpty() ? file + QStringLiteral(".safetensors") : file;
    const MethodInfo* method = m_context.catalogue().find("vit_merge.merge");
    m_engine_writes = method && std::ranges::find(method->parameters, "file", &Parameter::id) != method->parameters.end();
    if (!start_job("vit_merge.merge", m_engine_writes ? Json{{"file", target.toStdString()}} : Json::object())) return false;
    m_merge_file = target;
    m_merged = m_recipe = {};
    m_left_out.clear();
    return true;
}

/// The model, and beside it the recipe, in a file of the same name. An engine that can writes both itself: large models need not come here.
void Panel::finish_merge() {
    if (m_merge_file.isEmpty()) return;
    const bool is_written = m_engine_writes && QFileInfo::exists(m_merge_file);
    if (!m_merged.bytes && !is_written) {
        m_context.show_message(QStringLiteral("err"), tr("The engine gave no model."), m_merge_file, tr("Choose a method that gives one model, for example task arithmetic."));
        return;
    }
    const QFileInfo target(m_merge_file);
    const QString recipe = target.path() + u'/' + target.completeBaseName() + QStringLiteral(".recipe.json");
    if (!is_written && (!write_bytes(m_merge_file, m_merged.bytes) || (m_recipe.bytes && !write_bytes(recipe, m_recipe.bytes)))) return;
    QStringList more;
    if (QFileInfo::exists(recipe)) more << tr("Its recipe is %1.").arg(QFileInfo(recipe).fileName());
    if (!m_left_out.isEmpty()) more << tr("Left out: %1.").arg(m_left_out.join(QStringLiteral("; ")));
    m_context.show_message(m_left_out.isEmpty() ? QStringLiteral("info") : QStringLiteral("warn"), tr("The merged model was saved."), m_merge_file, more.join(u' '));
    m_merge_file.clear();
    m_merged = m_recipe = {};
}

void Panel::save_training(const QString& method) {
    for (const Artifact& artifact : m_training->files(method)) {
        const QString name = QString::fromStdString(artifact.key), proposed = QFileInfo(name).suffix().isEmpty() ? name + QStringLiteral(".safetensors") : name;
        const QString file = QFileDialog::getSaveFileName(window(), tr("Save %1").arg(name), proposed);
        if (!file.isEmpty() && write_bytes(file, artifact.bytes)) m_context.show_message(QStringLiteral("info"), tr("%1 was saved.").arg(name), file, {});
    }
}

}
