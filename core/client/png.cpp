#include "core/client/png.h"
#include "core/base/error.h"
#include <bit>
#include <csetjmp>
#include <cstring>
#include <png.h>
#include <vector>

namespace lathe {
namespace {

// libpng leaves by longjmp, which runs no destructors: everything that owns memory lives in these two structs, outside the functions that may be left.
struct Writer {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string out;
    char error[200] = {};
    ~Writer() { png_destroy_write_struct(&png, &info); }
};

struct Reader {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string_view file;
    std::size_t at = 0;
    Raster raster;
    std::vector<png_bytep> rows;
    char error[200] = {};
    ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

template <class State> void on_error(png_structp png, png_const_charp text) {
    auto* state = static_cast<State*>(png_get_error_ptr(png));
    std::strncpy(state->error, text, sizeof state->error - 1);
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void append(png_structp png, png_bytep data, png_size_t size) { static_cast<Writer*>(png_get_io_ptr(png))->out.append(reinterpret_cast<const char*>(data), size); }

void fetch(png_structp png, png_bytep data, png_size_t size) {
    auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
    if (size > reader->file.size() - reader->at) png_error(png, "the file ends too early");
    std::memcpy(data, reader->file.data() + reader->at, size);
    reader->at += size;
}

constexpr int kColorTypes[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};

/// False: left by an error, whose text is in `w`.
bool write(Writer& w, const char* pixels, std::int64_t height, std::int64_t width, int channels, int bits, int level) {
    if (setjmp(png_jmpbuf(w.png))) return false;
    png_set_write_fn(w.png, &w, append, nullptr);
    png_set_IHDR(w.png, w.info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), bits, kColorTypes[channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
        PNG_FILTER_TYPE_BASE);
    png_set_compression_level(w.png, level);
    png_set_filter(w.png, 0, PNG_FILTER_SUB);
    png_write_info(w.png, w.info);
    if (bits == 16 && std::endian::native == std::endian::little) png_set_swap(w.png);
    const std::int64_t stride = width * channels * (bits / 8);
    for (std::int64_t y = 0; y < height; ++y) png_write_row(w.png, reinterpret_cast<png_const_bytep>(pixels + y * stride));
    png_write_end(w.png, nullptr);
    return true;
}

bool read_header(Reader& r) {
    if (setjmp(png_jmpbuf(r.png))) return false;
    png_set_read_fn(r.png, &r, fetch);
    png_set_user_limits(r.png, 1 << 24, 1 << 24);
    png_set_chunk_malloc_max(r.png, 8u << 20);
    png_set_chunk_cache_max(r.png, 100);
    png_read_info(r.png, r.info);
    png_set_expand(r.png);
    if (std::endian::native == std::endian::little) png_set_swap(r.png);
    png_set_interlace_handling(r.png);
    png_read_update_info(r.png, r.info);
    return true;
}

bool read_pixels(Reader& r) {
    if (setjmp(png_jmpbuf(r.png))) return false;
    png_read_image(r.png, r.rows.data());
    png_read_end(r.png, nullptr);
    return true;
}

[[noreturn]] void refuse(const std::string& why, const std::string& where) { throw Error(ErrorCode::wrong_format, "The PNG cannot be read: " + why + ".", where, "The file may be cut short or damaged."); }

}

std::string encode_png(std::string_view pixels, std::int64_t height, std::int64_t width, int channels, int bits, int level) {
    const std::string size = std::to_string(width) + "x" + std::to_string(height) + "x" + std::to_string(channels) + ", " + std::to_string(bits) + " bits";
    if (height < 1 || width < 1 || height > kMaxPngPixels || width > kMaxPngPixels || height * width > kMaxPngPixels || channels < 1 || channels > 4 || (bits != 8 && bits != 16))
        throw Error(ErrorCode::invalid_value, "An image of this size cannot be written as PNG.", size, "At most 64 Mpx, 1 to 4 channels of 8 or 16 bits.");
    if (static_cast<std::int64_t>(pixels.size()) != height * width * channels * (bits / 8)) throw Error(ErrorCode::invalid_value, "The pixels do not fill the image.", size);
    Writer w;
    w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, on_error<Writer>, on_warning);
    w.info = w.png ? png_create_info_struct(w.png) : nullptr;
    if (!w.info) throw std::bad_alloc();
    w.out.reserve(pixels.size() / 2 + 1024);
    if (!write(w, pixels.data(), height, width, channels, bits, level)) throw Error(ErrorCode::internal, std::string("PNG: ") + w.error, size);   // NOLINT(bugprone-suspicious-stringview-data-usage): height and width bound it
    return std::move(w.out);
}

Raster decode_png(std::string_view file, const std::string& where) {
    if (file.size() < 8 || png_sig_cmp(reinterpret_cast<png_const_bytep>(file.data()), 0, 8) != 0) refuse("it does not begin like one", where);
    Reader r;
    r.file = file;
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error<Reader>, on_warning);
    r.info = r.png ? png_create_info_struct(r.png) : nullptr;
    if (!r.info) throw std::bad_alloc();
    if (!read_header(r)) refuse(r.error, where);
    Raster& out = r.raster;
    out.height = png_get_image_height(r.png, r.info);
    out.width = png_get_image_width(r.png, r.info);
    out.channels = png_get_channels(r.png, r.info);
    out.bits = png_get_bit_depth(r.png, r.info);
    if (out.height * out.width > kMaxPngPixels) refuse("it has more than 64 million pixels", where);
    const std::size_t stride = png_get_rowbytes(r.png, r.info);
    out.pixels.resize(stride * static_cast<std::size_t>(out.height));
    r.rows.resize(static_cast<std::size_t>(out.height));
    for (std::size_t y = 0; y < r.rows.size(); ++y) r.rows[y] = reinterpret_cast<png_bytep>(out.pixels.data() + y * stride);
    if (!read_pixels(r)) refuse(r.error, where);
    return std::move(out);
}

}
