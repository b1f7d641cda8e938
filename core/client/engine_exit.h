#pragma once
// Why an engine process ended, in words for a person.
#include <QProcess>
#include <string>

namespace lathe {
/// Said of a stream that stopped inside a message, as it does when the engine dies.
extern const char* const kEndedInside;
struct EngineExit { std::string what, hint; };
/// `said`: the reason it gave itself (LastWords::reason), else empty. `connection`: what was wrong with the stream, empty if it just ended.
EngineExit explain_exit(QProcess::ExitStatus status, int code, const std::string& connection, const std::string& said);
}
