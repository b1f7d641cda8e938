// lathe-onnx: checks, describes and runs ONNX models with ONNX Runtime on the CPU. A program of its own because the runtime writes to standard error as it
// likes, and because a bad model must never take the engine down.
#include "app/onnx/model.h"
#include "app/onnx/session.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

using namespace lathe;
using namespace lathe::onnx_program;
namespace fs = std::filesystem;

constexpr const char* kUsage =
    "Usage: lathe-onnx check MODEL\n"
    "       lathe-onnx info [MODEL]\n"
    "       lathe-onnx run MODEL --in FILE --out FILE [OPTION]...\n"
    "\n"
    "check  the ONNX checker with full shape inference, then ONNX Runtime must load the model\n"
    "info   ONNX Runtime and this CPU; with a model also its inputs, outputs and operators, before and after optimisation\n"
    "run    run the model on the tensors of a safetensors file and write its outputs to another\n"
    "\n"
    "Options of run:\n"
    "  --in FILE             safetensors file of the inputs, by name\n"
    "  --input NAME=TENSOR   take the input NAME from this tensor of the file\n"
    "  --out FILE            safetensors file for the outputs\n"
    "  --optimise all|off    graph optimisations; without this option all\n"
    "  --precise             exact sums of 8-bit products on CPUs without VNNI (session.x64quantprecision), slower\n"
    "  --threads N           1 to 1024, without this option 1\n"
    "  --repeat N            runs that are timed, 1 to 1000000; one more goes before\n"
    "  --tensor NAME         an inner tensor to write too; any number of times\n"
    "  --all-tensors         write every inner tensor; needs --optimise off\n"
    "\n"
    "--parent PID (any command): end when this parent process ends.\n"
    "Prints JSON. Exit codes: 0 done, 1 failed, 2 wrong usage (nothing was done).\n";

struct WrongUsage : Error { using Error::Error; };

struct Arguments {
    std::string command;
    fs::path model, in, out;
    std::map<std::string, std::string> inputs;   // input: tensor of the file
    SessionSettings session;
    int repeat = 1;
};

int number(const std::string& option, const std::string& text, int low, int high) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < low || value > high)
        throw WrongUsage(ErrorCode::invalid_value, option + " takes a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ".", valid_text(text, 64), "See lathe-onnx --help.");
    return value;
}

/// Where the engine is killed, its helper ends with it.
void follow_parent(int parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) std::_Exit(1);
}

Arguments parse(std::vector<std::string> words) {
    const auto wrong = [](const std::string& what, const std::string& where) { return WrongUsage(ErrorCode::invalid_value, what, where, "See lathe-onnx --help."); };
    Arguments a;
    a.command = words.front();
    if (a.command != "check" && a.command != "info" && a.command != "run") throw wrong("There is no such command.", valid_text(a.command, 64));
    bool optimise_given = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& word = words[i];
        const auto value = [&]() -> const std::string& {
            if (i + 1 == words.size()) throw wrong("The option needs a value.", word);
            return words[++i];
        };
        if (!word.starts_with("--")) {
            if (!a.model.empty()) throw wrong("One model at a time.", valid_text(word, 256));
            a.model = word;
        } else if (word == "--parent") {
            follow_parent(number(word, value(), 1, std::numeric_limits<int>::max()));
        } else if (a.command != "run") {
            throw wrong("Only run has this option.", valid_text(word, 64));
        } else if (word == "--in") a.in = value();
        else if (word == "--out") a.out = value();
        else if (word == "--precise") a.session.precise = true;
        else if (word == "--all-tensors") a.session.all_tensors = true;
        else if (word == "--tensor") a.session.tensors.push_back(value());
        else if (word == "--threads") a.session.threads = number(word, value(), 1, 1024);
        else if (word == "--repeat") a.repeat = number(word, value(), 1, 1'000'000);
        else if (word == "--optimise") {
            const std::string& how = value();
            if (how != "all" && how != "off") throw wrong("--optimise is all or off.", valid_text(how, 64));
            a.session.optimise = how == "all";
            optimise_given = true;
        } else if (word == "--input") {
            const std::string& pair = value();
            const std::size_t at = pair.find('=');
            if (at == 0 || at == std::string::npos || at + 1 == pair.size()) throw wrong("--input takes NAME=TENSOR.", valid_text(pair, 256));
            a.inputs[pair.substr(0, at)] = pair.substr(at + 1);
        } else throw wrong("There is no such option.", valid_text(word, 64));
    }
    if (a.model.empty() && a.command != "info") throw wrong("A model is missing.", a.command);
    if (a.command == "run" && (a.in.empty() || a.out.empty())) throw wrong("run needs --in FILE and --out FILE.", a.model.string());
    // Outputs in the middle keep nodes from being fused, so that other arithmetic than the usual would be seen.
    if (a.session.all_tensors && optimise_given && a.session.optimise) throw wrong("--all-tensors needs --optimise off.", "--optimise all");
    if (a.session.all_tensors) a.session.optimise = false;
    return a;
}

