#pragma once
// A calibrated classifier run fast on whole numbers: every value between layers is a u8 code, channels last; convolutions add residuals and make codes again in the
// pass that sums them (core/nn/integer_conv.h). The numbers are those of IntegerTap, bit for bit, but for a linear layer at the end, which sums exactly here and
// in float there. Codes of signed grids stand 128 higher. Not thread-safe; pictures of a batch run on LibTorch's threads.
#include "core/nn/integer_conv.h"
#include "plugins/quantization/engine/integer_grid.h"
#include "plugins/quantization/engine/node_operators.h"
#include <deque>
#include <set>

namespace lathe::quantization {

class Int8Engine {
public:
    /// Copies what it needs of the network; pictures must have the size of the traced run. Layers that have no integers (IntegerTap says why) run in float.
    /// fuse: sums with a residual are made in the pass of a convolution. table: kernels of another instruction set, for tests.
    /// Throws Error(unsupported) as node_operators and integer_grid do, where nothing is quantised, and where no convolution or pool would run on integers.
    Int8Engine(Network& network, QuantTap& calibrated, bool fuse = true, const integer::Table& table = integer::table());
    ~Int8Engine();

    /// [N, C, H, W] normalised -> logits [N, classes]. Throws Error(invalid_value) for another type or size.
    at::Tensor forward(const at::Tensor& images);

    const std::vector<std::string>& integer_nodes() const { return m_integer; }
    const std::map<std::string, std::string>& float_nodes() const { return m_float; }   ///< with the reason
    double integer_mac_share() const { return m_share; }
    const char* instruction_set() const { return m_table->isa; }

    /// The codes behind these nodes are kept during the next runs, as IntegerTap keeps them. What a fused sum passes by is not there.
    void keep(std::set<std::string> nodes) { m_kept = std::move(nodes); }
    const std::map<std::string, at::Tensor>& codes() const { return m_codes; }

private:
    friend class Int8Builder;
    struct Step { float scale = 1; std::int32_t zero = 0, low = 0, high = 255, offset = 0; };   ///< of u8 codes; offset: what was added to signed ones
    struct Value {                                                 ///< of one picture, [H, W, C]
        std::int64_t channels = 0, height = 1, width = 1;
        bool is_codes = false;
        Step step;
        int root = -1;                                             ///< the value whose memory it shares
        int born = -1, dead = -1;                                  ///< operations between which its memory is taken
        std::size_t offset = 0;
        std::int64_t count() const { return channels * height * width; }
    };
    struct Memory { std::vector<std::byte> arena, scratch; };
    struct Picture { const float* input; bool input_last; float* output; std::byte* arena; int threads; std::int64_t index; };   // input_last: its channels stand last
    struct Operation { std::function<void(Picture&)> run; int node; int value; };
    struct Layer {                                                 ///< an integer convolution or linear layer, with what its Finish points to
        IntegerConv conv;
        std::vector<float> multiplier, real_bias;
        integer::Finish finish;
    };

    std::uint8_t* codes_at(const Picture& picture, int value) const;
    float* reals_at(const Picture& picture, int value) const;
    at::Tensor real(const Picture& picture, int value) const;      ///< [1, C, H, W] or [1, C]: what a value means
    void put_real(const Picture& picture, int value, const at::Tensor& t) const;
    template <class F> void shared(const Picture& picture, int tasks, F work);   ///< work(task, scratch) on the picture's threads
    void run_layer(const Layer& layer, const Picture& picture, int in, int out, int residual);
    void run_pool(const Picture& picture, int in, int out, const NodeOperator& op);
    void keep_codes(const Picture& picture, const Operation& operation);
    void run_picture(Picture& picture);

    const integer::Table* m_table;
    std::vector<Value> m_values;
    std::vector<Operation> m_operations;
    std::deque<Layer> m_layers;
    std::vector<std::string> m_names;                              // by node
    std::vector<std::int64_t> m_input_shape;
    std::int64_t m_outputs = 0;
    std::size_t m_arena_bytes = 0, m_scratch_bytes = 0;
    std::vector<Memory> m_memory;                                  // by thread
    std::set<std::string> m_kept;
    std::map<std::string, at::Tensor> m_codes;
    std::vector<std::string> m_integer;
    std::map<std::string, std::string> m_float;
    double m_share = 0;
};

}
