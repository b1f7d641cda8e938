#include "core/nn/integer_conv.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cstring>
#include <limits>

namespace lathe {
namespace {

constexpr int kBlockBytes = 256 << 10;        // of packed input that stays in the second cache beside a panel of weights
constexpr int kMostPixels = 96, kMostTiles = 24;
constexpr int kTasksPerThread = 3;
constexpr int kHalvedUnits = 16;              // from here on halving products pays for their correction
constexpr int kAlias = 512;                   // rows that stand so many units apart fall on the same lines of the first cache

template <class T> T rounded_up(T n, T to) { return (n + to - 1) / to * to; }

/// Two weights of 16 bits, or four of 8, as one unit.
std::uint32_t unit_of(const std::int64_t* values, int group) {
    std::uint32_t unit = 0;
    const int bits = 32 / group;
    for (int i = 0; i < group; ++i) unit |= (static_cast<std::uint32_t>(values[i]) & ((bits == 8 ? 0xffu : 0xffffu))) << (bits * i);
    return unit;
}

/// 2 G g 2 G^T: four times Winograd's transformed kernel, so that it stays whole.
void transformed_kernel(const std::int64_t* g, std::int64_t* u) {
    std::int64_t t[4][3];
    for (int x = 0; x < 3; ++x) {
        const std::int64_t a = g[x], b = g[3 + x], c = g[6 + x];
        t[0][x] = 2 * a;
        t[1][x] = a + b + c;
        t[2][x] = a - b + c;
        t[3][x] = 2 * c;
    }
    for (int y = 0; y < 4; ++y) {
        const std::int64_t a = t[y][0], b = t[y][1], c = t[y][2];
        u[4 * y] = 2 * a;
        u[4 * y + 1] = a + b + c;
        u[4 * y + 2] = a - b + c;
        u[4 * y + 3] = 2 * c;
    }
}

}

IntegerConv::IntegerConv(const at::Tensor& given, const at::Tensor& bias, const ConvShape& shape, std::int32_t zero, const integer::Table& table)
    : m_table(&table), m_shape(shape), m_zero(zero) {
    if (shape.groups != 1) throw Error(ErrorCode::unsupported, "Convolutions in groups have no integer kernel.", std::to_string(shape.groups) + " groups", "Leave this layer out.");
    const at::Tensor weight = given.to(at::kLong).contiguous(), rows = weight.flatten(1);
    const at::Tensor start = bias.to(at::kLong) - rows.sum(1) * std::int64_t{zero};
    const std::int64_t widest = 255 * rows.abs().sum(1).max().item<std::int64_t>(), offset = start.abs().max().item<std::int64_t>();
    if (widest + offset > std::numeric_limits<std::int32_t>::max())
        throw Error(ErrorCode::unsupported, "The sums of this layer do not fit 32 bits.", std::to_string(widest + offset), "Give its input or weight a larger scale, or leave it out.");
    const int vectors = static_cast<int>((shape.out + table.lanes - 1) / table.lanes);
    for (m_vectors = table.most_vectors; m_vectors > 1 && rounded_up(vectors, m_vectors) - vectors > vectors / 8; m_vectors /= 2) {}
    m_panels = (vectors + m_vectors - 1) / m_vectors;
    m_winograd = table.group == 2 && shape.kernel == 3 && shape.stride == 1 && shape.padding == 1 && shape.in % (2 * table.lanes) == 0 && 4 * widest < std::numeric_limits<std::int32_t>::max();
    m_outside.assign(static_cast<std::size_t>(shape.in) + 64, static_cast<std::uint8_t>(zero));
    m_bias.assign(static_cast<std::size_t>(padded_channels()), 0);
    const at::Tensor own = m_winograd ? bias.to(at::kLong) : start;   // Winograd takes the zero away from its input
    std::copy_n(own.contiguous().const_data_ptr<std::int64_t>(), shape.out, m_bias.begin());
    const std::int64_t taken = m_winograd ? shape.in : shape.kernel * shape.kernel * shape.in;
    m_units = static_cast<int>((taken + table.group - 1) / table.group);
    m_halved = table.halved && m_units >= kHalvedUnits && m_panels > 1;
    if (m_halved) m_units = rounded_up(m_units, 2);
    const std::int64_t values = std::int64_t{m_units} * table.group;
    if (m_winograd) {
        std::vector<std::int64_t> planes(static_cast<std::size_t>(16 * padded_channels() * values), 0);   // [16][O][I]
        const std::int64_t* from = weight.const_data_ptr<std::int64_t>();
        for (std::int64_t o = 0; o < shape.out; ++o)
            for (std::int64_t i = 0; i < shape.in; ++i) {
                std::int64_t u[16];
                transformed_kernel(from + (o * shape.in + i) * 9, u);
                for (int p = 0; p < 16; ++p) planes[static_cast<std::size_t>((p * padded_channels() + o) * values + i)] = u[p];
            }
        pack(planes, 16);
    } else {
        std::vector<std::int64_t> plane(static_cast<std::size_t>(padded_channels() * values), 0);   // as the codes stand: row, column, channel
        const at::Tensor last = weight.permute({0, 2, 3, 1}).contiguous();
        for (std::int64_t o = 0; o < shape.out; ++o) std::copy_n(last.const_data_ptr<std::int64_t>() + o * taken, taken, plane.begin() + o * values);
        pack(plane, 1);
    }
}

void IntegerConv::pack(const std::vector<std::int64_t>& planes, int count) {
    const int group = m_table->group;
    const std::int64_t width = m_vectors * m_table->lanes, values = std::int64_t{m_units} * group;
    m_weight = at::empty({m_panels, count, m_units, width}, at::kInt);   // its memory stands on a cache line
    auto* to = reinterpret_cast<std::uint32_t*>(m_weight.mutable_data_ptr<std::int32_t>());
    for (int panel = 0; panel < m_panels; ++panel)
        for (int p = 0; p < count; ++p) {
            const std::int64_t* rows = planes.data() + (p * padded_channels() + panel * width) * values;
            for (int u = 0; u < m_units; ++u)
                for (std::int64_t c = 0; c < width; ++c) *to++ = unit_of(rows + c * values + u * group, group);
            for (std::int64_t c = 0; m_halved && c < width; ++c) {
                std::int64_t sum = 0;
                for (std::int64_t i = 0; i < values; i += 4) sum += rows[c * values + i] * rows[c * values + i + 2] + rows[c * values + i + 1] * rows[c * values + i + 3];
                m_products.push_back(static_cast<std::int32_t>(-sum));
            }
        }
}

std::int64_t IntegerConv::row_stride() const { return m_units % kAlias == 0 ? m_units + 16 : m_units; }

IntegerConv::Cut IntegerConv::cut(int height, int width) const {
    const int all = m_winograd ? tile_count(height, width) : out_size(height) * out_size(width);
    const int row_bytes = m_units * 4 * (m_winograd ? 16 : 1), rows = m_table->row_tile * 2;
    const int most = std::clamp(kBlockBytes / row_bytes, m_table->row_tile, m_winograd ? kMostTiles : kMostPixels);
    const int blocks = (all + most - 1) / most, even = (all + blocks - 1) / blocks;
    const int pixels = all <= most ? all : std::min(most, rounded_up(even, std::min(rows, most)));   // whole tiles of rows where there are several blocks
    return {pixels, (all + pixels - 1) / pixels};
}

int IntegerConv::tasks(int height, int width, int threads) const {
    const int blocks = cut(height, width).blocks;
    if (threads <= 1) return blocks;
    return blocks * std::clamp((kTasksPerThread * threads + blocks - 1) / blocks, 1, m_panels);
}

IntegerConv::Scratch IntegerConv::parts(std::byte* scratch, int count) const {
    const std::int64_t planes = m_winograd ? 16 : 1, rows = count * planes;
    std::byte* at = scratch + (64 - reinterpret_cast<std::uintptr_t>(scratch) % 64) % 64;
    const auto take = [&](std::int64_t bytes) {
        std::byte* part = at;
        at += rounded_up<std::int64_t>(bytes, 64);
        return part;
    };
    Scratch out;
    out.sums = reinterpret_cast<std::int32_t*>(take(rows * m_vectors * m_table->lanes * 4));
    out.products = reinterpret_cast<std::int32_t*>(take(rows * 4));
    out.packed = reinterpret_cast<std::uint32_t*>(take(rows * row_stride() * 4));
    out.bytes = reinterpret_cast<std::uint8_t*>(take(m_winograd ? 0 : rows * m_units * m_table->group));
    return out;
}

std::size_t IntegerConv::scratch_bytes(int height, int width) const {
    const std::int64_t rows = std::int64_t{cut(height, width).pixels} * (m_winograd ? 16 : 1);
    return static_cast<std::size_t>(rows * (m_vectors * m_table->lanes * 4 + 4 + row_stride() * 4 + m_units * 4) + 5 * 64);
}

void IntegerConv::run(const std::uint8_t* x, int height, int width, const integer::Finish& finish, int task, int tasks, std::byte* scratch) const {
    const Cut made = cut(height, width);
    const int all = m_winograd ? tile_count(height, width) : out_size(height) * out_size(width), chunks = tasks / made.blocks;
    const int block = task / chunks, chunk = task % chunks, first = block * made.pixels, count = std::min(made.pixels, all - first);
    const int first_panel = m_panels * chunk / chunks, end_panel = m_panels * (chunk + 1) / chunks;
    if (m_winograd) run_winograd(x, height, width, finish, first, count, first_panel, end_panel, scratch);
    else run_product(x, height, width, finish, first, count, first_panel, end_panel, scratch);
}

/// The codes behind `count` pixels of the output, one row of whole units each.
void IntegerConv::gather(const std::uint8_t* x, int height, int width, int first, int count, std::uint8_t* to) const {
    const int k = m_shape.kernel, across = out_size(width);
    const std::int64_t channels = m_shape.in;
    const auto row_bytes = static_cast<std::size_t>(m_units) * static_cast<std::size_t>(m_table->group), taken = static_cast<std::size_t>(k * k * channels);
    for (int i = first; i < first + count; ++i, to += row_bytes) {
        const int top = i / across * m_shape.stride - m_shape.padding, left = i % across * m_shape.stride - m_shape.padding;
        std::uint8_t* at = to;
        for (int y = top; y < top + k; ++y) {
            const std::uint8_t* row = x + std::int64_t{y} * width * channels;
            if (y >= 0 && y < height && left >= 0 && left + k <= width) {
                std::memcpy(at, row + left * channels, static_cast<std::size_t>(k * channels));
                at += k * channels;
                continue;
            }
            for (int c = left; c < left + k; ++c, at += channels) {
                const bool inside = y >= 0 && y < height && c >= 0 && c < width;
                std::memcpy(at, inside ? row + c * channels : m_outside.data(), static_cast<std::size_t>(channels));
            }
        }
        std::memset(at, 0, row_bytes - taken);
    }
}

/// x: `planes` times `count` rows of units, to the sums of one panel.
void IntegerConv::multiply(const std::uint32_t* x, std::int64_t stride, int count, int planes, int panel, const Scratch& scratch) const {
    const std::int64_t channels = m_vectors * m_table->lanes, plane_weights = m_units * channels;
    const auto* weight = reinterpret_cast<const std::uint32_t*>(m_weight.const_data_ptr<std::int32_t>()) + panel * planes * plane_weights;
    integer::Product p;
    p.x_stride = stride;
    p.rows = count;
    p.units = m_units;
    p.vectors = m_vectors;
    for (int plane = 0; plane < planes; ++plane) {
        p.x = x + plane * count * stride;
        p.w = weight + plane * plane_weights;
        p.sums = scratch.sums + plane * count * channels;
        if (m_halved) {
            p.products = scratch.products + std::ptrdiff_t{plane} * count;
            p.weight_products = m_products.data() + (std::ptrdiff_t{panel} * planes + plane) * channels;
        }
        (m_halved ? m_table->halved : m_table->product)(p);
    }
}

void IntegerConv::run_product(const std::uint8_t* x, int height, int width, const integer::Finish& finish, int first, int count, int first_panel, int end_panel, std::byte* memory) const {
    const int group = m_table->group;
    const Scratch scratch = parts(memory, count);
    const std::uint32_t* rows = scratch.packed;
    std::int64_t stride = row_stride();
    const std::int64_t values = std::int64_t{m_units} * group;
    const bool as_they_stand = m_shape.kernel == 1 && m_shape.stride == 1 && m_shape.padding == 0 && m_shape.in == values;
    const std::uint8_t* bytes = x + std::int64_t{first} * m_shape.in;
    if (!as_they_stand) {
        gather(x, height, width, first, count, scratch.bytes);
        bytes = scratch.bytes;
    }
    if (group == 4) {
        rows = reinterpret_cast<const std::uint32_t*>(bytes);
        stride = m_units;
    } else if (stride == m_units) {
        m_table->widen(bytes, scratch.packed, values * count);
    } else {
        for (int i = 0; i < count; ++i) m_table->widen(bytes + i * values, scratch.packed + i * stride, values);
    }
    if (m_halved) m_table->pair_products(rows, stride, count, m_units, scratch.products);
    for (int panel = first_panel; panel < end_panel; ++panel) {
        multiply(rows, stride, count, 1, panel, scratch);
        m_table->finish(scratch.sums, count, m_vectors, finish, first, panel * m_vectors * m_table->lanes);
    }
}

void IntegerConv::run_winograd(const std::uint8_t* x, int height, int width, const integer::Finish& finish, int first, int count, int first_panel, int end_panel, std::byte* memory) const {
    const Scratch scratch = parts(memory, count);
    const int across = (width + 1) / 2;
    const std::int64_t in = m_shape.in, stride = row_stride();
    auto* spread = reinterpret_cast<std::int16_t*>(scratch.packed);
    for (int i = 0; i < count; ++i) {
        const int top = (first + i) / across * 2 - 1, left = (first + i) % across * 2 - 1;
        const std::uint8_t* pixels[16];
        for (int y = 0; y < 4; ++y)
            for (int c = 0; c < 4; ++c) {
                const bool inside = top + y >= 0 && top + y < height && left + c >= 0 && left + c < width;
                pixels[4 * y + c] = inside ? x + (std::int64_t{top + y} * width + left + c) * in : m_outside.data();
            }
        m_table->spread(pixels, static_cast<int>(in), m_zero, spread + i * stride * 2, count * stride * 2);
    }
    if (m_halved) m_table->pair_products(scratch.packed, stride, 16 * count, m_units, scratch.products);
    for (int panel = first_panel; panel < end_panel; ++panel) {
        multiply(scratch.packed, stride, count, 16, panel, scratch);
        m_table->collect(scratch.sums, std::int64_t{count} * m_vectors * m_table->lanes, count, first, m_vectors, finish, height, width, panel * m_vectors * m_table->lanes);
    }
}

}
