// lathe-engine: the process that computes. It speaks frames on standard input and output; a person can only ask for its version.
#include "core/base/log.h"
#include "core/engine/process_setup.h"
#include "core/engine/server.h"
#include <cstdio>
#include <string_view>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc > 1) {
        const std::string_view option = argv[1];
        if (option != "--version" && option != "--help") {
            std::fprintf(stderr, "lathe-engine: unknown option %s\n", argv[1]);
            return 2;
        }
        if (option == "--help") std::puts("lathe-engine is started by lathe and lathe-cli and speaks with them over standard input and output.\nOptions: --version, --help");
        else std::printf("lathe-engine %s (%s)\n", lathe::version().c_str(), lathe::lathe_abi().c_str());
        return 0;
    }
    const lathe::Channel channel = lathe::set_up_engine_process();
    lathe::log_to_stderr(lathe::LogLevel::warning);
    int status = 1;
    {
        lathe::Server server(channel.in, channel.out);
        status = server.serve();
        ::_exit(status);   // no destructors: a method that hangs, or MPI's farewell, must not keep the process alive
    }
}
