#include "plugins/quantization/engine/int8_engine.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/int8_builder.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <atomic>
#include <cstring>

namespace lathe::quantization {

Int8Engine::Int8Engine(Network& network, QuantTap& calibrated, bool fuse, const integer::Table& table) : m_table(&table) {
    const c10::NoGradGuard no_gradients;
    Int8Builder(*this, network, calibrated, fuse).build();
}

Int8Engine::~Int8Engine() = default;

std::uint8_t* Int8Engine::codes_at(const Picture& picture, int value) const { return reinterpret_cast<std::uint8_t*>(picture.arena + m_values[static_cast<std::size_t>(value)].offset); }
float* Int8Engine::reals_at(const Picture& picture, int value) const { return reinterpret_cast<float*>(picture.arena + m_values[static_cast<std::size_t>(value)].offset); }

at::Tensor Int8Engine::real(const Picture& picture, int value) const {
    const Value& v = m_values[static_cast<std::size_t>(value)];
    const at::Tensor t = at::empty({1, v.height, v.width, v.channels});
    float* to = t.mutable_data_ptr<float>();
    if (v.is_codes) {
        const std::uint8_t* from = codes_at(picture, value);
        for (std::int64_t i = 0; i < v.count(); ++i) to[i] = static_cast<float>(from[i] - v.step.zero) * v.step.scale;
    } else {
        std::memcpy(to, reals_at(picture, value), t.nbytes());
    }
    return t.permute({0, 3, 1, 2});
}

void Int8Engine::put_real(const Picture& picture, int value, const at::Tensor& t) const {
    const Value& v = m_values[static_cast<std::size_t>(value)];
    const at::Tensor dense = (t.dim() == 4 ? t.permute({0, 2, 3, 1}) : t).to(at::kFloat).contiguous();
    if (v.is_codes) m_table->quantize(dense.const_data_ptr<float>(), codes_at(picture, value), v.count(), v.step.scale, v.step.zero, v.step.low, v.step.high);
    else std::memcpy(reals_at(picture, value), dense.const_data_ptr<float>(), static_cast<std::size_t>(v.count()) * sizeof(float));
}

template <class F> void Int8Engine::shared(const Picture& picture, int tasks, F work) {
    if (picture.threads <= 1 || tasks <= 1) {
        std::byte* scratch = m_memory[static_cast<std::size_t>(at::get_thread_num())].scratch.data();
        for (int task = 0; task < tasks; ++task) work(task, scratch);
        return;
    }
    std::atomic<int> next = 0;                     // a thread that other programs hold up takes fewer
    at::parallel_for(0, std::min(picture.threads, tasks), 1, [&](std::int64_t, std::int64_t) {
        std::byte* scratch = m_memory[static_cast<std::size_t>(at::get_thread_num())].scratch.data();
        for (int task = next++; task < tasks; task = next++) work(task, scratch);
    });
}

void Int8Engine::run_layer(const Layer& layer, const Picture& picture, int in, int out, int residual) {
    const Value& x = m_values[static_cast<std::size_t>(in)];
    integer::Finish f = layer.finish;
    if (f.real_bias) f.real = reals_at(picture, out);
    else f.out = codes_at(picture, out);
    if (residual >= 0) f.residual = codes_at(picture, residual);
    const int height = static_cast<int>(x.height), width = static_cast<int>(x.width), tasks = layer.conv.tasks(height, width, picture.threads);
    const std::uint8_t* from = codes_at(picture, in);
    shared(picture, tasks, [&](int task, std::byte* scratch) { layer.conv.run(from, height, width, f, task, tasks, scratch); });
}

void Int8Engine::run_pool(const Picture& picture, int in, int out, const NodeOperator& op) {
    const Value &x = m_values[static_cast<std::size_t>(in)], &y = m_values[static_cast<std::size_t>(out)];
    const std::uint8_t* from = codes_at(picture, in);
    std::uint8_t* to = codes_at(picture, out);
    shared(picture, static_cast<int>(y.height), [&](int row, std::byte*) {
        for (std::int64_t column = 0; column < y.width; ++column) {
            std::uint8_t* pixel = to + (row * y.width + column) * y.channels;
            bool first = true;
            for (std::int64_t r = row * op.stride - op.padding; r < row * op.stride - op.padding + op.kernel; ++r)
                for (std::int64_t c = column * op.stride - op.padding; c < column * op.stride - op.padding + op.kernel; ++c) {
                    if (r < 0 || r >= x.height || c < 0 || c >= x.width) continue;
                    const std::uint8_t* other = from + (r * x.width + c) * x.channels;
                    if (first) std::memcpy(pixel, other, static_cast<std::size_t>(x.channels));
                    else m_table->largest(other, pixel, x.channels);
                    first = false;
                }
        }
    });
}

void Int8Engine::keep_codes(const Picture& picture, const Operation& operation) {
    if (operation.node < 0 || operation.value < 0) return;
    const auto found = m_codes.find(m_names[static_cast<std::size_t>(operation.node)]);
    const Value& v = m_values[static_cast<std::size_t>(operation.value)];
    if (found == m_codes.end() || !v.is_codes) return;
    const at::Tensor codes = at::from_blob(codes_at(picture, operation.value), {v.height, v.width, v.channels}, at::kByte).permute({2, 0, 1}).to(at::kShort) - static_cast<std::int64_t>(v.step.offset);
    const at::Tensor to = found->second;
    to[picture.index].copy_(codes.reshape(to.sizes().slice(1)));
}

void Int8Engine::run_picture(Picture& picture) {
    for (const Operation& operation : m_operations) {
        operation.run(picture);
        if (!m_codes.empty()) keep_codes(picture, operation);
    }
}

at::Tensor Int8Engine::forward(const at::Tensor& images) {
    const auto fits = [&] {
        if (images.scalar_type() != at::kFloat || images.dim() != static_cast<std::int64_t>(m_input_shape.size())) return false;
        return std::equal(m_input_shape.begin() + 1, m_input_shape.end(), images.sizes().begin() + 1);
    };
    if (!fits()) {
        std::string want, got;
        for (std::size_t d = 1; d < m_input_shape.size(); ++d) want += " x " + std::to_string(m_input_shape[d]);
        for (const std::int64_t size : images.sizes()) got += (got.empty() ? "" : " x ") + std::to_string(size);
        throw Error(ErrorCode::invalid_value, "These pictures are not what the integer engine was made for.", got + " of " + c10::toString(images.scalar_type()), "Give float32 pictures of N" + want + ".");
    }
    const c10::NoGradGuard no_gradients;
    const bool last = images.dim() == 4 && images.is_contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor x = last ? images : images.contiguous();
    const std::int64_t count = x.size(0), values = count > 0 ? x.numel() / count : 0;
    const at::Tensor logits = at::empty({count, m_outputs});
    m_codes.clear();
    for (const Operation& operation : m_operations) {
        if (operation.node < 0 || operation.value < 0 || !m_kept.contains(m_names[static_cast<std::size_t>(operation.node)])) continue;
        const Value& v = m_values[static_cast<std::size_t>(operation.value)];
        if (!v.is_codes) continue;
        m_codes[m_names[static_cast<std::size_t>(operation.node)]] = at::empty({count, v.channels, v.height, v.width}, v.step.offset > 0 ? at::kChar : at::kByte);
    }
    const int threads = at::get_num_threads();
    m_memory.resize(static_cast<std::size_t>(threads));
    for (Memory& memory : m_memory) {
        memory.arena.resize(m_arena_bytes + 64);
        memory.scratch.resize(m_scratch_bytes + 64);
    }
    const auto run = [&](std::int64_t index, int inner) {
        const c10::NoGradGuard on_this_thread;
        std::byte* arena = m_memory[static_cast<std::size_t>(at::get_thread_num())].arena.data();
        Picture picture{x.const_data_ptr<float>() + index * values, last, logits.mutable_data_ptr<float>() + index * m_outputs, arena, inner, index};
        run_picture(picture);
    };
    if (count >= threads) {   // each thread takes whole pictures: nothing waits, and what a layer gives is still in its cache
        at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t i = first; i < end; ++i) run(i, 1);
        });
    } else {
        for (std::int64_t i = 0; i < count; ++i) run(i, threads);
    }
    return logits;
}

}
