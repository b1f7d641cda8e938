#pragma once
// One model in ONNX Runtime on the CPU, and what it says of this machine.
#include "app/onnx/tensor_file.h"
#include "core/base/json.h"
#include <filesystem>
#include <onnxruntime_cxx_api.h>
#include <string>
#include <vector>

namespace lathe::onnx_program {

struct SessionSettings {
    bool optimise = true;                   ///< all graph optimisations, or none
    bool precise = false;                   ///< session.x64quantprecision: exact sums of u8 x s8 products on CPUs without VNNI, slower
    int threads = 1;                        ///< within an operator; operators run one after the other
    std::vector<std::string> tensors;       ///< inner tensors to give as outputs too
    bool all_tensors = false;
    std::filesystem::path optimised_file;   ///< where the optimised graph is written; empty: nowhere
};

class Session {
public:
    /// Throws Error(not_found, io, wrong_format, unsupported) with the runtime's words.
    Session(const std::filesystem::path& model, const SessionSettings& settings);

    /// One run. Tensors of the file find their inputs by name; a single input takes a single tensor of any name. Names in the file are changed before by
    /// the caller. Throws Error(invalid_value) naming the input where one is missing or has another type, rank or size, and what the runtime says.
    std::vector<Ort::Value> run(std::map<std::string, FileTensor>& tensors);

    const std::vector<std::string>& output_names() const { return m_output_names; }
    Json inputs() const { return describe_all(m_inputs); }
    Json outputs() const { return describe_all(m_outputs); }

private:
    struct Slot { std::string name; int type = 0; std::vector<std::int64_t> shape; };   // type 0: no dense tensor; size -1: any
    static Json describe_all(const std::vector<Slot>& slots);
    static Slot slot(std::string name, const Ort::TypeInfo& info);
    Ort::Value value_of(const Slot& input, FileTensor& tensor) const;

    std::string m_where;
    Ort::Env m_env;
    Ort::Session m_session{nullptr};
    std::vector<Slot> m_inputs, m_outputs;
    std::vector<std::string> m_output_names;
};

/// Version, execution provider, and which instructions for sums of 8-bit products this CPU has.
Json runtime_facts();

}
