#include "app/cli/options.h"
#include "app/cli/terminal.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include <algorithm>
#include <utility>

namespace lathe::cli {
namespace {

QString qs(const char* text) { return QString::fromUtf8(text); }

}

Options::Options(std::string command, std::string arguments, std::string summary, std::vector<std::string> examples)
    : m_command(std::move(command)), m_arguments(std::move(arguments)), m_summary(std::move(summary)), m_examples(std::move(examples)) {
    flag("json", "Print JSON, one object a line");
    flag("help", "Show this help");
}

Options& Options::flag(const char* name, const char* help) {
    m_parser->addOption(QCommandLineOption(qs(name), qs(help)));
    m_described.push_back({std::string("--") + name, help});
    m_names.emplace_back(name);
    return *this;
}

Options& Options::value(const char* name, const char* value_name, const char* help) {
    m_parser->addOption(QCommandLineOption(qs(name), qs(help), qs(value_name)));
    m_described.push_back({std::string("--") + name + " " + value_name, help});
    m_names.emplace_back(name);
    return *this;
}

bool Options::parse(const QStringList& arguments, int least_positional, int most_positional) {
    const std::string remedy = "See lathe-cli " + m_command + " --help";
    const bool understood = m_parser->parse(QStringList{QStringLiteral("lathe-cli")} + arguments);
    if (arguments.contains(QStringLiteral("--help")) || arguments.contains(QStringLiteral("-h"))) {
        print(help());
        return false;
    }
    if (!understood) {
        std::string what = m_parser->errorText().toStdString(), hint = remedy;
        if (const QStringList unknown = m_parser->unknownOptionNames(); !unknown.isEmpty()) {
            const std::string typed = unknown.front().toStdString(), near = nearest_name(typed, m_names);
            what = "There is no option " + std::string(typed.size() == 1 ? "-" : "--") + typed;
            if (!near.empty()) hint = "Did you mean --" + near + "? " + remedy;
        }
        throw UsageError(ErrorCode::unknown_name, what, "lathe-cli " + m_command, hint);
    }
    for (const QString& word : m_parser->positionalArguments()) m_positional.push_back(word.toStdString());
    const int given = int(m_positional.size());
    if (given < least_positional) throw UsageError(ErrorCode::invalid_value, "Something is missing: lathe-cli " + m_command + " " + m_arguments, {}, remedy);
    if (given > most_positional)
        throw UsageError(ErrorCode::invalid_value, "There is one word too many", "\"" + m_positional[std::size_t(most_positional)] + "\"", "Quote what belongs together. " + remedy);
    return true;
}

bool Options::has(const char* name) const { return std::find(m_names.begin(), m_names.end(), name) != m_names.end() && m_parser->isSet(qs(name)); }

std::string Options::get(const char* name, std::string otherwise) const { return has(name) ? m_parser->value(qs(name)).toStdString() : std::move(otherwise); }

std::vector<std::string> Options::all(const char* name) const {
    std::vector<std::string> out;
    for (const QString& value : m_parser->values(qs(name))) out.push_back(value.toStdString());
    return out;
}

std::int64_t Options::integer(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const {
    if (!has(name)) return otherwise;
    const std::string text = get(name);
    bool is_number = false;
    const qlonglong number = QString::fromStdString(text).toLongLong(&is_number);
    if (!is_number || number < least || number > most)
        throw UsageError(ErrorCode::invalid_value, "\"" + text + "\" is not a whole number from " + std::to_string(least) + " to " + std::to_string(most), std::string("--") + name,
            "See lathe-cli " + m_command + " --help");
    return number;
}

std::string Options::help() const {
    std::size_t width = 0;
    for (const Described& d : m_described) width = std::max(width, d.left.size());
    std::string text = "Usage: lathe-cli " + m_command + " " + m_arguments + "\n\n" + m_summary + "\n\nOptions:\n";
    for (const Described& d : m_described) text += "  " + d.left + std::string(width - d.left.size() + 2, ' ') + d.help + "\n";
    text += "\nExamples:\n";
    for (const std::string& example : m_examples) text += "  " + example + "\n";
    text.pop_back();
    return text;
}

}
