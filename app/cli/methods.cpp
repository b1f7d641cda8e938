#include "app/cli/command.h"
#include "app/cli/engine_host.h"
#include "app/cli/options.h"
#include "app/cli/terminal.h"

namespace lathe::cli {
namespace {

std::string limits_of(const Parameter& p) {
    if (!p.choices.empty()) {
        std::string text;
        for (const Choice& c : p.choices) text += (text.empty() ? "" : " | ") + c.value;
        return text;
    }
    if (!p.choices_from.empty()) return p.choices_from;
    if (p.min.is_null() && p.max.is_null()) return {};
    return (p.min.is_null() ? std::string("…") : value_text(p.min)) + " … " + (p.max.is_null() ? std::string("…") : value_text(p.max));
}

void print_method(const MethodInfo& m) {
    print(m.id + "  " + m.title + "\n" + m.help + (m.source.empty() ? "" : "\nSource: " + m.source));
    std::vector<std::vector<std::string>> rows;
    for (const Parameter& p : m.parameters)
        rows.push_back({"  " + p.id, std::string(name(p.type)), p.default_value.is_null() ? "" : value_text(p, p.default_value), limits_of(p), p.unit, p.help});
    if (!rows.empty()) print("\n" + text_table({"  parameter", "type", "default", "limits", "unit", ""}, rows));
    rows.clear();
    for (const InputSlot& i : m.inputs) rows.push_back({"  " + i.role, i.kind, i.required ? "needed" : "optional", i.help});
    if (!rows.empty()) print("\n" + text_table({"  input", "kind", "", ""}, rows));
    rows.clear();
    for (const OutputInfo& o : m.outputs) rows.push_back({"  " + o.key, o.kind, o.label, o.unit});
    if (!rows.empty()) print("\n" + text_table({"  output", "kind", "", "unit"}, rows));
}

}

int methods_command(const QStringList& words) {
    Options options("methods", "[METHOD]", "Lists the methods of the engine and its plugins; with METHOD: its parameters, inputs and outputs.",
        {"lathe-cli methods", "lathe-cli methods delta_cache.sample", "lathe-cli methods --json"});
    if (!options.parse(words, 0, 1)) return kOk;
    const EngineHost host;
    if (!options.positional().empty()) {
        const MethodInfo& method = host.method(options.positional()[0]);
        if (options.json()) print(to_json(method));
        else print_method(method);
        return kOk;
    }
    if (options.json()) {
        print(to_json(host.catalogue()));
        return kOk;
    }
    std::vector<std::vector<std::string>> rows;
    for (const MethodInfo& m : host.catalogue().methods) rows.push_back({m.id, m.title, m.help});
    print(text_table({"method", "title", ""}, rows));
    rows.clear();
    for (const FamilyInfo& f : host.catalogue().families) rows.push_back({f.id, f.title, f.help});
    if (!rows.empty()) print("\n" + text_table({"model family", "title", ""}, rows));
    return kOk;
}

int plugins_command(const QStringList& words) {
    Options options("plugins", "", "Lists the engine's plugins, with the reason where one is not loaded.", {"lathe-cli plugins", "LATHE_PLUGIN_PATH=~/plugins lathe-cli plugins --json"});
    if (!options.parse(words, 0, 0)) return kOk;
    const EngineHost host;
    const EngineHello& hello = host.session().engine().hello();
    std::vector<std::vector<std::string>> rows;
    bool all_ok = true;
    for (const PluginStatus& p : hello.plugins) {
        all_ok = all_ok && p.ok;
        rows.push_back({p.id, p.version, p.ok ? "loaded" : "not loaded", p.ok ? p.file : p.reason + " (" + p.file + ")"});
        if (options.json()) print(Json{{"id", p.id}, {"version", p.version}, {"ok", p.ok}, {"reason", p.reason}, {"file", p.file}});
    }
    if (!options.json()) {
        print("Engine " + hello.engine + ", LibTorch " + hello.torch + ", " + hello.abi);
        print(rows.empty() ? "No plugins were found." : text_table({"plugin", "version", "", ""}, rows));
    }
    return all_ok ? kOk : kFailed;
}

}