class Stopwatch {
public:
    double ms() const { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - m_start).count(); }
private:
    const std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

Json write_outputs(AtomicFile& file, const Session& session, const std::vector<Ort::Value>& values, Json& left_out) {
    std::vector<TensorView> views;
    Json written = Json::array();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string& name = session.output_names()[i];
        const ElementType* type = nullptr;
        std::vector<std::int64_t> shape;
        if (values[i].HasValue() && values[i].IsTensor()) {
            const auto info = values[i].GetTensorTypeAndShapeInfo();
            type = element_type(int(info.GetElementType()));
            shape = info.GetShape();
        }
        if (!type) {   // texts, sequences, types that safetensors has no name for
            left_out.push_back(valid_text(name, 256));
            continue;
        }
        const auto* data = static_cast<const std::byte*>(values[i].GetTensorRawData());
        views.push_back({name, type, shape, {data, dense_bytes(*type, shape, name)}});
        written.push_back({{"name", valid_text(name, 256)}, {"dtype", type->name}, {"shape", shape}});
    }
    const std::string header = tensor_header(views);
    file.write(header.data(), header.size());
    for (const TensorView& view : views) file.write(view.bytes.data(), view.bytes.size());
    file.commit();
    return written;
}

Json run(const Arguments& a) {
    std::map<std::string, FileTensor> tensors = read_tensors(a.in);
    for (const auto& [input, tensor] : a.inputs) {
        const auto found = tensors.find(tensor);
        if (found == tensors.end()) throw Error(ErrorCode::not_found, "The file has no such tensor.", a.in.string() + ", tensor " + valid_text(tensor, 256), "Name another with --input.");
        FileTensor copy = found->second;   // one tensor may feed several inputs
        tensors.insert_or_assign(input, std::move(copy));
    }
    AtomicFile file(a.out);   // first: a place that cannot be written is told before the work
    const Stopwatch loading;
    Session session(a.model, a.session);
    const double load_ms = loading.ms();
    const Stopwatch warming;
    std::vector<Ort::Value> values = session.run(tensors);
    const double first_ms = warming.ms();
    std::vector<double> times;
    for (int i = 0; i < a.repeat; ++i) {
        const Stopwatch watch;
        values = session.run(tensors);
        times.push_back(watch.ms());
    }
    std::ranges::sort(times);
    Json report = runtime_facts(), left_out = Json::array();
    report["outputs"] = write_outputs(file, session, values, left_out);
    report["left_out"] = left_out;
    report["optimise"] = a.session.optimise ? "all" : "off";
    report["precise"] = a.session.precise;
    report["threads"] = a.session.threads;
    report["ms"] = {{"load", load_ms}, {"first", first_ms}, {"min", times.front()}, {"median", times[times.size() / 2]}, {"runs", times.size()}};
    return report;
}

/// Operators after optimisation: the runtime writes its graph to a file, which is read back.
Json optimised_operators(const fs::path& model) {
    std::string name = (fs::temp_directory_path() / "lathe-onnx-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    if (fd < 0) throw Error(ErrorCode::io, "No temporary file can be made.", name, "Set TMPDIR to a folder that you may write into.");
    ::close(fd);
    struct Removed { std::string name; ~Removed() { ::unlink(name.c_str()); } } const removed{name};
    const Session optimised(model, {.optimised_file = name});
    return operator_counts(read_model(name).graph());
}

Json info(const Arguments& a) {
    Json report = runtime_facts();
    if (a.model.empty()) return report;
    report["model"] = describe(read_model(a.model));
    const Session session(a.model, {.optimise = false});
    report["inputs"] = session.inputs();
    report["outputs"] = session.outputs();
    report["optimised_operators"] = optimised_operators(a.model);
    return report;
}

Json check(const Arguments& a) {
    check_model(a.model);
    const Session session(a.model, {.optimise = false});
    return {{"ok", true}, {"inputs", session.inputs()}, {"outputs", session.outputs()}};
}

int tell(const Error& error, int status) {
    std::fprintf(stderr, "lathe-onnx: %s\n", error.what());
    std::puts(json_text({{"error", {{"code", name(error.code())}, {"what", error.summary()}, {"where", error.where()}, {"hint", error.hint()}}}}).c_str());
    return status;
}

}

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) return std::fputs(kUsage, stdout), 0;
    if (words.size() == 1 && words[0] == "--version") return std::printf("lathe-onnx %s\n", version().c_str()), 0;
    if (words.empty()) return std::fputs(kUsage, stderr), 2;
    try {
        const Arguments arguments = parse(words);
        const Json report = arguments.command == "run" ? run(arguments) : arguments.command == "check" ? check(arguments) : info(arguments);
        const bool printed = std::puts(json_text(report, 1).c_str()) >= 0 && std::fflush(stdout) == 0;
        return printed ? 0 : 1;
    } catch (const WrongUsage& error) {
        return tell(error, 2);
    } catch (...) {
        return tell(current_error("lathe-onnx"), 1);
    }
}
