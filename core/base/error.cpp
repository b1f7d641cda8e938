#include "core/base/error.h"

#include <array>
#include <new>
#include <utility>

namespace lathe {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 12> kCodeNames{{
    {ErrorCode::invalid_value, "invalid_value"}, {ErrorCode::unknown_name, "unknown_name"}, {ErrorCode::not_found, "not_found"},
    {ErrorCode::wrong_format, "wrong_format"}, {ErrorCode::unsupported, "unsupported"}, {ErrorCode::version, "version"}, {ErrorCode::io, "io"},
    {ErrorCode::busy, "busy"}, {ErrorCode::out_of_memory, "out_of_memory"}, {ErrorCode::engine_lost, "engine_lost"},
    {ErrorCode::cancelled, "cancelled"}, {ErrorCode::internal, "internal"},
}};
constexpr const char* kReport = "if it happens again, report it with Help > Copy diagnostics";

}

std::string_view name(ErrorCode code) {
    for (const auto& [value, text] : kCodeNames)
        if (value == code) return text;
    return "internal";
}

ErrorCode error_code(std::string_view name) {
    for (const auto& [value, text] : kCodeNames)
        if (text == name) return value;
    return ErrorCode::internal;
}

Error::Error(ErrorCode code, std::string what, std::string where, std::string hint)
    : m_code(code), m_what(std::move(what)), m_where(std::move(where)), m_hint(std::move(hint)) {
    m_text = m_what;
    if (m_text.ends_with('.') && !(m_where.empty() && m_hint.empty()))
        m_text.pop_back();
    if (!m_where.empty())
        m_text += " (" + m_where + ")";
    if (!m_hint.empty())
        m_text += ": " + m_hint;
}

Error current_error(std::string_view doing) {
    const std::string during(doing);
    try {
        throw;
    } catch (const Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return {ErrorCode::out_of_memory, "Not enough memory", during, "close other programs or choose a smaller size"};
    } catch (const std::exception& error) {
        return {ErrorCode::internal, error.what(), during, kReport};
    } catch (...) {
        return {ErrorCode::internal, "An unknown exception was thrown", during, kReport};
    }
}

}
