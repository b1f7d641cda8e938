#include "app/onnx/schema_noise.h"
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace lathe::onnx_program {
namespace {

void pass_on(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;   // nobody listens: nothing is left to be told
        bytes.remove_prefix(std::size_t(written));
    }
}

void filter(int in, int out) {
    std::string line;
    bool after_noise = false;
    const auto end_line = [&] {
        const bool noise = line.starts_with("Schema error: Trying to register schema ") || (after_noise && line == "\n");
        after_noise = noise && line != "\n";
        if (!noise) pass_on(out, line);
        line.clear();
    };
    char buffer[1 << 14];
    for (;;) {
        const ssize_t got = ::read(in, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        for (ssize_t i = 0; i < got; ++i) {
            line += buffer[i];
            if (buffer[i] == '\n') end_line();
        }
    }
    if (!line.empty()) end_line();
    ::close(in);
}

}

SchemaNoiseFilter::SchemaNoiseFilter() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    std::fflush(stderr);
    m_stderr = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (m_stderr < 0 || ::dup2(ends[1], STDERR_FILENO) < 0) {
        ::close(ends[0]);
        ::close(ends[1]);
        if (m_stderr >= 0) ::close(m_stderr);
        m_stderr = -1;
        return;
    }
    ::close(ends[1]);
    m_reader = std::thread(filter, ends[0], m_stderr);
}

SchemaNoiseFilter::~SchemaNoiseFilter() {
    if (m_stderr < 0) return;
    std::fflush(stderr);
    ::dup2(m_stderr, STDERR_FILENO);   // closes the pipe's last writing end: the reader comes to its end
    m_reader.join();
    ::close(m_stderr);
}

}
