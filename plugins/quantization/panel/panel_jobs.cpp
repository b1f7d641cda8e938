// Recorded work that takes longer than a measurement: each method at most once at a time, shown as it goes in its own dock.
#include "core/base/error.h"
#include "plugins/quantization/panel/budget_rows.h"
#include "plugins/quantization/panel/engine_view.h"
#include "plugins/quantization/panel/learning_view.h"
#include "plugins/quantization/panel/methods_view.h"
#include "plugins/quantization/panel/panel.h"
#include "plugins/quantization/panel/source_bar.h"
#include "widgets/asset_chooser.h"
#include "widgets/kept_view.h"
#include "widgets/parameter_form.h"
#include <QCryptographicHash>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QSaveFile>
#include <QStandardPaths>

namespace lathe::quantization {
namespace {
constexpr int kMostTried = 200;
const QString kSensitivity = QStringLiteral("quantization.sensitivity"), kCompare = QStringLiteral("quantization.compare"), kDeploy = QStringLiteral("quantization.deploy");
}

bool Panel::start_job(const char* method) { return start_job(method, m_options.of(QString::fromLatin1(method))->values()); }

/// While it runs: cancels it. False where nothing was started.
bool Panel::start_job(const char* method, const Json& extra) {
    const QString id = QString::fromLatin1(method);
    if (const QString uuid = m_jobs.value(id); !uuid.isEmpty()) {
        m_context.cancel(uuid);
        return false;
    }
    const MethodInfo* info = m_context.catalogue().find(method);
    if (!info) {
        m_context.show_message(QStringLiteral("warn"), tr("This engine does not know %1.").arg(id), {}, tr("Help > Plugins says what is loaded."));
        return false;
    }
    if (!is_ready_to_run()) {
        run();   // says what is missing
        return false;
    }
    RunRequest asked = request(method, false);
    for (const auto& [key, value] : extra.items()) asked.params[key] = value;
    const QString uuid = m_context.submit(asked, assets(), {});
    if (uuid.isEmpty()) return false;
    m_jobs.insert(id, uuid);
    m_job_params.insert(id, asked.params);
    job_progress(id, tr("Waiting for the engine…"));
    return true;
}

QString Panel::job_of(const QString& uuid) const { return uuid.isEmpty() ? QString() : m_jobs.key(uuid); }

void Panel::take_job(const QString& method, const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take_job_artifact(method, made->artifact);
    if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
        job_progress(method, tr("%1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
    if (LearningView::methods().contains(method)) m_learning->take(method, event);
    if (const auto* done = std::get_if<event::Finished>(&event.body)) job_finished(method, m_job_params.value(method), done->summary);
}

void Panel::take_job_artifact(const QString& method, const Artifact& artifact) {
    if (method == kSensitivity) m_sensitivity_coming.take(artifact);
    else if (method == kCompare && artifact.key == "comparison") m_methods->show_comparison(artifact);
    else if (method == kDeploy) m_engine->take(artifact);
    else if (LearningView::methods().contains(method)) m_learning->take(method, artifact);
}

void Panel::job_finished(const QString& method, const Json& params, const Json& summary) {
    if (method == kSensitivity && m_sensitivity_coming.is_ready()) {
        m_sensitivity = std::exchange(m_sensitivity_coming, {});
        m_sensitivity.set_params(params);
        m_sensitivity_source = m_source->model()->path();
        m_front_key = {};
        refresh_assignment();
    } else if (method == kDeploy) {
        m_engine->finish(summary);
        m_checked_params = params;
        show_stale();
        if (std::exchange(m_save_onnx_waits, false)) save_onnx();
    } else if (LearningView::methods().contains(method)) {
        m_learning->finish(method, summary);
    }
}

void Panel::job_ended(const QString& method) {
    m_jobs.remove(method);
    if (method == kDeploy) m_save_onnx_waits = false;
    job_progress(method, {});
}

/// An empty text: it does not run any more.
void Panel::job_progress(const QString& method, const QString& text) {
    if (method == kSensitivity) m_front->set_running(text);
    else if (method == kCompare) m_methods->set_running(text);
    else if (method == kDeploy) m_engine->set_running(text);
    else m_learning->set_running(method, text);
}

void Panel::measure_sensitivity() {
    const bool cancels = m_jobs.contains(kSensitivity);
    if (start_job("quantization.sensitivity") && !cancels) m_sensitivity_coming = {};
}

/// The last finished one of this model, from the project.
void Panel::find_sensitivity() {
    if (!m_sensitivity.is_empty() || !m_context.has_project() || m_jobs.contains(kSensitivity)) return;
    m_sensitivity_source = m_source->model()->path();
    m_sensitivity_coming = {};
    read_newest(kSensitivity, QStringLiteral("model"), m_sensitivity_source);
}

void Panel::find_tried() {
    const QString model = m_source->model()->path(), data = m_source->data()->path(), source = model + u'\n' + data;
    if (!m_context.has_project() || source == m_tried_source) return;
    m_tried_source = source;
    find_runs(QStringLiteral("quantization.evaluate"), QStringLiteral("model"), model, kMostTried, [this, model, data](const QList<PanelRun>& runs) {
        if (model != m_source->model()->path() || data != m_source->data()->path()) return;   // another was chosen meanwhile
        QList<PanelRun> rising = runs;                     // the newest of an assignment is added last, and stays
        std::ranges::sort(rising, {}, &PanelRun::id);
        for (const PanelRun& run : std::as_const(rising)) {
            const double bytes = fact(run.summary, "size_bytes"), top1 = fact(run.summary, "top1");
            if (bytes > 0 && !std::isnan(top1) && run.assets.contains(std::pair(QStringLiteral("data"), data))) add_tried({run.params, bytes, fact(run.summary, "bitops"), 100 * top1});
        }
        show_front();
    });
}

/// Each assignment once, with its newest measurement.
void Panel::add_tried(Tried tried) {
    if (!tried.params.is_object()) return;
    for (const char* other : {"images", "batch"}) tried.params.erase(other);   // what was measured it on
    m_tried.removeIf([&](const Tried& one) { return one.params == tried.params; });
    m_tried << std::move(tried);
    if (m_tried.size() > kMostTried) m_tried.removeFirst();
}

// --- on the engine

bool Panel::is_checked() const {
    Json then = m_checked_params, now = request("quantization.deploy", false).params;
    const Json options = m_options.of(kDeploy)->values();     // how it is checked says nothing of the network
    for (Json* params : {&then, &now})
        for (const auto& [id, value] : options.items())
            if (params->is_object()) params->erase(id);
    return then == now;
}

void Panel::check_on_engine() {
    m_save_onnx_waits = false;
    if (start_job("quantization.deploy")) m_engine->begin();
}

/// What was checked is saved; where it was of other bits, it is checked first.
void Panel::export_onnx() {
    if (m_engine->onnx() && is_checked()) return save_onnx();
    if (m_jobs.contains(kDeploy)) {
        m_save_onnx_waits = true;   // it is under way
        return;
    }
    check_on_engine();
    m_save_onnx_waits = m_jobs.contains(kDeploy);
}

void Panel::save_onnx() {
    if (!m_engine->onnx()) {
        m_context.show_message(QStringLiteral("warn"), tr("There is no ONNX file to save."), {}, tr("Check the network on the engine: that makes it."));
        return;
    }
    const QString name = QFileInfo(m_source->model()->path()).completeBaseName() + QStringLiteral("-int8.onnx");
    const QString file = QFileDialog::getSaveFileName(window(), tr("Save the ONNX network"), name, tr("ONNX (*.onnx)"));
    if (!file.isEmpty()) write_onnx(file);
}

/// The clip ranges of MQBench stand beside it.
void Panel::write_onnx(const QString& file) {
    const QFileInfo info(file);
    QStringList written;
    const auto write = [&](const QString& path, const Bytes& bytes) {
        if (bytes && write_bytes(path, bytes)) written << path;
    };
    write(file, m_engine->onnx());
    write(info.path() + u'/' + info.completeBaseName() + QStringLiteral("_clip_ranges.json"), m_engine->clip_ranges());
    if (written.contains(file)) m_context.show_message(QStringLiteral("info"), tr("The ONNX network was saved."), written.join(QStringLiteral(", ")), {});
}

bool Panel::write_bytes(const QString& path, const Bytes& bytes) {
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && file.write(bytes->data(), qint64(bytes->size())) == qint64(bytes->size()) && file.commit()) return true;
    m_context.show_message(QStringLiteral("err"), tr("The file could not be written."), path + QStringLiteral(": ") + file.errorString(), tr("Check the free space and your right to write there."));
    return false;
}

// --- learning

void Panel::start_learning(const QString& method) {
    const bool starts = !m_jobs.contains(method);
    if (!start_job(method.toLatin1().constData(), m_learning->values(method)) || !starts) return;
    m_learning->begin(method);
}

/// A run's input is a file: what was learnt is put into the user's data folder.
void Panel::use_learnt(const QString& method) {
    const Bytes bytes = m_learning->quantizers(method);
    if (!bytes) return;
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + QStringLiteral("/lathe/quantizers");
    QDir().mkpath(folder);
    const QString name = QString::fromLatin1(QCryptographicHash::hash(QByteArrayView(bytes->data(), qsizetype(bytes->size())), QCryptographicHash::Sha256).toHex().left(12));
    const QString file = QStringLiteral("%1/%2-%3.safetensors").arg(folder, method.mid(method.indexOf(u'.') + 1), name);
    if (QFileInfo::exists(file) || write_bytes(file, bytes)) use_quantizers(file);
}

void Panel::use_quantizers(const QString& file) {
    take_quantizers(file);
    m_kept_view->edited(file.isEmpty() ? tr("Ranges of the observers") : tr("Learnt quantizers"));
    save_soon();
}

void Panel::take_quantizers(const QString& file) {
    if (file == m_quantizers) return;
    m_quantizers = file;
    m_learnt_row->set_file(file);
    refresh_assignment();
    if (is_live() && wants_live()) send_live();
}

void Panel::save_model(const QString& method) {
    const Bytes bytes = m_learning->model(method);
    if (!bytes) return;
    const QString file = QFileDialog::getSaveFileName(window(), tr("Save the learnt model"), QFileInfo(m_source->model()->path()).completeBaseName() + QStringLiteral("-learnt.safetensors"), tr("Checkpoint (*.safetensors)"));
    if (!file.isEmpty() && write_bytes(file, bytes)) m_context.show_message(QStringLiteral("info"), tr("The model was saved."), file, {});
}

}
