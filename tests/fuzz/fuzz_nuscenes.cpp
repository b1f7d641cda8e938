// What the bev plugin reads of a data set: tables and result files row by row, info records, camera pictures.
#include "core/base/error.h"
#include "plugins/bev/engine/info_json.h"
#include "plugins/bev/engine/json_rows.h"
#include "plugins/bev/engine/picture_file.h"

using namespace lathe;
using namespace lathe::bev;

namespace {

template <class Read> void attempt(Read read) {
    try {
        read();
    } catch (const Error&) {
    }
}

void read_as_anything(const JsonRow& row, std::span<const std::string>) {
    for (const char* key : {"token", "translation", "rotation", "camera_intrinsic", "timestamp", "is_key_frame", "attribute_tokens", "velocity", "detection_score"}) {
        if (!row.has(key)) continue;
        attempt([&] { row.text(key); });
        attempt([&] { row.integer(key); });
        attempt([&] { row.number(key); });
        attempt([&] { row.truth(key); });
        attempt([&] { row.texts(key); });
        attempt([&] { row.vector<3>(key); });
        attempt([&] { row.vector<2>(key, true); });
    }
}

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);   // at an address of its own, so that the sanitizer sees a read behind it
    attempt([&] { read_json_rows(input, "table", "[", {}, {read_as_anything, {}}); });
    attempt([&] { read_json_rows(input, "results", "{{[", "results", {read_as_anything, [](std::span<const std::string> path) { (void)path.back().size(); }}); });
    attempt([&] { sample_info_from(parse_json(input, "info"), "info"); });
    attempt([&] { decode_picture(input, "picture"); });
    attempt([&] { decode_picture(input, "picture", 4, 3); });
    return 0;
}
