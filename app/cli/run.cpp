#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/run_arguments.h"
#include "app/cli/run_output.h"
#include "app/cli/terminal.h"
#include "core/base/time.h"
#include "core/report/ticks.h"

namespace lathe::cli {
namespace {

constexpr double kProgressLines = 0.1;   // seconds between the progress lines of --json

Json outcome_json(const RunOutcome& outcome) {
    Json out = {{"run", outcome.uuid}, {"type", "ended"}, {"state", name(outcome.state)}, {"seconds", number_json(outcome.seconds)}, {"summary", outcome.summary}};
    if (outcome.id) out["id"] = outcome.id;
    return out;
}

void print_end(const RunOutcome& outcome, const RunOutput& output) {
    output.print_counts();
    if (const std::string table = output.metrics_text(); !table.empty()) print(table);
    std::vector<std::vector<std::string>> rows;
    for (const auto& [key, value] : outcome.summary.items()) rows.push_back({"  " + key, value.is_number_float() ? short_number(value.get<double>()) : value_text(value)});
    if (!rows.empty()) print(text_table({"  result", ""}, rows));
    print(std::string(name(outcome.state)) + (outcome.seconds > 0 ? " after " + duration_text(outcome.seconds) : ""));
}

Options described() {
    Options options("run", "METHOD [--set NAME=VALUE]... [--input ROLE=PATH]... [--project FILE] [--out DIR]",
        "Runs a method. With --project everything it yields is kept in that project, and an event is printed only once it is safe there; with --out its pictures,\n"
        "tables and other artifacts are written as files. Ctrl+C cancels; what was finished is kept.",
        {"lathe-cli run delta_cache.sample --set class=Sneaker --set steps=20 --project study.lathe",
            "lathe-cli run delta_cache.sample --input model=dit.safetensors --set policy=delta --set 'cache.range=[0,9)' --set cache.mode=range --out pictures",
            "lathe-cli run delta_cache.sample --set policy=painted --set cache.map=@map.json --project study.lathe --json",
            "lathe-cli run delta_cache.train --resume 12 --project study.lathe"});
    add_run_options(options);
    options.value("out", "DIR", "Write artifacts, metrics.csv and run.json into this folder").value("resume", "RUN", "Go on from the last checkpoint of this run (number or uuid) of the project");
    return options;
}

}

int run_command(const QStringList& words) {
    Options options = described();
    if (!options.parse(words, 1, 1)) return kOk;
    const std::string file = options.get("project");
    std::shared_ptr<Project> project = existing_project(file);
    EngineHost host;
    const RunArguments arguments = run_arguments(options, host, project.get());
    const MethodInfo& method = host.method(arguments.request.method);
    const RunRequest request = checked(arguments, method);
    if (!file.empty() && !project) project = made_project(file);
    host.session().set_project(project);

    RunOutput output(options.get("out"), options.json());
    if (options.json()) print(Json{{"run", request.uuid}, {"type", "submitted"}, {"method", request.method}, {"params", request.params}});
    else print(method.title + "  (" + request.method + ", " + request.uuid + ")");
    ProgressBar bar;
    double last_line = -1;
    EngineHost::Sink sink;
    sink.progress = [&](const event::Progress& p) {
        bar.update(p.done, p.total, p.note);
        const double now = monotonic_seconds();
        if (!options.json() || now - last_line < kProgressLines) return;
        last_line = now;
        print(Json{{"run", request.uuid}, {"type", "progress"}, {"done", number_json(p.done)}, {"total", number_json(p.total)}, {"note", p.note}});
    };
    bool started = false;
    sink.event = [&](const RunEvent& e) {
        started = started || std::holds_alternative<event::Started>(e.body);
        output.take(e);
    };
    const RunOutcome outcome = host.run(request, arguments.files, arguments.title, sink);
    ProgressBar::clear();
    if (const auto tags = options.all("tag"); project && outcome.id && !tags.empty()) project->set_tags(outcome.id, tags);
    output.finish(request, outcome_json(outcome));
    if (options.json()) print(outcome_json(outcome));
    else print_end(outcome, output);
    if (outcome.id && !options.json()) print("Kept as run #" + std::to_string(outcome.id) + " in " + file);
    if (outcome.error) say(*outcome.error);
    if (!outcome.kept) say("error", "The last events of the run could not be kept", file, "Free some space on the disk, and run it again");
    if (outcome.state == RunState::cancelled) return kCancelled;
    // What only the engine can check, because it knows the model: it has refused the run before it began.
    if (outcome.error && !started && (outcome.error->code() == ErrorCode::invalid_value || outcome.error->code() == ErrorCode::unknown_name)) return kUsage;
    return outcome.state == RunState::finished && outcome.kept ? kOk : kFailed;
}

}
