// Part of kernels_body.h, in its name space: products of matrices. No include guard on purpose.

// --- small matrix products: C [m, cols] = A B, A by two strides, B and C with rows of whole registers

struct Product { int m, cols, k; const float* a; int a_row, a_k; const float* b; int b_row; float* c; int c_row; };

/// R rows and C registers of columns: start(r, c) plus the products, given to put(r, c, V).
template <int R, int C, class Start, class Put> LATHE_INLINE void tile(const float* a, std::int64_t a_row, std::int64_t a_k, const float* b, std::int64_t b_row, int depth, Start start, Put put) {
    V sum[R][C];
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < C; ++c) sum[r][c] = start(r, c);
    for (int k = 0; k < depth; ++k, a += a_k, b += b_row) {
        V columns[C];
        for (int c = 0; c < C; ++c) columns[c] = load(b + c * W);
        for (int r = 0; r < R; ++r) {
            const V value = splat(a[r * a_row]);
            for (int c = 0; c < C; ++c) sum[r][c] += value * columns[c];
        }
    }
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < C; ++c) put(r, c, sum[r][c]);
}

/// f<R>(row) for tiles of R rows, and one of fewer for what is left.
template <int R, class F> LATHE_INLINE void by_rows(int rows, F f) {
    int row = 0;
    for (; row + R <= rows; row += R) f.template operator()<R>(row);
    if constexpr (R > 1) {
        if (row < rows) by_rows<R - 1>(rows - row, [&]<int Q>(int rest) { f.template operator()<Q>(row + rest); });
    }
}

template <int C> void panel(const Product& p, int col) {
    by_rows<LATHE_TILE_ROWS>(p.m, [&]<int R>(int row) {
        float* to = p.c + static_cast<std::int64_t>(row) * p.c_row + col;
        tile<R, C>(p.a + static_cast<std::int64_t>(row) * p.a_row, p.a_row, p.a_k, p.b + col, p.b_row, p.k, [](int, int) { return V{}; },
            [&](int r, int c, V v) { store(to + static_cast<std::int64_t>(r) * p.c_row + c * W, v); });
    });
}

template <int C> void multiply_from(const Product& p, int col) {
    for (; col + C * W <= p.cols; col += C * W) panel<C>(p, col);
    if constexpr (C > 1) {
        if (col < p.cols) multiply_from<C - 1>(p, col);
    }
}
inline void multiply(const Product& p) { multiply_from<LATHE_TILE_COLS>(p, 0); }

constexpr int padded(int n) { return (n + W - 1) / W * W; }
/// The distance of rows of n floats (whole registers): not a large power of two, or a column of a tile would fall on few lines of the cache.
constexpr int spread(int n) { return n % 64 == 0 ? n + W : n; }

/// Entry i is entry from[i] of a and b, one after the other.
LATHE_INLINE V chosen(V a, V b, I from) {
#ifdef __clang__   // clang has a shuffle of fixed entries only
    V out{};
    for (int i = 0; i < W; ++i) out[i] = from[i] < W ? a[from[i]] : b[from[i] - W];
    return out;
#else
    return __builtin_shuffle(a, b, from);
#endif
}
/// The W x W square of registers, mirrored: log2(W) rounds that swap ever larger quarters.
template <int Step> LATHE_INLINE void mirror_from(V (&x)[W]) {
    I low{}, high{};
    for (int i = 0; i < W; ++i) {
        low[i] = i & Step ? W + i - Step : i;
        high[i] = i & Step ? W + i : i + Step;
    }
    for (int r = 0; r < W; ++r)
        if (!(r & Step)) {
            const V a = x[r], b = x[r + Step];
            x[r] = chosen(a, b, low);
            x[r + Step] = chosen(a, b, high);
        }
    if constexpr (Step * 2 < W) mirror_from<Step * 2>(x);
}

// --- products with few rows: bound by reading the weight once

template <int R, int O> LATHE_INLINE void thin_tile(const float* x, const float* w, const float* bias, float* y, int in, std::int64_t o, std::int64_t out) {
    V sum[R][O];
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < O; ++c) sum[r][c] = V{};
    each(in, [&](std::int64_t i, int n) {
        V columns[O];
        for (int c = 0; c < O; ++c) columns[c] = load(w + (o + c) * in + i, n);
        for (int r = 0; r < R; ++r) {
            const V value = load(x + std::int64_t{r} * in + i, n);
            for (int c = 0; c < O; ++c) sum[r][c] += value * columns[c];
        }
    });
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < O; ++c) y[r * out + o + c] = hsum(sum[r][c]) + (bias ? bias[o + c] : 0.0f);
}
template <int R> void thin_rows(const float* x, const float* w, const float* bias, float* y, int in, std::int64_t first, std::int64_t end, std::int64_t out) {
    constexpr int O = R * 4 <= LATHE_TILE_ROWS * LATHE_TILE_COLS ? 4 : 2;
    std::int64_t o = first;
    for (; o + O <= end; o += O) thin_tile<R, O>(x, w, bias, y, in, o, out);
    for (; o < end; ++o) thin_tile<R, 1>(x, w, bias, y, in, o, out);
}
template <int R = kThinRows> void thin_linear(const float* x, const float* w, const float* bias, float* y, int rows, int in, std::int64_t first, std::int64_t end, std::int64_t out) {
    if (rows == R) thin_rows<R>(x, w, bias, y, in, first, end, out);
    else if constexpr (R > 1) thin_linear<R - 1>(x, w, bias, y, rows, in, first, end, out);
}

// --- linear layers: the weight is packed panel by panel, just before all rows go through it

constexpr int kPanel = LATHE_TILE_COLS * W;

/// Rows of w [kPanel or fewer, in], `depth` of their columns from `k` on -> to [depth, kPanel], what is missing 0.
LATHE_INLINE void pack_panel(const float* w, std::int64_t in, std::int64_t k, int depth, int width, float* to) {
    for (int o = 0; o < kPanel; o += W)
        each(depth, [&](std::int64_t i, int columns) {
            V square[W];
            for (int r = 0; r < W; ++r) square[r] = o + r < width ? load(w + (o + r) * in + k + i, columns) : V{};
            mirror_from<1>(square);
            for (int c = 0; c < columns; ++c) store(to + (i + c) * kPanel + o, square[c]);
        });
}

void linear(const float* x, const float* w, const float* bias, float* y, int rows, std::int64_t in, std::int64_t first, std::int64_t end, std::int64_t out, float* scratch) {
    for (std::int64_t col = first; col < end; col += kPanel) {
        const int width = end - col < kPanel ? static_cast<int>(end - col) : kPanel;
        const auto lanes = [&](int c) { return width - c * W >= W ? W : width > c * W ? width - c * W : 0; };
        for (std::int64_t k = 0; k < in; k += kLinearDepth) {
            const int depth = in - k < kLinearDepth ? static_cast<int>(in - k) : kLinearDepth;
            pack_panel(w + col * in, in, k, depth, width, scratch);
            by_rows<LATHE_TILE_ROWS>(rows, [&]<int R>(int row) {
                float* to = y + row * out + col;
                tile<R, LATHE_TILE_COLS>(x + row * in + k, in, 1, scratch, kPanel, depth,
                    [&](int r, int c) { return k ? load(to + r * out + c * W, lanes(c)) : bias ? load(bias + col + c * W, lanes(c)) : V{}; },
                    [&](int r, int c, V v) { store(to + r * out + c * W, v, lanes(c)); });
            });
        }
    }
}
