#pragma once
// Who am I, and is that other process still the one it was? (pid + start time + boot id), for leases and run owners.
#include <cstdint>
#include <string>

namespace lathe {
struct ProcessId {
    std::string host;
    std::string boot_id;
    std::int64_t pid = 0;
    std::int64_t start = 0;   ///< clock ticks since boot, field 22 of /proc/PID/stat
    friend bool operator==(const ProcessId&, const ProcessId&) = default;
};
ProcessId this_process();
bool is_alive(const ProcessId& process);        ///< true for a process of another host: it cannot be told from here
std::string text(const ProcessId& process);     ///< host:boot:pid:start, one string for run.owner
ProcessId process_id_from(const std::string& text);
std::int64_t resident_bytes();                  ///< of this process
std::int64_t total_memory_bytes();
std::int64_t available_memory_bytes();
int usable_cores();                             ///< physical cores this process may run on, or OMP_NUM_THREADS where it is set; at least 1
}
