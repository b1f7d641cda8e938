#include "plugins/quantization/engine/onnx_runtime.h"
#include "core/base/error.h"
#include "core/base/paths.h"
#include "core/base/text.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lathe::quantization {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostWords = 16u << 20;   // bytes of output that are kept of the helper

/// A private folder for the tensors that go there and back; gone with the object.
class OnnxFolder {
public:
    OnnxFolder() {
        std::string name = (fs::temp_directory_path() / "lathe-onnx-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw Error(ErrorCode::io, std::string("No temporary folder can be made: ") + std::strerror(errno) + ".", name, "Set TMPDIR to a folder that you may write into.");
        m_path = name;
    }
    ~OnnxFolder() {
        std::error_code ignored;
        fs::remove_all(m_path, ignored);
    }
    OnnxFolder(const OnnxFolder&) = delete;
    OnnxFolder& operator=(const OnnxFolder&) = delete;
    fs::path operator/(const char* name) const { return m_path / name; }
private:
    fs::path m_path;
};

/// The helper with its two outputs in pipes; killed and reaped with the object.
class OnnxHelper {
public:
    explicit OnnxHelper(const std::vector<std::string>& words) : m_program(program_file("lathe-onnx")) {
        if (::access(m_program.c_str(), X_OK) != 0) throw Error(ErrorCode::not_found, "The helper program for ONNX Runtime is missing.", m_program.string(), "Install Lathe again, or build the target lathe-onnx.");
        std::array<int, 4> ends{-1, -1, -1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0 || ::pipe2(ends.data() + 2, O_CLOEXEC) != 0) {
            const int number = errno;
            for (int end : {ends[0], ends[1]})
                if (end >= 0) ::close(end);
            fail("No pipe can be made", number);
        }
        m_out = ends[0];
        m_err = ends[2];
        std::vector<char*> argv{const_cast<char*>(m_program.c_str())};
        for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, ends[3], STDERR_FILENO);
        ::posix_spawnattr_init(&attributes);   // the engine's own masks are not the helper's
        sigset_t none, defaults;
        ::sigemptyset(&none);
        ::sigemptyset(&defaults);
        ::sigaddset(&defaults, SIGPIPE);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &defaults);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        const int number = ::posix_spawn(&m_pid, m_program.c_str(), &actions, &attributes, argv.data(), environ);
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        ::close(ends[3]);
        if (number == 0) return;
        m_pid = -1;
        ::close(m_out);   // no object, so no destructor
        ::close(m_err);
        fail("The helper program cannot be started", number);
    }
    ~OnnxHelper() {
        if (m_pid > 0) {
            ::kill(m_pid, SIGKILL);
            wait();
        }
        ::close(m_out);
        ::close(m_err);
    }
    OnnxHelper(const OnnxHelper&) = delete;
    OnnxHelper& operator=(const OnnxHelper&) = delete;

    /// Until both outputs end; the status as waitpid gives it. Throws Error(busy), and what `check` throws.
    int finish(double timeout_s, const std::function<void()>& check) {
        const auto start = std::chrono::steady_clock::now();
        std::array<pollfd, 2> ends{{{m_out, POLLIN, 0}, {m_err, POLLIN, 0}}};
        while (ends[0].fd >= 0 || ends[1].fd >= 0) {
            if (check) check();
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > timeout_s)
                throw Error(ErrorCode::busy, "ONNX Runtime was not done after " + number_text(timeout_s) + " seconds and was ended.", m_program.string(), "Give it fewer images, more threads or more time.");
            if (::poll(ends.data(), ends.size(), 20) <= 0) continue;
            for (std::size_t i = 0; i < ends.size(); ++i)
                if (ends[i].fd >= 0 && ends[i].revents != 0 && !read_some(ends[i].fd, i == 0 ? words : errors)) ends[i].fd = -1;
        }
        return wait();
    }

    std::string words, errors;
    const fs::path& program() const { return m_program; }

