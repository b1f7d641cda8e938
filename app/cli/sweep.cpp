#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/run_arguments.h"
#include "app/cli/run_output.h"
#include "app/cli/terminal.h"
#include "core/base/time.h"
#include "core/base/uuid.h"
#include "core/client/sweep_rest.h"
#include "core/method/sweep.h"
#include "core/report/ticks.h"
#include <limits>

namespace lathe::cli {
namespace {

std::vector<SweepAxis> axes_of(const Options& options) {
    std::vector<SweepAxis> axes;
    try {
        for (const std::string& text : options.all("over")) axes.push_back(sweep_axis_from(text));
    } catch (const Error& error) {
        throw UsageError(error);
    }
    if (axes.empty()) throw UsageError(ErrorCode::invalid_value, "Nothing is swept", {}, "Add --over NAME=VALUES, e.g. --over steps=10,20,50 or --over seed=0..9");
    return axes;
}

/// Every cell is checked before the first one starts.
std::vector<SweepRestCell> checked_cells(const RunArguments& base, const MethodInfo& method, const std::vector<SweepAxis>& axes) {
    std::vector<SweepRestCell> cells;
    try {
        for (Json& values : sweep_cells(axes)) {
            RunArguments arguments = base;
            arguments.request.uuid = make_uuid();
            arguments.request.params.update(values);
            RunRequest request = checked(arguments, method);
            cells.push_back({std::int64_t(cells.size()), std::move(values), std::move(request)});
        }
    } catch (const UsageError&) {
        throw;
    } catch (const Error& error) {
        throw UsageError(error);
    }
    return cells;
}

std::string values_text(const Json& values) {
    std::string text;
    for (const auto& [id, value] : values.items()) text += (text.empty() ? "" : " ") + id + "=" + value_text(value);
    return text;
}

Json spec_of(const RunArguments& base, const std::vector<SweepAxis>& axes) {
    Json list = Json::array();
    for (const SweepAxis& axis : axes) list.push_back({{"param", axis.param}, {"values", axis.values}});
    Json spec = sweep_base(base.request, base.files);
    spec.update({{"method", base.request.method}, {"axes", list}, {"title", base.title}});
    return spec;
}

/// Runs the cells one after the other. The state of each is in the project before the next one starts.
int run_cells(EngineHost& host, Project& project, const SweepRest& sweep, const Options& options) {
    const std::string title = sweep.title.empty() && !sweep.cells.empty() ? host.method(sweep.cells.front().request.method).title : sweep.title;
    const auto tags = options.all("tag");
    ProgressBar bar;
    std::size_t failed = 0, cancelled = 0, number = sweep.total - sweep.cells.size();
    for (const SweepRestCell& cell : sweep.cells) {
        const std::string values = values_text(cell.values);
        if (interrupts() > 0) {
            project.set_sweep_cell(sweep.id, cell.number, 0, "cancelled");
            ++cancelled;
            continue;
        }
        host.wait_until_ready();
        EngineHost::Sink sink;
        sink.progress = [&](const event::Progress& p) { bar.update(double(number) + (p.total > 0 ? p.done / p.total : 0), double(sweep.total), values); };
        sink.event = [&](const RunEvent& e) {
            if (std::holds_alternative<event::Started>(e.body)) project.set_sweep_cell(sweep.id, cell.number, host.session().run_id(e.run), "running");
        };
        const RunOutcome outcome = host.run(cell.request, sweep.files.paths, title + ", " + values, sink, sweep.id);
        project.set_sweep_cell(sweep.id, cell.number, outcome.id, std::string(name(outcome.state)));
        if (outcome.id && !tags.empty()) project.set_tags(outcome.id, tags);
        ++number;
        failed += outcome.state == RunState::failed || !outcome.kept;
        cancelled += outcome.state == RunState::cancelled;
        Json line = {{"cell", cell.number}, {"values", cell.values}, {"run", outcome.uuid}, {"id", outcome.id}, {"state", name(outcome.state)}, {"seconds", number_json(outcome.seconds)}, {"summary", outcome.summary}};
        if (outcome.error) line["error"] = outcome.error->what();
        if (options.json()) print(line);
        else print(std::to_string(number) + "/" + std::to_string(sweep.total) + "  " + values + "  #" + std::to_string(outcome.id) + " " + std::string(name(outcome.state)) + "  " + duration_text(outcome.seconds));
        if (outcome.error) say(*outcome.error);
    }
    ProgressBar::clear();
    const std::string file = project.file().string();
    if (options.json()) print(Json{{"sweep", sweep.id}, {"cells", sweep.total}, {"runs", sweep.cells.size()}, {"failed", failed}, {"cancelled", cancelled}});
    else print(std::to_string(sweep.cells.size()) + " runs, " + std::to_string(failed) + " failed, " + std::to_string(cancelled) + " cancelled: sweep " + std::to_string(sweep.id) + " in " + file);
    if (failed + cancelled > 0) say("info", "The rest can be run later", {}, "lathe-cli sweep --resume " + std::to_string(sweep.id) + " --project " + file);
    if (interrupts() > 0) return kCancelled;
    return failed ? kFailed : kOk;
}

void list_cells(const std::vector<SweepRestCell>& cells, bool json) {
    for (const SweepRestCell& cell : cells) {
        if (json) print(Json{{"cell", cell.number}, {"params", cell.request.params}});
        else print(std::to_string(cell.number + 1) + "  " + values_text(cell.values));
    }
}

int resume_sweep(const Options& options, const std::string& file) {
    if (!options.positional().empty() || options.has("over"))
        throw UsageError(ErrorCode::invalid_value, "A sweep that is resumed has its method and values already", "--resume", "Leave METHOD and --over away");
    const auto id = options.integer("resume", 0, 1, std::numeric_limits<std::int64_t>::max());
    const std::shared_ptr<Project> project = existing_project(file);
    if (!project) throw UsageError(ErrorCode::not_found, "There is no such project", file, "Name the project of the sweep with --project");
    SweepRest rest = [&] {
        try {
            return rest_of_sweep(*project, id);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::not_found) throw UsageError(error);
            throw;
        }
    }();
    if (options.has("dry")) return list_cells(rest.cells, options.json()), kOk;
    if (!rest.files.missing.empty()) throw Error(ErrorCode::not_found, "A file of this sweep is not there any more", rest.files.missing.front(), "Put it back, or beside the project");
    EngineHost host;
    for (SweepRestCell& cell : rest.cells) {
        RunArguments arguments;
        arguments.request = cell.request;
        arguments.files = rest.files.paths;
        cell.request = checked(arguments, host.method(cell.request.method));
    }
    host.session().set_project(project);
    return run_cells(host, *project, rest, options);
}

}

