#include "app/cli/interrupt.h"
#include "app/cli/command.h"
#include "core/base/error.h"
#include <QSocketNotifier>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace lathe::cli {
namespace {

std::atomic<int> g_times{0};
std::atomic<int> g_watches{0};
int g_pipe[2] = {-1, -1};

void asked(int) {   // async-signal-safe
    const int saved = errno;
    const int times = ++g_times;
    if (times > 2 || (times == 2 && g_watches == 0)) ::_exit(kCancelled);
    [[maybe_unused]] const ssize_t written = ::write(g_pipe[1], "x", 1);
    errno = saved;
}

}

void catch_interrupts() {
    if (::pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) != 0) throw Error(ErrorCode::io, "No pipe can be made.", "signals", "Too many files may be open.");
    std::signal(SIGPIPE, SIG_IGN);
    struct sigaction action{};
    action.sa_handler = asked;
    action.sa_flags = SA_RESTART;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

int interrupts() { return g_times; }

void raise_interrupt() {
    if (g_times == 0) asked(SIGINT);
}

void throw_if_interrupted() {
    if (g_times > 0) throw Error(ErrorCode::cancelled, "Cancelled.");
}

struct InterruptWatch::Impl {
    std::function<void(int)> asked;
    std::unique_ptr<QSocketNotifier> notifier;
};

InterruptWatch::InterruptWatch(std::function<void(int)> asked) : m_impl(new Impl{std::move(asked), std::make_unique<QSocketNotifier>(g_pipe[0], QSocketNotifier::Read)}) {
    ++g_watches;
    QObject::connect(m_impl->notifier.get(), &QSocketNotifier::activated, m_impl->notifier.get(), [this] {
        char buffer[16];
        while (::read(g_pipe[0], buffer, sizeof buffer) > 0) {}
        m_impl->asked(g_times);
    });
}

InterruptWatch::~InterruptWatch() {
    --g_watches;
    delete m_impl;
}

}
