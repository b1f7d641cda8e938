#pragma once
// What is wrong in a report on a reference file, as text for a test's message.
#include "core/engine/verify.h"
#include <string>

namespace lathe {

inline std::string wrong_outputs(const VerifyReport& report) {
    std::string text = report.file + " " + report.case_id + " " + report.error;
    for (const auto& out : report.outputs)
        if (!out.ok) text += "\n  " + out.key + " " + out.measure + " " + std::to_string(out.error) + " > " + std::to_string(out.tolerance) + " " + out.note;
    return text;
}

}
