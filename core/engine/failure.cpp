#include "core/engine/failure.h"
#include "core/base/process.h"
#include <c10/util/Exception.h>
#include <new>
#include <regex>

namespace lathe {
namespace {

constexpr std::size_t kMaxFailureText = 8u << 10;

std::string gib(double bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GiB", bytes / double(1u << 30));
    return text;
}

Error out_of_memory(std::string_view doing, double asked_bytes) {
    std::string what = "There is not enough memory";
    if (asked_bytes > 0) what += " for " + gib(asked_bytes);
    return Error(ErrorCode::out_of_memory, what + " (" + gib(double(available_memory_bytes())) + " free).", std::string(doing),
        "Use a smaller batch, image or model, or close other programs.");
}

/// LibTorch's message without its back trace and source line.
std::string first_paragraph(const std::string& text) {
    std::string out = text.substr(0, text.find("\nException raised from"));
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    return out.substr(0, 2000);
}

Error from_torch(const std::string& message, std::string_view doing) {
    std::smatch found;
    static const std::regex allocation("you tried to allocate ([0-9]+) bytes");
    if (std::regex_search(message, found, allocation)) return out_of_memory(doing, std::stod(found[1]));
    if (message.find("out of memory") != std::string::npos)
        return Error(ErrorCode::out_of_memory, "The device has not enough memory: " + message, std::string(doing), "Use a smaller batch, image or model, or the CPU.");
    static const std::regex shapes("mat1 and mat2 shapes cannot be multiplied \\(([0-9x]+) and ([0-9x]+)\\)");
    if (std::regex_search(message, found, shapes))
        return Error(ErrorCode::invalid_value, "Two matrices do not fit: " + found[1].str() + " and " + found[2].str() + ".", std::string(doing),
            "The weights and the input are of different models or sizes.");
    if (message.find("must match the size of tensor") != std::string::npos || message.find("size mismatch") != std::string::npos)
        return Error(ErrorCode::invalid_value, "Two tensors have different sizes: " + message, std::string(doing), "The weights and the input are of different models or sizes.");
    return Error(ErrorCode::internal, "LibTorch: " + message, std::string(doing), "If the input is right this is a fault of the method; please report it with the log.");
}

}

Error failure_in_flight(std::string_view doing) {
    try {
        throw;
    } catch (const c10::Error& error) {
        return from_torch(first_paragraph(error.what_without_backtrace()), doing);
    } catch (const Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return out_of_memory(doing, 0);
    } catch (const std::length_error& error) {
        return Error(ErrorCode::internal, std::string("A size is impossible: ") + error.what(), std::string(doing), "Please report it with the log.");
    } catch (...) {
        return current_error(doing);
    }
}

event::Failed to_failed(const Error& error) {
    return {error.code(), error.summary().substr(0, kMaxFailureText), error.where().substr(0, kMaxFailureText), error.hint().substr(0, kMaxFailureText)};
}

}
