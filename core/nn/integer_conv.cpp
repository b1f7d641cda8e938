#include "core/nn/integer_conv.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cstring>
#include <limits>

namespace lathe {
namespace {

constexpr int kBlockBytes = 256 << 10;        // of packed input that stays in the second cache beside a panel of weights
constexpr int kMostPixels = 96, kMostRowPixels = 512;
constexpr int kTasksPerThread = 3;
constexpr int kHalvedUnits = 16;              // from here on halving products pays for their correction
constexpr std::int64_t kAlias = 2048, kLine = 64;   // rows that stand a multiple of so many bytes apart fall on the same lines of the first cache
constexpr std::int64_t kLargeTileWeights = 256 * 256;   // with more, reading 36 planes of weights costs more than it saves for the few tiles of such layers

template <class T> T rounded_up(T n, T to) { return (n + to - 1) / to * to; }

/// Two weights of 16 bits, or four of 8, as one unit.
std::uint32_t unit_of(const std::int64_t* values, int group) {
    std::uint32_t unit = 0;
    const int bits = 32 / group;
    for (int i = 0; i < group; ++i) unit |= (static_cast<std::uint32_t>(values[i]) & ((bits == 8 ? 0xffu : 0xffffu))) << (bits * i);
    return unit;
}

/// Winograd's G g G^T with G's rows scaled so that it stays whole: 2, 2, 2, 2 for tiles of 2, and 4, -6, -6, 24, 24, 1 for tiles of 4.
std::vector<std::int64_t> transformed_kernel(const std::int64_t* g, int tile) {
    static constexpr int kSmall[4][3] = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}};
    static constexpr int kLarge[6][3] = {{1, 0, 0}, {-1, -1, -1}, {-1, 1, -1}, {1, 2, 4}, {1, -2, 4}, {0, 0, 1}};
    const auto row = [&](int i) { return tile == 4 ? kLarge[i] : kSmall[i]; };
    const int n = tile + 2;
    std::vector<std::int64_t> u(static_cast<std::size_t>(n * n), 0);
    for (int y = 0; y < n; ++y)
        for (int x = 0; x < n; ++x)
            for (int i = 0; i < 3; ++i)
                for (int j = 0; j < 3; ++j) u[static_cast<std::size_t>(n * y + x)] += row(y)[i] * row(x)[j] * g[3 * i + j];
    return u;
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
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    if (table.group == 2 && shape.kernel == 3 && shape.stride == 1 && shape.padding == 1 && shape.in % (2 * table.lanes) == 0)   // the sums are scaled by 64 or 4 before they are made codes
        m_tile = 64 * widest < kMost && shape.in * shape.out <= kLargeTileWeights ? 4 : 4 * widest < kMost ? 2 : 0;
    m_outside.assign(static_cast<std::size_t>(shape.in) + 64, static_cast<std::uint8_t>(zero));
    m_bias.assign(static_cast<std::size_t>(padded_channels()), 0);
    const at::Tensor own = (m_tile > 0 ? bias.to(at::kLong) : start).contiguous();   // Winograd takes the zero away from its input
    for (std::int64_t o = 0; o < shape.out; ++o) m_bias[static_cast<std::size_t>(o)] = static_cast<std::int32_t>(own.const_data_ptr<std::int64_t>()[o]);
    m_segments = m_tile > 0 ? 1 : shape.kernel;
    const std::int64_t taken = m_tile > 0 ? shape.in : shape.kernel * shape.in;   // codes of a segment
    m_units = static_cast<int>((taken + table.group - 1) / table.group);
    m_halved = table.halved && m_units * m_segments >= kHalvedUnits && m_panels > 1;
    if (m_halved) m_units = rounded_up(m_units, 2);
    const std::int64_t values = std::int64_t{m_units} * table.group, parts = m_tile > 0 ? planes() : m_segments;
    std::vector<std::int64_t> all(static_cast<std::size_t>(parts * padded_channels() * values), 0);   // [planes or segments][O][values]
    const std::int64_t* from = weight.const_data_ptr<std::int64_t>();
    const std::int64_t k = shape.kernel;
    for (std::int64_t o = 0; o < shape.out; ++o)
        for (std::int64_t i = 0; i < shape.in; ++i) {
            const std::int64_t* g = from + (o * shape.in + i) * k * k;
            if (m_tile > 0) {
                const std::vector<std::int64_t> u = transformed_kernel(g, m_tile);
                for (std::int64_t p = 0; p < parts; ++p) all[static_cast<std::size_t>((p * padded_channels() + o) * values + i)] = u[static_cast<std::size_t>(p)];
            } else {   // as the codes stand: row, column, channel
                for (std::int64_t y = 0; y < k; ++y)
                    for (std::int64_t x = 0; x < k; ++x) all[static_cast<std::size_t>((y * padded_channels() + o) * values + x * shape.in + i)] = g[y * k + x];
            }
        }
    pack(all, static_cast<int>(parts));
}

