#pragma once
// The one exception type of Lathe. Every message answers three questions: what happened, where, and what to do about it.
#include <exception>
#include <string>
#include <string_view>

namespace lathe {

enum class ErrorCode { invalid_value, unknown_name, not_found, wrong_format, unsupported, version, io, busy, out_of_memory, engine_lost, cancelled, internal };

std::string_view name(ErrorCode code);          ///< "invalid_value", … as sent over the wire
ErrorCode error_code(std::string_view name);    ///< internal for an unknown name

class Error : public std::exception {
public:
    /// `what`: one sentence, what happened. `where`: file, field, tensor, value. `hint`: what the user can do. The last two may be empty.
    Error(ErrorCode code, std::string what, std::string where = {}, std::string hint = {});

    ErrorCode code() const noexcept { return m_code; }
    const std::string& summary() const noexcept { return m_what; }
    const std::string& where() const noexcept { return m_where; }
    const std::string& hint() const noexcept { return m_hint; }
    const char* what() const noexcept override { return m_text.c_str(); }   ///< all three, in one line

private:
    ErrorCode m_code;
    std::string m_what, m_where, m_hint, m_text;
};

/// The exception in flight as an Error: an Error as it is, std::bad_alloc as out_of_memory, anything else as internal.
Error current_error(std::string_view doing);

}
