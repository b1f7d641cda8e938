#pragma once
// A Python program that takes turns with a bench: it does one piece of work for each line it is sent and answers with the seconds it took
// ({"ready":…} first, then {"seconds":…} after each line). The programs are in tests/bench/ref.
#include "core/base/error.h"
#include "core/base/json.h"
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace lathe::bench {

class PythonSide {
public:
    PythonSide(const std::string& script, std::vector<std::string> arguments) {
        int to[2], from[2];
        if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw Error(ErrorCode::io, "No pipe can be made.", "pipe");
        arguments.insert(arguments.begin(), {"python3", script, "bench"});
        arguments.emplace_back("--wait");
        m_child = ::fork();
        if (m_child == 0) {
            ::dup2(to[0], 0);
            ::dup2(from[1], 1);
            std::vector<char*> all;
            for (std::string& argument : arguments) all.push_back(argument.data());
            all.push_back(nullptr);
            ::execvp("python3", all.data());
            ::_exit(127);
        }
        ::close(to[0]);
        ::close(from[1]);
        m_to = ::fdopen(to[1], "w");
        m_from = ::fdopen(from[0], "r");
    }
    PythonSide(const PythonSide&) = delete;
    PythonSide& operator=(const PythonSide&) = delete;
    ~PythonSide() {
        std::fclose(m_to);
        std::fclose(m_from);
        ::waitpid(m_child, nullptr, 0);
    }
    double seconds() {
        line();                          // "ready"
        std::fputs("\n", m_to);
        std::fflush(m_to);
        return line().at("seconds").get<double>();
    }

private:
    Json line() {
        char text[4096];
        if (!std::fgets(text, sizeof text, m_from)) throw Error(ErrorCode::io, "The Python side has ended.", "python3", "Install python3-torch.");
        return parse_json(text, "python");
    }
    pid_t m_child = -1;
    FILE *m_to = nullptr, *m_from = nullptr;
};

}
