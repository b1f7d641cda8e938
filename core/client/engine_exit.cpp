#include "core/client/engine_exit.h"
#include "core/protocol/messages.h"
#include <csignal>

namespace lathe {

const char* const kEndedInside = "the connection ended in the middle of a message";

namespace {

EngineExit by_signal(int signal) {
    switch (signal) {
    case SIGKILL: return {"The engine was killed (signal 9).", "If nobody did, the system ran out of memory: use a smaller batch, image or model."};
    case SIGSEGV: return {"The engine crashed (segmentation fault).", "Run it again; if it happens again, please report it with the log."};
    case SIGABRT: return {"The engine gave up (abort).", "Run it again; if it happens again, please report it with the log."};
    case SIGILL: return {"The engine used an instruction that this processor does not have.", "Install the LibTorch package made for this processor."};
    case SIGTERM: return {"The engine was ended by another program.", "Start it again."};
    default: return {"The engine was ended by signal " + std::to_string(signal) + ".", "Run it again; if it happens again, please report it with the log."};
    }
}

EngineExit by_code(int code, const std::string& connection) {
    if (code == kExitFileChanged) return {"A file changed or was cut short while the engine was reading it.", "Wait until it is completely written, then run again."};
    if (code == kExitBadFrame) return {"The engine did not understand this program.", "Install the same version of Lathe on both sides."};
    if (code == 126 || code == 127) return {"The launcher did not find the engine.", "Check the launcher in the settings, and that lathe-engine is installed there."};
    if (code == 255) return {"The launcher could not connect.", "Check that host, name and key work in a terminal first."};
    if (!connection.empty()) return {"The connection to the engine broke: " + connection + ".", "If the launcher or the login of that host prints something, silence it."};
    return {"The engine ended by itself (status " + std::to_string(code) + ").", "Run it again; if it happens again, please report it with the log."};
}

}

EngineExit explain_exit(QProcess::ExitStatus status, int code, const std::string& connection, const std::string& said) {
    // After a broken frame this program has killed it, so its signal says nothing.
    const bool nonsense = !connection.empty() && connection != kEndedInside;
    EngineExit out = status == QProcess::CrashExit && !nonsense ? by_signal(code) : by_code(status == QProcess::CrashExit ? 0 : code, connection);
    if (!said.empty()) out.what += " It said: " + said + (said.ends_with('.') ? "" : ".");
    return out;
}

}
