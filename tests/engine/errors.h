#pragma once
// What a piece of work throws, as text.
#include "core/base/error.h"
#include <QStringList>
#include <algorithm>
#include <string>

namespace lathe {

struct Ended {};   ///< what a test throws to cancel

/// The text of the error that `work` throws; empty: none.
template <class F> std::string error_of(F work) {
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

inline bool has_all(const std::string& text, const QStringList& parts) {
    return std::ranges::all_of(parts, [&](const QString& part) { return text.find(part.toStdString()) != text.npos; });
}

}
