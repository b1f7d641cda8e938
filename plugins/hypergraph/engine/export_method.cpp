// hypergraph.export: a graph into a file.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/file_methods.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/graph_writer.h"
#include <ATen/ATen.h>

namespace lathe::hypergraph {
namespace {

std::vector<float> positions_from(const std::filesystem::path& file) {
    const auto tensors = open_tensors(file);
    const TensorEntry* chosen = tensors->entries().size() == 1 ? &tensors->entries().front() : tensors->find("positions");
    if (!chosen || chosen->shape.size() != 2 || chosen->shape[1] != 2) throw Error(ErrorCode::wrong_format, "The file holds no positions.", file.string(), "Give one array of the shape [nodes, 2].");
    const at::Tensor values = tensors->get(chosen->name).to(at::kFloat).contiguous();
    return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

void export_run(RunContext& run) {
    const Json& params = run.params();
    const std::filesystem::path path = params.value("export.path", std::string());
    const std::string format = params.value("export.format", std::string("hif"));
    if (path.empty()) throw Error(ErrorCode::invalid_value, "No place for the file was chosen.", "parameter \"File\"", "Give a path.");
    const OpenGraph open = open_graph(run);
    std::vector<std::string> left_out;
    if (format == "positions") {
        const std::filesystem::path from = params.value("export.positions", std::string());
        const std::vector<float> positions = from.empty() ? positions_of(*open.graph) : positions_from(from);
        if (positions.empty() && open.graph->nodes > 0) throw Error(ErrorCode::invalid_value, "The graph has no positions.", "parameter \"Positions\"", "Give the tensor of a layout.");
        write_positions(*open.graph, positions, path);
    } else {
        std::int64_t pieces = 0;   // of 1 MB; how many there will be is not known before
        left_out = write_graph(*open.graph, format, path, [&](double, double) {
            run.check_cancelled();
            run.progress(0, 0, std::to_string(++pieces) + " MB written");
        });
    }
    for (const std::string& sentence : left_out) run.log("warning", sentence);
    run.summary("path", path.string());
    run.summary("left_out", left_out);
}

}

Method export_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.export";
    info.title = "Export a graph";
    info.help = "Writes the graph with the hyperedges that the parameters ask for; what the format cannot hold is named.";
    info.parameters = graph_parameters();
    std::vector<Choice> formats;
    for (const WriteFormat& format : write_formats()) formats.push_back({format.id, format.label, format.help});
    formats.push_back({"positions", "Positions", "id,x,y as CSV"});
    info.parameters.push_back(Parameter::choice("export.format", "hif", formats).with_label("Format").with_group("Export"));
    info.parameters.push_back(Parameter::path("export.path").with_label("File").with_help("For CSV a folder.").with_group("Export"));
    info.parameters.push_back(Parameter::path("export.positions").with_label("Positions").with_help("Tensor of a layout, [nodes, 2]; empty: those of the file.").with_group("Export").when("export.format", {"positions"}));
    info.inputs = {graph_input()};
    method.run = export_run;
    return method;
}

}
