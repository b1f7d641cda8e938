#pragma once
// Options of one command: what they are called, what --help says with its examples, and what was given.
#include "core/base/error.h"
#include <QCommandLineParser>
#include <QStringList>
#include <memory>
#include <string>
#include <vector>

namespace lathe::cli {

/// A command line that cannot be carried out as it stands: exit code 2, and nothing was started.
class UsageError : public Error {
public:
    using Error::Error;
    explicit UsageError(const Error& error) : Error(error.code(), error.summary(), error.where(), error.hint()) {}
};

class Options {
public:
    /// `command`: "run"; `arguments`: "METHOD [--set k=v]…"; `summary`: what it does; `examples`: lines of --help.
    Options(std::string command, std::string arguments, std::string summary, std::vector<std::string> examples);
    Options& flag(const char* name, const char* help);
    Options& value(const char* name, const char* value_name, const char* help);      ///< may be given several times: see all()

    /// Throws UsageError. False: --help was asked for and has been printed.
    bool parse(const QStringList& arguments, int least_positional, int most_positional);

    bool has(const char* name) const;
    std::string get(const char* name, std::string otherwise = {}) const;             ///< the last one given
    std::vector<std::string> all(const char* name) const;
    std::int64_t integer(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const;   ///< throws UsageError
    const std::vector<std::string>& positional() const { return m_positional; }
    bool json() const { return has("json"); }
    std::string help() const;

private:
    struct Described { std::string left, help; };
    std::string m_command, m_arguments, m_summary;
    std::vector<std::string> m_examples, m_positional;
    std::vector<Described> m_described;
    std::vector<std::string> m_names;
    std::unique_ptr<QCommandLineParser> m_parser = std::make_unique<QCommandLineParser>();
};

}
