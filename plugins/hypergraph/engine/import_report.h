#pragma once
// What a reader found in a file and what it made of it: shown by the import dialog, kept with the run. Any thread.
#include <cstdint>
#include <string>
#include <vector>

namespace lathe::hypergraph {

struct ImportRow { std::string what, found, became; };   ///< "duplicate edges", "12", "removed"

struct ImportReport {
    std::string format;                 ///< "MUSAE folder", "HIF", …
    std::vector<ImportRow> rows;
    std::vector<std::string> warnings;  ///< whole sentences
};

}
