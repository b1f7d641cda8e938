#include "core/engine/process_setup.h"
#include "core/nn/tensor_memory.h"
#include "core/protocol/messages.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace lathe {
namespace {

void on_bus_error(int) {
    static constexpr char text[] = "lathe-engine: a file changed or was cut short while it was being read\n";
    [[maybe_unused]] const ssize_t n = ::write(2, text, sizeof text - 1);
    ::_exit(kExitFileChanged);
}

void write_small_file(const char* path, const char* text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    [[maybe_unused]] const ssize_t n = ::write(fd, text, std::strlen(text));
    ::close(fd);
}

}

Channel set_up_engine_process() {
    Channel channel{::fcntl(0, F_DUPFD_CLOEXEC, 3), ::fcntl(1, F_DUPFD_CLOEXEC, 3)};
    ::dup2(2, 1);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) {
        ::dup2(null, 0);
        ::close(null);
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);

    keep_tensor_memory();   // Worker::loop gives it back after a run

    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "lathe-engine");
    write_small_file("/proc/self/oom_score_adj", "500");
    [[maybe_unused]] const int priority = ::nice(5);

    // UCX, which comes with LibTorch's MPI, has put its own handlers in place by now; a crash must look like one to the parent.
    ::setenv("UCX_HANDLE_ERRORS", "none", 1);
    for (int fault : {SIGSEGV, SIGILL, SIGFPE, SIGABRT}) std::signal(fault, SIG_DFL);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGINT, SIG_IGN);    // Ctrl+C at the terminal is the client's: it cancels and then closes our input
    struct sigaction bus{};
    bus.sa_handler = on_bus_error;
    ::sigaction(SIGBUS, &bus, nullptr);
    return channel;
}

}
