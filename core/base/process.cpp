#include "core/base/process.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sched.h>
#include <set>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lathe {
namespace {

constexpr std::size_t kProcFileBytes = 1u << 20;

std::string proc_file(const std::string& path) {
    try {
        return read_file(path, kProcFileBytes);
    } catch (const Error&) {
        return {};
    }
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

struct Stat {
    char state = 0;
    std::int64_t start = 0;
};

/// State (field 3) and start time (field 22) of a process. The name in field 2 may hold spaces and parentheses, so fields are counted from its end.
std::optional<Stat> process_stat(std::int64_t pid) {
    const std::string text = proc_file("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos)
        return std::nullopt;
    const std::vector<std::string_view> fields = split(trimmed(std::string_view(text).substr(name_end + 1)), ' ');
    if (fields.size() < 20 || fields[0].size() != 1)
        return std::nullopt;
    const auto start = whole_number(fields[19]);
    if (!start)
        return std::nullopt;
    return Stat{fields[0][0], *start};
}

std::string host_name() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == 0)
        return "localhost";
    return name;
}

/// "MemTotal:  16 kB" of /proc/meminfo, in bytes; 0: not known.
std::int64_t memory_line(std::string_view label) {
    const std::string text = proc_file("/proc/meminfo");
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with(label))
            continue;
        std::string_view number = trimmed(line.substr(label.size()));
        if (number.ends_with("kB"))
            number = trimmed(number.substr(0, number.size() - 2));
        return whole_number(number).value_or(0) * 1024;
    }
    return 0;
}

/// A limit or use of this control group (containers, Slurm jobs); nullopt: none.
std::optional<std::int64_t> group_bytes(const char* file) { return whole_number(trimmed(proc_file(std::string("/sys/fs/cgroup/") + file))); }

}

ProcessId this_process() {
    const auto pid = std::int64_t(::getpid());
    const auto stat = process_stat(pid);
    return {host_name(), std::string(trimmed(proc_file("/proc/sys/kernel/random/boot_id"))), pid, stat ? stat->start : 0};
}

bool is_alive(const ProcessId& process) {
    const ProcessId here = this_process();
    if (process.host != here.host)
        return true;
    if (process.boot_id != here.boot_id || process.pid <= 0)
        return false;
    const auto stat = process_stat(process.pid);
    return stat && stat->start == process.start && stat->state != 'Z' && stat->state != 'X';
}

std::string text(const ProcessId& process) {
    return process.host + ":" + process.boot_id + ":" + std::to_string(process.pid) + ":" + std::to_string(process.start);
}

ProcessId process_id_from(const std::string& text) {
    const std::vector<std::string_view> parts = split(text, ':');
    if (parts.size() >= 4) {
        const auto pid = whole_number(parts[parts.size() - 2]), start = whole_number(parts.back());
        const std::string_view boot = parts[parts.size() - 3];
        const std::size_t tail = boot.size() + parts[parts.size() - 2].size() + parts.back().size() + 3;
        if (pid && start && *pid > 0 && *start >= 0)
            return {text.substr(0, text.size() - tail), std::string(boot), *pid, *start};
    }
    throw Error(ErrorCode::wrong_format, "This is not the name of a process: \"" + text.substr(0, 80) + "\"", "owner", "it reads HOST:BOOT:PID:START");
}

std::int64_t resident_bytes() {
    const std::string text = proc_file("/proc/self/statm");
    const std::vector<std::string_view> fields = split(trimmed(text), ' ');
    return fields.size() < 2 ? 0 : whole_number(fields[1]).value_or(0) * ::sysconf(_SC_PAGESIZE);
}

std::int64_t total_memory_bytes() {
    const std::int64_t machine = memory_line("MemTotal:");
    const auto group = group_bytes("memory.max");
    return group ? std::min(machine, *group) : machine;
}

std::int64_t available_memory_bytes() {
    const std::int64_t machine = memory_line("MemAvailable:");
    const auto group = group_bytes("memory.max"), used = group_bytes("memory.current");
    return group && used ? std::min(machine, std::max<std::int64_t>(0, *group - *used)) : machine;
}

int usable_cores() {
    if (const char* wish = std::getenv("OMP_NUM_THREADS"))
        if (const auto n = whole_number(std::string_view(wish).substr(0, std::string_view(wish).find(','))); n && *n > 0) return static_cast<int>(std::min<std::int64_t>(*n, CPU_SETSIZE));
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    // Hardware threads of one core share its arithmetic units, so they count once.
    std::set<std::pair<std::string, std::string>> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &set)) continue;
        const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
        const std::string core = proc_file(topology + "core_id"), package = proc_file(topology + "physical_package_id");
        cores.emplace(core.empty() ? std::to_string(cpu) : core, package);
    }
    return std::max<int>(1, static_cast<int>(cores.size()));
}

}