void IntegerConv::pack(const std::vector<std::int64_t>& all, int count) {
    const int group = m_table->group;
    const std::int64_t width = m_vectors * m_table->lanes, values = std::int64_t{m_units} * group;
    m_weight = at::empty({m_panels, count, m_units, width}, at::kInt);   // its memory stands on a cache line
    auto* to = reinterpret_cast<std::uint32_t*>(m_weight.mutable_data_ptr<std::int32_t>());
    m_units_of_weight = to;
    for (int panel = 0; panel < m_panels; ++panel) {
        std::vector<std::int64_t> products(static_cast<std::size_t>(planes() * width), 0);
        for (int p = 0; p < count; ++p) {
            const std::int64_t* rows = all.data() + (p * padded_channels() + panel * width) * values;
            for (int u = 0; u < m_units; ++u)
                for (std::int64_t c = 0; c < width; ++c) *to++ = unit_of(rows + c * values + u * group, group);
            for (std::int64_t c = 0; m_halved && c < width; ++c) {
                std::int64_t& sum = products[static_cast<std::size_t>((m_tile > 0 ? p : 0) * width + c)];
                for (std::int64_t i = 0; i < values; i += 4) sum -= rows[c * values + i] * rows[c * values + i + 2] + rows[c * values + i + 1] * rows[c * values + i + 3];
            }
        }
        if (m_halved) std::ranges::transform(products, std::back_inserter(m_products), [](std::int64_t sum) { return static_cast<std::int32_t>(sum); });   // modulo 2^32
    }
}

int IntegerConv::unit_count(int height, int width) const {
    if (m_tile > 0) return ((height + m_tile - 1) / m_tile) * ((width + m_tile - 1) / m_tile);
    return is_in_line() ? height * width : out_size(height);
}

std::int64_t IntegerConv::row_bytes() const {
    const std::int64_t bytes = std::int64_t{m_units} * 4;
    return bytes % kAlias == 0 && (m_tile > 0 || m_table->group == 2) ? bytes + kLine : bytes;
}

std::int64_t IntegerConv::padded_row(int width) const { return (width + 2 * m_shape.padding) * m_shape.in * (m_table->group == 2 ? 2 : 1); }

IntegerConv::Cut IntegerConv::cut(int height, int width) const {
    const int all = unit_count(height, width);
    int most = 1, even = 1;                            // the most of a block, and of what it should be a multiple
    if (m_tile > 0 || is_in_line()) {
        const int limit = m_tile == 4 ? 12 : m_tile == 2 ? 24 : kMostPixels;
        most = std::clamp(static_cast<int>(kBlockBytes / (row_bytes() * planes())), std::min(m_table->row_tile, limit), limit);
        even = std::min(2 * m_table->row_tile, most);
    } else {
        most = std::clamp(static_cast<int>(kBlockBytes / (padded_row(width) * m_shape.stride)), 1, std::max(1, kMostRowPixels / out_size(width)));
    }
    const int blocks = (all + most - 1) / most, count = all <= most ? all : std::min(most, rounded_up((all + blocks - 1) / blocks, even));
    return {count, (all + count - 1) / count};
}

int IntegerConv::tasks(int height, int width, int threads) const {
    const int blocks = cut(height, width).blocks;
    if (threads <= 1) return blocks;
    const int most = m_tile > 0 ? std::max(1, m_panels / 2) : m_panels;   // each task transforms its tiles anew
    return blocks * std::clamp((kTasksPerThread * threads + blocks - 1) / blocks, 1, most);
}

