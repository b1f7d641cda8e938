#include "app/cli/run_output.h"
#include "app/cli/terminal.h"
#include "core/base/csv.h"
#include "core/base/file.h"
#include "core/client/stored_form.h"
#include "core/report/escape.h"
#include "core/report/ticks.h"

namespace lathe::cli {
namespace fs = std::filesystem;
namespace {

constexpr const char* kMetricsHead = "key,step,t,value\r\n";

template <class... Body> struct Cases : Body... { using Body::operator()...; };

const char* type_of(const RunEventBody& body) {
    constexpr const char* kTypes[] = {"started", "progress", "metrics", "artifact", "log", "checkpoint", "finished", "failed", "cancelled", "paused"};
    static_assert(std::size(kTypes) == std::variant_size_v<RunEventBody>);
    return kTypes[body.index()];
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t n : shape) text += (text.empty() ? "" : " × ") + std::to_string(n);
    return text;
}

std::string ending_of(const std::string& media) {
    static const std::map<std::string, const char*> kEndings = {{"image/png", ".png"}, {"image/jpeg", ".jpg"}, {"application/x-safetensors", ".safetensors"}, {"text/csv", ".csv"},
        {"text/plain", ".txt"}, {"application/json", ".json"}, {"text/markdown", ".md"}, {"text/html", ".html"}, {"application/graphml+xml", ".graphml"}};
    const auto found = kEndings.find(media);
    return found == kEndings.end() ? ".bin" : found->second;
}

}

Json event_json(const RunEvent& event, const std::string& file) {
    Json out = {{"run", event.run}, {"seq", event.seq}, {"type", type_of(event.body)}};
    std::visit(Cases{
        [&](const event::Started& e) { out["environment"] = e.environment; },
        [&](const event::Progress& e) { out.update({{"done", number_json(e.done)}, {"total", number_json(e.total)}, {"note", e.note}}); },
        [&](const event::Metrics& e) {
            Json points = Json::array();
            for (const event::MetricPoint& p : e.points)
                points.push_back({{"key", p.key < e.keys.size() ? e.keys[p.key] : std::string()}, {"step", p.step}, {"t", number_json(p.time)}, {"value", number_json(p.value)}});
            out["points"] = std::move(points);
        },
        [&](const event::ArtifactMade& e) {
            const Artifact& a = e.artifact;
            out.update({{"key", a.key}, {"kind", a.kind}, {"media", a.media}, {"step", a.step}, {"shape", a.shape}, {"dtype", a.dtype}, {"bytes", a.bytes ? a.bytes->size() : 0}});
            if (!file.empty()) out["file"] = file;
        },
        [&](const event::LogLine& e) { out.update({{"level", e.level}, {"text", e.text}}); },
        [&](const event::Checkpoint& e) { out["bytes"] = e.bytes ? e.bytes->size() : 0; },
        [&](const event::Finished& e) { out.update({{"seconds", number_json(e.seconds)}, {"summary", e.summary}}); },
        [&](const event::Failed& e) { out["error"] = {{"code", name(e.code)}, {"what", e.what}, {"where", e.where}, {"hint", e.hint}}; },
        [&](const event::Cancelled& e) { out["seconds"] = number_json(e.seconds); },
        [&](const event::Paused& e) { out["seconds"] = number_json(e.seconds); },
    }, event.body);
    return out;
}

std::string artifact_file_name(const std::string& key, std::int64_t step, const std::string& media, const Json& meta) {
    if (meta.is_object() && meta.contains("name") && meta["name"].is_string()) return file_name_from(fs::path(meta["name"].get<std::string>()).filename().string());
    std::string number = std::to_string(step);
    if (step >= 0 && number.size() < 6) number.insert(0, 6 - number.size(), '0');
    return file_name_from(key) + (step == 0 ? "" : "_" + number) + ending_of(media);
}

RunOutput::RunOutput(fs::path folder, bool json) : m_folder(std::move(folder)), m_json(json), m_csv(kMetricsHead) {
    if (m_folder.empty()) return;
    std::error_code error;
    fs::create_directories(m_folder, error);
    if (error) throw Error(ErrorCode::io, "The folder cannot be made: " + error.message(), m_folder.string(), "Choose another one for --out.");
}

std::string RunOutput::write(const Artifact& artifact) {
    if (m_folder.empty()) return {};
    Artifact stored = artifact;
    to_stored_form(stored);
    const fs::path file = m_folder / artifact_file_name(stored.key, stored.step, stored.media, stored.meta);
    write_file(file, stored.bytes ? *stored.bytes : std::string());
    return file.string();
}

void RunOutput::take(const RunEvent& event) {
    std::string file;
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) {
        file = write(made->artifact);
        if (const bool first = m_made[made->artifact.key]++ == 0; first && !m_json) print("  " + made->artifact.key + "  " + made->artifact.kind + (made->artifact.shape.empty() ? "" : "  " + shape_text(made->artifact.shape)) +
            (file.empty() ? "" : "  -> " + file));
    } else if (const auto* metrics = std::get_if<event::Metrics>(&event.body)) {
        for (const event::MetricPoint& p : metrics->points) {
            if (p.key >= metrics->keys.size()) continue;
            m_last[metrics->keys[p.key]] = p.value;
            if (!m_folder.empty()) m_csv += csv_row({metrics->keys[p.key], p.step, number_json(p.time), number_json(p.value)});
        }
    } else if (const auto* checkpoint = std::get_if<event::Checkpoint>(&event.body)) {
        if (!m_folder.empty() && checkpoint->bytes) write_file(m_folder / "checkpoint.safetensors", *checkpoint->bytes);
    } else if (const auto* line = std::get_if<event::LogLine>(&event.body); line && !m_json) {
        print("  " + line->level + ": " + line->text);
    }
    if (m_json) print(event_json(event, file));
}

void RunOutput::print_counts() const {
    for (const auto& [key, count] : m_made)
        if (count > 1) print("  " + key + ": " + std::to_string(count) + " in all");
}

std::string RunOutput::metrics_text() const {
    if (m_last.empty()) return {};
    std::vector<std::vector<std::string>> rows;
    for (const auto& [key, value] : m_last) rows.push_back({"  " + key, short_number(value)});
    return text_table({"  metric", "last"}, rows);
}

void RunOutput::finish(const RunRequest& request, const Json& outcome) {
    if (m_folder.empty()) return;
    if (m_csv.size() > std::string_view(kMetricsHead).size()) write_file(m_folder / "metrics.csv", m_csv);
    Json record = outcome;
    record["request"] = to_json(request);
    write_file(m_folder / "run.json", json_text(record, 2) + "\n");
}

std::string metrics_csv(const ProjectReader& reader, RunId run) {
    std::string csv = kMetricsHead;
    for (const MetricSummary& m : reader.metrics(run)) {
        const Series series = reader.series(run, m.key);
        for (std::size_t i = 0; i < series.step.size(); ++i)
            csv += csv_row({m.key, std::int64_t(series.step[i]), number_json(series.time[i]), number_json(series.value[i])});
    }
    return csv;
}

}