private:
    [[noreturn]] void fail(const char* what, int number) const { throw Error(ErrorCode::io, std::string(what) + ": " + std::strerror(number) + ".", m_program.string(), "Close other programs and try again."); }
    static bool read_some(int fd, std::string& to) {
        char buffer[1 << 14];
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0) return errno == EINTR || errno == EAGAIN;
        if (to.size() < kMostWords) to.append(buffer, std::size_t(got));
        return got > 0;
    }
    int wait() {
        int status = 0;
        while (::waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {}
        m_pid = -1;
        return status;
    }
    fs::path m_program;
    pid_t m_pid = -1;
    int m_out = -1, m_err = -1;
};

/// The helper's JSON. Throws the Error that the helper reports, or internal where it ended without a report.
Json ask_helper(std::vector<std::string> words, double timeout_s, const std::function<void()>& check) {
    words.insert(words.end(), {"--parent", std::to_string(::getpid())});
    OnnxHelper helper(words);
    const int status = helper.finish(timeout_s, check);
    const std::string said = valid_text(trimmed(helper.errors), 2'000);
    const std::string tail = said.empty() ? "" : " It said: " + said;
    if (!WIFEXITED(status))
        throw Error(ErrorCode::internal, "ONNX Runtime crashed (signal " + std::to_string(WTERMSIG(status)) + ")." + tail, helper.program().string(), "Check the model with lathe-onnx check; close other programs where memory is short.");
    Json report;
    try {
        report = parse_json(helper.words, "what lathe-onnx prints", {.depth = 8, .elements = 1'000'000, .bytes = kMostWords});
    } catch (const Error&) {
        throw Error(ErrorCode::internal, "lathe-onnx ended with status " + std::to_string(WEXITSTATUS(status)) + " and without a report." + tail, helper.program().string(), "Install Lathe again.");
    }
    if (const auto error = report.find("error"); error != report.end() && error->is_object()) {
        const auto text = [&](const char* key) { return string_or_empty(*error, key, "what lathe-onnx prints"); };
        throw Error(error_code(text("code")), text("what"), text("where"), text("hint"));
    }
    if (WEXITSTATUS(status) != 0) throw Error(ErrorCode::internal, "lathe-onnx failed with status " + std::to_string(WEXITSTATUS(status)) + "." + tail, helper.program().string(), "Install Lathe again.");
    return report;
}

}

OnnxRun run_onnx(const fs::path& model, const std::map<std::string, at::Tensor>& inputs, const OnnxRunSettings& settings) {
    const OnnxFolder folder;
    const fs::path in = folder / "in.safetensors", out = folder / "out.safetensors";
    write_safetensors(in, inputs);
    std::vector<std::string> words{"run", fs::absolute(model).string(), "--in", in.string(), "--out", out.string(), "--optimise", settings.optimise ? "all" : "off",
        "--threads", std::to_string(settings.threads), "--repeat", std::to_string(settings.repeat)};
    if (settings.precise) words.emplace_back("--precise");
    if (settings.all_tensors) words.emplace_back("--all-tensors");
    for (const std::string& tensor : settings.tensors) words.insert(words.end(), {"--tensor", tensor});
    OnnxRun run;
    run.report = ask_helper(words, settings.timeout_s, settings.poll);
    const auto index = open_tensors(out);
    for (const TensorEntry& entry : index->entries()) run.outputs[entry.name] = index->get(entry.name).clone();
    return run;
}

Json check_onnx(const fs::path& model, const std::function<void()>& poll) { return ask_helper({"check", fs::absolute(model).string()}, OnnxRunSettings{}.timeout_s, poll); }

Json onnx_info(const fs::path& model, const std::function<void()>& poll) {
    std::vector<std::string> words{"info"};
    if (!model.empty()) words.push_back(fs::absolute(model).string());
    return ask_helper(words, OnnxRunSettings{}.timeout_s, poll);
}

bool exact_int8(const Json& report) {
    const Json cpu = report.value("cpu", Json::object());
    const bool x86 = cpu.contains("avx2");   // other processors sum in 32 bits anyway
    return !x86 || cpu.value("avx512_vnni", false) || cpu.value("avx_vnni", false);
}

}