/// Of sums, pair products and packed input, in multiples of a line.
std::array<std::size_t, 3> IntegerConv::part_bytes(int count, int width) const {
    const std::int64_t channels = m_vectors * m_table->lanes;
    const auto lines = [](std::int64_t bytes) { return static_cast<std::size_t>(rounded_up(bytes, kLine)); };
    if (m_tile > 0 || is_in_line()) {
        const std::int64_t rows = std::int64_t{count} * planes();
        return {lines(rows * channels * 4), lines(rows * 4), lines(m_table->group == 4 ? 0 : rows * row_bytes())};
    }
    const std::int64_t across = out_size(width), rows = (count - 1) * m_shape.stride + m_shape.kernel;
    return {lines(across * channels * 4), lines(count * across * 4), lines(rows * padded_row(width)) + static_cast<std::size_t>(kLine)};
}

std::size_t IntegerConv::scratch_bytes(int height, int width) const {
    const auto bytes = part_bytes(cut(height, width).count, width);
    return bytes[0] + bytes[1] + bytes[2] + static_cast<std::size_t>(kLine);
}

IntegerConv::Scratch IntegerConv::parts(std::byte* scratch, int count, int width) const {
    std::byte* at = scratch + (kLine - static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(scratch)) % kLine) % kLine;
    const auto bytes = part_bytes(count, width);
    return {reinterpret_cast<std::int32_t*>(at), reinterpret_cast<std::int32_t*>(at + bytes[0]), reinterpret_cast<std::uint8_t*>(at + bytes[0] + bytes[1])};
}

void IntegerConv::run(const std::uint8_t* x, int height, int width, const integer::Finish& finish, int task, int tasks, std::byte* scratch) const {
    const Cut made = cut(height, width);
    const int chunks = tasks / made.blocks, chunk = task % chunks, first = task / chunks * made.count;
    const Block block{first, std::min(made.count, unit_count(height, width) - first), m_panels * chunk / chunks, m_panels * (chunk + 1) / chunks};
    const Scratch own = parts(scratch, made.count, width);
    if (m_tile > 0) run_winograd(x, height, width, finish, block, own);
    else if (is_in_line()) run_in_line(x, finish, block, own);
    else run_rows(x, height, width, finish, block, own);
}

integer::Product IntegerConv::product(int plane, int panel) const {
    const std::int64_t channels = m_vectors * m_table->lanes, parts = m_tile > 0 ? planes() : m_segments;
    integer::Product p;
    p.units = m_units;
    p.segments = m_segments;
    p.vectors = m_vectors;
    p.w = m_units_of_weight + (panel * parts + plane) * m_units * channels;
    if (m_halved) p.weight_products = m_products.data() + (std::int64_t{panel} * planes() + plane) * channels;
    return p;
}

/// Kernels of one pixel: each pixel's channels are a row of the product.
void IntegerConv::run_in_line(const std::uint8_t* x, const integer::Finish& finish, const Block& block, const Scratch& scratch) const {
    const std::uint8_t* rows = x + std::int64_t{block.first} * m_shape.in;
    if (m_table->group == 2) {
        if (row_bytes() == std::int64_t{m_units} * 4) m_table->widen(rows, scratch.x, block.count * m_shape.in);
        else
            for (int i = 0; i < block.count; ++i) m_table->widen(rows + i * m_shape.in, scratch.x + i * row_bytes(), m_shape.in);
        rows = scratch.x;
    }
    for (int panel = block.first_panel; panel < block.end_panel; ++panel) {
        integer::Product p = product(0, panel);
        p.x = rows;
        p.x_stride = row_bytes();
        p.rows = block.count;
        p.sums = scratch.sums;
        p.products = scratch.products;
        if (m_halved && panel == block.first_panel) m_table->pair_products(p);
        (m_halved ? m_table->halved : m_table->product)(p);
        m_table->finish(scratch.sums, block.count, m_vectors, finish, block.first, panel * m_vectors * m_table->lanes);
    }
}

