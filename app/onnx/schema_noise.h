#pragma once
// Debian's ONNX Runtime 1.21 and libonnx 1.17 register the same operators: where both are in a process, the first session or check writes 567 lines
// "Schema error: Trying to register schema …", each followed by an empty one, to standard error. They are harmless and hide what matters. While an object of
// this class lives they are dropped and everything else passes. One at a time; from the main thread.
#include <thread>

namespace lathe::onnx_program {

class SchemaNoiseFilter {
public:
    SchemaNoiseFilter();      ///< where no pipe can be had, nothing is filtered
    ~SchemaNoiseFilter();     ///< returns when everything that was written has been passed on
    SchemaNoiseFilter(const SchemaNoiseFilter&) = delete;
    SchemaNoiseFilter& operator=(const SchemaNoiseFilter&) = delete;
private:
    int m_stderr = -1;        ///< the real one
    std::thread m_reader;
};

}
