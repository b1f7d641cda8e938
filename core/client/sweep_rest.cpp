#include "core/client/sweep_rest.h"
#include "core/base/error.h"
#include "core/base/uuid.h"
#include "core/project/sweep_cells.h"
#include <algorithm>

namespace lathe {
namespace fs = std::filesystem;
namespace {

struct Base { RunRequest request; RunFiles files; };

Base stated_base(const Json& spec) {
    Base base{run_request_from(spec.at("request")), {}};
    for (const Json& file : spec.value("files", Json::array())) {
        const std::string role = file.value("role", std::string()), path = file.value("path", std::string());
        std::error_code none;
        if (fs::exists(path, none)) base.files.paths.emplace_back(role, path);
        else base.files.missing.push_back(path);
    }
    return base;
}

/// A sweep that was started by other means says what it runs by the runs it has had.
Base base_of(const ProjectReader& reader, const SweepRow& sweep, const fs::path& file) {
    if (sweep.spec.is_object() && sweep.spec.contains("request")) return stated_base(sweep.spec);
    const std::vector<RunRow> runs = reader.runs(compile_query("sweep:" + std::to_string(sweep.id), nullptr), 1);
    if (runs.empty())
        throw Error(ErrorCode::not_found, "Sweep " + std::to_string(sweep.id) + " does not say what it runs, and none of its runs is there.", file.string(), "Start a new sweep.");
    return {runs.front().request(), files_of_run(reader, runs.front().id, file)};
}

}

Json sweep_base(const RunRequest& base, const std::vector<std::pair<std::string, std::string>>& files) {
    Json list = Json::array();
    for (const auto& [role, path] : files) list.push_back({{"role", role}, {"path", fs::absolute(path).lexically_normal().string()}});
    return {{"request", to_json(base)}, {"files", std::move(list)}};
}

SweepRest rest_of_sweep(Project& project, SweepId id) {
    const auto reader = project.reader();
    const std::vector<SweepRow> sweeps = reader->sweeps();
    const auto sweep = std::ranges::find(sweeps, id, &SweepRow::id);
    if (sweep == sweeps.end()) {
        std::string known;
        for (const SweepRow& row : sweeps) known += (known.empty() ? "Its sweeps: " : ", ") + std::to_string(row.id);
        throw Error(ErrorCode::not_found, "There is no sweep " + std::to_string(id) + " in the project.", project.file().string(), known.empty() ? "It has no sweeps." : known);
    }
    Base base = base_of(*reader, *sweep, project.file());
    SweepRest rest{id, sweep->spec.is_object() ? sweep->spec.value("title", std::string()) : std::string(), 0, std::move(base.files), {}};
    for (SweepCellRow& cell : sweep_cells_of(project.file(), id)) {
        ++rest.total;
        if (cell.state == "finished") continue;
        if (cell.run != 0 && reader->find_run(std::to_string(cell.run))) {
            const RunState state = reader->run(cell.run).state;
            if (state == RunState::finished) {
                project.set_sweep_cell(id, cell.number, cell.run, "finished");
                continue;
            }
            if (state == RunState::running || state == RunState::queued)
                throw Error(ErrorCode::busy, "This sweep is still under way.", project.file().string() + ", sweep " + std::to_string(id) + ", run " + std::to_string(cell.run), "Wait until it has ended, or cancel it where it was started.");
        }
        RunRequest request = base.request;
        request.uuid = make_uuid();
        request.lane = Lane::batch;
        request.resume.clear();
        request.assets.clear();
        request.params.update(cell.values);
        rest.cells.push_back({cell.number, std::move(cell.values), std::move(request)});
    }
    return rest;
}

}