/// Rows of the output from rows of the input with a frame of zeros: what a kernel's row covers stands together, so that nothing is gathered pixel by pixel.
void IntegerConv::run_rows(const std::uint8_t* x, int height, int width, const integer::Finish& finish, const Block& block, const Scratch& scratch) const {
    const int across = out_size(width), rows = (block.count - 1) * m_shape.stride + m_shape.kernel, top = block.first * m_shape.stride - m_shape.padding;
    const std::int64_t line = padded_row(width), bytes = m_table->group == 2 ? 2 : 1, frame = m_shape.padding * m_shape.in;
    const auto fill = [&](std::uint8_t* to, std::int64_t values) {
        if (bytes == 1) std::memset(to, m_zero, static_cast<std::size_t>(values));
        else std::fill_n(reinterpret_cast<std::int16_t*>(to), values, static_cast<std::int16_t>(m_zero));
    };
    for (int row = 0; row < rows; ++row) {
        std::uint8_t* to = scratch.x + row * line;
        if (top + row < 0 || top + row >= height) {
            fill(to, line / bytes);
            continue;
        }
        fill(to, frame);
        m_table->widen(x + std::int64_t{top + row} * width * m_shape.in, to + frame * bytes, width * m_shape.in);
        fill(to + (frame + width * m_shape.in) * bytes, frame);
    }
    std::memset(scratch.x + rows * line, 0, static_cast<std::size_t>(kLine));   // the last segment may reach beyond
    for (int panel = block.first_panel; panel < block.end_panel; ++panel)
        for (int row = 0; row < block.count; ++row) {
            integer::Product p = product(0, panel);
            p.x = scratch.x + row * m_shape.stride * line;
            p.x_stride = m_shape.stride * m_shape.in * bytes;
            p.segment_stride = line;
            p.rows = across;
            p.sums = scratch.sums;
            p.products = scratch.products + std::ptrdiff_t{row} * across;
            if (m_halved && panel == block.first_panel) m_table->pair_products(p);
            (m_halved ? m_table->halved : m_table->product)(p);
            m_table->finish(scratch.sums, across, m_vectors, finish, std::int64_t{block.first + row} * across, panel * m_vectors * m_table->lanes);
        }
}

void IntegerConv::run_winograd(const std::uint8_t* x, int height, int width, const integer::Finish& finish, const Block& block, const Scratch& scratch) const {
    const int side = m_tile + 2, across = (width + m_tile - 1) / m_tile;
    const std::int64_t in = m_shape.in, stride = row_bytes(), plane = block.count * stride;
    for (int i = 0; i < block.count; ++i) {
        const int top = (block.first + i) / across * m_tile - 1, left = (block.first + i) % across * m_tile - 1;
        const std::uint8_t* pixels[(integer::kMostTile + 2) * (integer::kMostTile + 2)];
        for (int y = 0; y < side; ++y)
            for (int c = 0; c < side; ++c) {
                const bool inside = top + y >= 0 && top + y < height && left + c >= 0 && left + c < width;
                pixels[side * y + c] = inside ? x + (std::int64_t{top + y} * width + left + c) * in : m_outside.data();
            }
        m_table->spread(m_tile, pixels, static_cast<int>(in), m_zero, reinterpret_cast<std::int16_t*>(scratch.x + i * stride), plane / 2);
    }
    const std::int64_t sum_plane = std::int64_t{block.count} * m_vectors * m_table->lanes;
    for (int panel = block.first_panel; panel < block.end_panel; ++panel) {
        for (int k = 0; k < planes(); ++k) {
            integer::Product p = product(k, panel);
            p.x = scratch.x + k * plane;
            p.x_stride = stride;
            p.rows = block.count;
            p.sums = scratch.sums + k * sum_plane;
            p.products = scratch.products + std::ptrdiff_t{k} * block.count;
            if (m_halved && panel == block.first_panel) m_table->pair_products(p);
            (m_halved ? m_table->halved : m_table->product)(p);
        }
        m_table->collect(m_tile, scratch.sums, sum_plane, block.count, block.first, m_vectors, finish, height, width, panel * m_vectors * m_table->lanes);
    }
}

}
