// engine.selftest: everything that a run can yield, in any amount, and every way in which it can go wrong. The tests of client, project and window use it.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/engine/builtin_methods.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace lathe {
namespace {

void sleep_until(double until, RunContext& run, bool ignore_cancel) {
    while (monotonic_seconds() < until) {
        if (!ignore_cancel) run.check_cancelled();
        std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(until - monotonic_seconds(), 0.0, 0.005)));
    }
}

[[noreturn]] void read_a_file_that_shrinks() {
    char path[] = "/tmp/lathe-selftest-XXXXXX";
    const int fd = ::mkstemp(path);
    ::unlink(path);
    if (fd < 0 || ::ftruncate(fd, 1 << 20) != 0) throw Error(ErrorCode::io, "The file for the test cannot be made.", path);
    const volatile char* data = static_cast<const char*>(::mmap(nullptr, 1 << 20, PROT_READ, MAP_PRIVATE, fd, 0));
    if (::ftruncate(fd, 0) != 0) throw Error(ErrorCode::io, "The file for the test cannot be cut.", path);
    throw Error(ErrorCode::internal, "Reading behind the end of the file gave " + std::to_string(int(data[1 << 19])) + ".", path);
}

void fail_on_purpose(const std::string& fault, RunContext& run) {
    if (fault == "error") throw Error(ErrorCode::invalid_value, "The self-test was asked to fail.", "parameter fault", "Choose another fault.");
    if (fault == "exception") throw std::runtime_error("an exception that is not ours");
    if (fault == "torch_error") at::matmul(at::ones({2, 3}), at::ones({4, 5}));
    if (fault == "out_of_memory") at::empty({std::int64_t{1} << 46});
    if (fault == "bad_alloc") throw std::bad_alloc();
    if (fault == "crash") std::raise(SIGSEGV);
    if (fault == "abort") std::abort();
    if (fault == "exit") ::_exit(3);
    if (fault == "kill") std::raise(SIGKILL);
    if (fault == "hang")
        for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
    if (fault == "print") {   // as a careless library does: it must not reach the connection
        std::printf("LTH1 this is not a frame\n");
        std::fflush(stdout);
        [[maybe_unused]] const ssize_t n = ::write(1, "LTH1\xff\xff\xff\xff", 8);
    }
    if (fault == "file_changed") read_a_file_that_shrinks();
    if (fault == "bad_text") run.log("info", "caf\xe9");
    if (fault == "bad_image") run.artifact({"broken", "image", "raw/u8", 0, {2, 2, 3}, "u8", Json::object(), false, std::make_shared<const std::string>("abc")});
}

/// A pattern that differs at every step and pixel.
at::Tensor pattern(std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t step, const std::string& dtype) {
    const auto type = dtype == "f32" ? at::kFloat : dtype == "u16" ? at::kInt : at::kByte;   // bytes wrap around by themselves
    const auto ramp = [&](std::int64_t count, int slope) { return at::arange(count).mul(slope).to(type); };
    const at::Tensor value = (ramp(height, 3).view({-1, 1, 1}) + at::Scalar(type == at::kByte ? step * 11 % 256 : step * 11)) + ramp(width, 5).view({1, -1, 1}) + ramp(channels, 7).view({1, 1, -1});
    if (dtype == "u16") return value.mul(257).bitwise_and(0xffff).to(at::kUInt16);
    return dtype == "f32" ? value / 16 : value;
}

double metric_value(std::int64_t step, bool with_nan) {
    if (!with_nan) return 1.0 / double(step + 1);
    switch (step % 4) {
    case 1: return std::numeric_limits<double>::quiet_NaN();
    case 2: return std::numeric_limits<double>::infinity();
    case 3: return -std::numeric_limits<double>::infinity();
    default: return double(step);
    }
}

std::int64_t first_step(RunContext& run) {
    const Bytes checkpoint = run.resume_checkpoint();
    return checkpoint ? open_safetensors_bytes(checkpoint, "checkpoint")->get("step").item<std::int64_t>() : 0;
}

void save_step(RunContext& run, std::int64_t step) {
    run.checkpoint(std::make_shared<const std::string>(safetensors_bytes({{"step", at::tensor(step, at::kLong)}})));
}