int sweep_command(const QStringList& words) {
    Options options("sweep", "METHOD --over NAME=VALUES [--over …] [--set NAME=VALUE]... --project FILE | --resume SWEEP --project FILE",
        "Runs a method for every combination of values: n=2,3 or nc=4..10:2 (both ends, step 2) or seed=0..9; the last --over varies fastest. All are checked before\n"
        "the first starts. A run that fails does not stop the others. Ctrl+C cancels the running one and leaves the rest; --resume runs what has not finished.",
        {"lathe-cli sweep delta_cache.sample --over cache.interval=2,3,4 --over cache.count=0..9:3 --set steps=20 --project study.lathe",
            "lathe-cli sweep engine.selftest --over metrics=1..5 --project test.lathe --json", "lathe-cli sweep --resume 1 --project study.lathe"});
    add_run_options(options);
    options.value("over", "NAME=VALUES", "A parameter and its values; may be given many times").value("resume", "SWEEP", "Run what has not finished of this sweep (its number) of the project").flag("dry", "Only list the runs");
    if (!options.parse(words, 0, 1)) return kOk;
    const std::string file = options.get("project");
    if (file.empty() && (!options.has("dry") || options.has("resume"))) throw UsageError(ErrorCode::invalid_value, "There is no project to keep the runs in", {}, "Add --project FILE");
    if (options.has("resume")) return resume_sweep(options, file);
    if (options.positional().empty()) throw UsageError(ErrorCode::invalid_value, "No method is named", {}, "Usage: lathe-cli sweep METHOD --over NAME=VALUES --project FILE");
    const auto axes = axes_of(options);
    std::shared_ptr<Project> project = existing_project(file);
    EngineHost host;
    const RunArguments base = run_arguments(options, host, project.get());
    std::vector<SweepRestCell> cells = checked_cells(base, host.method(base.request.method), axes);
    if (options.has("dry")) return list_cells(cells, options.json()), kOk;
    if (!project) project = made_project(file);
    host.session().set_project(project);
    std::vector<Json> values;
    for (const SweepRestCell& cell : cells) values.push_back(cell.values);
    const SweepId id = project->add_sweep(spec_of(base, axes), values);
    const std::size_t total = cells.size();
    return run_cells(host, *project, {id, base.title, total, {base.files, {}}, std::move(cells)}, options);
}

}
