// Second part of kernels_body.h, in its name space: kernels that read or write bytes. No include guard on purpose.

typedef std::uint8_t B __attribute__((vector_size(W)));

/// To whole numbers, ties to even: adding 1.5 * 2^23 leaves them in the low bits. Clamped before, so nothing overflows.
LATHE_INLINE void store_u8(std::uint8_t* p, V scaled, float zero, int n) {
    const V magic = splat(12582912.0f);
    const V held = vmin(vmax(scaled, splat(-zero)), splat(255.0f - zero)) + magic;
    const B bytes = __builtin_convertvector((I)held - (I)magic + static_cast<std::int32_t>(zero), B);
    std::memcpy(p, &bytes, static_cast<std::size_t>(n));
}

void quantize_u8(const float* x, std::uint8_t* y, std::int64_t count, float inverse_scale, float zero) {
    each(count, [&](std::int64_t i, int n) { store_u8(y + i, load(x + i, n) * inverse_scale, zero, n); });
}

void dequantize_u8(const std::uint8_t* x, float* y, std::int64_t count, float scale, float zero) {
    each(count, [&](std::int64_t i, int n) {
        B bytes{};
        std::memcpy(&bytes, x + i, static_cast<std::size_t>(n));
        store(y + i, (__builtin_convertvector(__builtin_convertvector(bytes, I), V) - zero) * scale, n);
    });
}

void upsampled_row_u8(const float* above, const float* below, float share, int map_width, int channels, int width, std::uint8_t* y, std::int64_t step, float inverse_scale, float zero) {
    const float ratio = static_cast<float>(map_width) / static_cast<float>(width);
    for (int u = 0; u < width; ++u, y += step) {
        const float place = ratio * (static_cast<float>(u) + 0.5f) - 0.5f, from = place < 0 ? 0.0f : place;
        const int left = static_cast<int>(from), right = left + (left + 1 < map_width);
        const float part = from - static_cast<float>(left);
        const float* corners[4] = {above + static_cast<std::int64_t>(left) * channels, above + static_cast<std::int64_t>(right) * channels, below + static_cast<std::int64_t>(left) * channels,
            below + static_cast<std::int64_t>(right) * channels};
        const float shares[4] = {(1 - share) * (1 - part), (1 - share) * part, share * (1 - part), share * part};
        each(channels, [&](std::int64_t c, int n) {
            V sum = load(corners[0] + c, n) * shares[0];
            for (int k = 1; k < 4; ++k) sum += load(corners[k] + c, n) * shares[k];
            store_u8(y + c, sum * inverse_scale, zero, n);
        });
    }
}

/// `bytes` from `from` to `to`, past the cache where `past`; `to` and `bytes` are multiples of 64 then.
template <bool past> LATHE_INLINE void move_row(std::byte* to, const std::byte* from, std::size_t bytes) {
    std::size_t i = 0;
    for (; i + 64 <= bytes; i += 64)
        for (std::size_t k = 0; k < 64; k += sizeof(V)) {   // a stream of narrower registers than the processor has is half as fast
            V v;
            std::memcpy(&v, from + i + k, sizeof v);
#if LATHE_LANES == 16
            if constexpr (past) _mm512_stream_ps(reinterpret_cast<float*>(to + i + k), (__m512)v);
#elif LATHE_LANES == 8
            if constexpr (past) _mm256_stream_ps(reinterpret_cast<float*>(to + i + k), (__m256)v);
#elif defined(__SSE2__)
            if constexpr (past) _mm_stream_ps(reinterpret_cast<float*>(to + i + k), (__m128)v);
#else
            if constexpr (past) std::memcpy(to + i + k, &v, sizeof v);
#endif
            if constexpr (!past) std::memcpy(to + i + k, &v, sizeof v);
        }
    if (i < bytes) std::memcpy(to + i, from + i, bytes - i);
}

/// What is not there is taken like a row, so that nothing depends on a branch that cannot be foretold.
template <bool past> LATHE_INLINE void gather_any(const RowSource* sources, int count, std::size_t bytes, const std::byte* none, std::byte* y, std::int64_t first, std::int64_t end) {
    constexpr std::int64_t kAhead = 8;   // rows; 4 to 32 are alike, none is a fifth slower
    std::byte* slot = y + static_cast<std::size_t>(first) * static_cast<std::size_t>(count) * bytes;
    for (std::int64_t i = first; i < end; ++i)
        for (int k = 0; k < count; ++k) {
            const RowSource& source = sources[k];
            const std::int32_t row = source.index[i], later = source.index[i + kAhead < end ? i + kAhead : end - 1];
            const std::byte* from = row < 0 ? none : source.rows + static_cast<std::size_t>(row) * bytes;
            const std::byte* soon = later < 0 ? none : source.rows + static_cast<std::size_t>(later) * bytes;
            for (std::size_t line = 0; line < bytes; line += 64) __builtin_prefetch(soon + line);
            move_row<past>(slot, from, bytes);
            slot += bytes;
        }
#if defined(__SSE2__)
    if constexpr (past) _mm_sfence();
#endif
}

void gather_rows(const RowSource* sources, int count, std::size_t bytes, const std::byte* none, std::byte* y, std::int64_t first, std::int64_t end) {
    gather_any<false>(sources, count, bytes, none, y, first, end);
}
void gather_rows_past_cache(const RowSource* sources, int count, std::size_t bytes, const std::byte* none, std::byte* y, std::int64_t first, std::int64_t end) {
    gather_any<true>(sources, count, bytes, none, y, first, end);
}