void selftest(RunContext& run) {
    const Json& p = run.params();
    const auto steps = p.at("steps").get<std::int64_t>();
    const double seconds = p.at("seconds").get<double>();
    const bool with_nan = p.at("nan").get<bool>(), ignore_cancel = p.at("ignore_cancel").get<bool>(), preview = p.at("preview").get<bool>();
    const auto images = p.at("images").get<std::int64_t>(), metrics = p.at("metrics").get<std::int64_t>(), checkpoints = p.at("checkpoint_every").get<std::int64_t>();
    const std::string fault = p.at("fault").get<std::string>(), text = p.at("text").get<std::string>(), dtype = p.at("dtype").get<std::string>();
    const auto height = p.at("height").get<std::int64_t>(), width = p.at("width").get<std::int64_t>(), channels = p.at("channels").get<std::int64_t>();
    const double start = monotonic_seconds();
    const std::int64_t begin = first_step(run);

    for (std::int64_t step = begin; step < steps; ++step) {
        if (step == p.at("fault_step").get<std::int64_t>()) fail_on_purpose(fault, run);
        if (run.pause_asked()) {
            save_step(run, step);
            throw Paused{};
        }
        sleep_until(start + seconds * double(step + 1 - begin) / double(steps), run, ignore_cancel);
        for (std::int64_t m = 0; m < metrics; ++m) run.metric("selftest.value" + (m ? "." + std::to_string(m) : std::string()), step, metric_value(step, with_nan));
        if (step < images) {
            const at::Tensor image = pattern(height, width, channels, step, dtype);
            run.image("image", step, image, preview, {{"made_at", monotonic_seconds()}});
        }
        if (checkpoints > 0 && (step + 1) % checkpoints == 0) save_step(run, step + 1);
        if (!ignore_cancel) run.check_cancelled();
        run.progress(double(step + 1), double(steps), "step " + std::to_string(step + 1));
    }
    if (!text.empty()) run.artifact({"text", "text", "text/plain", 0, {}, {}, Json::object(), false, std::make_shared<const std::string>(text)});
    if (p.at("table").get<bool>()) run.table("table", {"name", "value"}, {{"a, \"quoted\"", 1.5}, {"=formula", std::numeric_limits<double>::quiet_NaN()}});
    run.log("info", "self-test done");
    run.summary("steps", steps - begin);
}

}

Method selftest_method() {
    MethodInfo info;
    info.id = "engine.selftest";
    info.title = "Self-test";
    info.help = "Yields progress, metrics, images and texts of any amount, and fails in any way asked for. Shows that engine, connection and project work.";
    info.is_long = true;
    info.parameters = {
        Parameter::integer("steps", 10).range(1, 10'000'000).with_label("Steps").is_live(),
        Parameter::number("seconds", 0.2).range(0, 86'400).with_label("Duration").with_unit("s").is_live(),
        Parameter::integer("metrics", 1).range(0, 100).with_label("Metrics a step"),
        Parameter::boolean("nan", false).with_label("NaN and infinities among them"),
        Parameter::integer("images", 1).range(0, 10'000'000).with_label("Images").with_help("One at each of the first steps."),
        Parameter::integer("height", 64).range(1, 16'384).with_label("Height").with_unit("px"),
        Parameter::integer("width", 64).range(1, 16'384).with_label("Width").with_unit("px"),
        Parameter::integer("channels", 3).range(1, 4).with_label("Channels"),
        Parameter::choice("dtype", "u8", {{"u8", "8 bit", ""}, {"u16", "16 bit", ""}, {"f32", "float", ""}}).with_label("Pixels"),
        Parameter::boolean("preview", false).with_label("Images are previews").with_help("Previews may be dropped; the latest wins."),
        Parameter::text("text", "").with_label("Text").with_help("Comes back as an artifact."),
        Parameter::boolean("table", false).with_label("Table"),
        Parameter::integer("checkpoint_every", 0).range(0, 1'000'000).with_label("Checkpoint every").with_unit("steps").with_help("0: only when paused."),
        Parameter::boolean("ignore_cancel", false).with_label("Ignore cancel").is_advanced(),
        Parameter::choice("fault", "none",
            {{"none", "none", ""}, {"error", "error", ""}, {"exception", "foreign exception", ""}, {"torch_error", "LibTorch error", ""}, {"out_of_memory", "out of memory", ""},
                {"bad_alloc", "std::bad_alloc", ""}, {"crash", "segmentation fault", ""}, {"abort", "abort", ""}, {"exit", "exit", ""}, {"kill", "kill", ""}, {"hang", "hang", ""},
                {"print", "print to standard output", ""}, {"file_changed", "file cut while it is read", ""}, {"bad_text", "text that is not UTF-8", ""},
                {"bad_image", "image of the wrong size", ""}})
            .with_label("Fault").is_advanced(),
        Parameter::integer("fault_step", 0).range(0, 10'000'000).with_label("Fault at step").is_advanced(),
    };
    info.outputs = {{"selftest.value", "metric", "Value", "", ""}, {"image", "image", "Image", "", ""}, {"text", "text", "Text", "", ""}, {"table", "table", "Table", "", ""}};
    return {std::move(info), selftest, {}};
}

}
