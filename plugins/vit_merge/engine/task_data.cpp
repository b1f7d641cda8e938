#include "plugins/vit_merge/engine/task_data.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/classification_data.h"
#include "plugins/vit_merge/engine/drawn_sets.h"
#include "plugins/vit_merge/engine/picture_changes.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cstdlib>

namespace lathe::vit_merge {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDrawn = "drawn:";
constexpr int kFolderSide = 224;                           // of pictures in folders of classes: what most Vision Transformers take
constexpr std::int64_t kDrawTold = 256;                    // pictures from one word of progress to the next

struct NamedSource {
    const char *name, *help;
    int classes;
};
constexpr NamedSource kNamedSources[] = {{"fashion", "Fashion-MNIST: the Debian package dataset-fashion-mnist, or a folder fashion-mnist", 10}, {"mnist", "handwritten digits", 10},
    {"kmnist", "ten Kuzushiji characters", 10}, {"notmnist", "letters A to J in many fonts", 10}, {"cifar10", "a part of CIFAR-10", 10}, {"fontdigits", "digits of free fonts", 10},
    {"optdigits", "8 x 8 digits of the UCI set, enlarged", 10}};

const NamedSource* named_source(std::string_view name) {
    for (const NamedSource& one : kNamedSources)
        if (one.name == name) return &one;
    return nullptr;
}

struct ParsedData {
    std::string source;
    std::vector<PictureChange> changes;
};

ParsedData parse_data(const std::string& data) {
    ParsedData out;
    for (const std::string_view part : split(data, '|')) {
        if (out.source.empty()) out.source = trimmed(part);
        else out.changes.push_back(parse_change(trimmed(part), data));
    }
    if (out.source.empty()) throw Error(ErrorCode::invalid_value, "No pictures are named.", "\"" + data + "\"", "Write a source, and changes behind bars: fashion|rotate90.");
    return out;
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

/// The folder of a named set: below what was given, or below LATHE_DATA.
fs::path named_folder(const std::string& name, const fs::path& root, const std::string& data) {
    std::vector<fs::path> places;
    if (!root.empty()) places = {root / name, root / "vit-tasks" / name};
    else if (const char* all = std::getenv("LATHE_DATA"); all && *all) places = {fs::path(all) / "vit-tasks" / name};
    std::string looked;
    for (const fs::path& place : places) {
        if (is_there(place)) return place;
        looked += (looked.empty() ? "" : ", ") + place.string();
    }
    throw Error(ErrorCode::not_found, "The folder of a set of pictures is not here.", data + (looked.empty() ? ": no folder for data was named" : ", looked in " + looked),
        "Name the folder that holds it as \"data\", or set LATHE_DATA. Sets whose names begin with drawn: need no files.");
}

void require_range(std::int64_t first, std::int64_t count, std::int64_t size, const std::string& data) {
    if (first < 0 || count < 0 || first >= size || count > size - first)
        throw Error(ErrorCode::invalid_value, "The set has no such pictures.", data + ": " + std::to_string(count) + " from picture " + std::to_string(first) + " of " + std::to_string(size), "Ask for fewer, or start earlier.");
}

TaskImages drawn_images(const DrawnSet& set, const std::string& data, bool train, std::int64_t first, std::int64_t count, const std::function<void(std::int64_t)>& done) {
    const std::int64_t size = drawn_pictures(train);
    require_range(first, count, size, data);
    if (count == 0) count = size - first;
    TaskImages out{at::empty({count, 1, kDrawnSide, kDrawnSide}, at::kByte), at::empty({count}, at::kLong), set.classes};
    auto* pixels = out.images.mutable_data_ptr<std::uint8_t>();
    auto* labels = out.labels.mutable_data_ptr<std::int64_t>();
    constexpr std::size_t kEach = std::size_t{kDrawnSide} * kDrawnSide;
    for (std::int64_t i = 0; i < count; ++i) {
        labels[i] = draw_picture(set, train, first + i, std::span<std::uint8_t, kEach>(pixels + static_cast<std::size_t>(i) * kEach, kEach));
        if (done && (i + 1) % kDrawTold == 0) done(i + 1);
    }
    return out;
}

TaskImages stored_images(const fs::path& path, const std::string& data, bool train, std::int64_t first, std::int64_t count, const std::function<void(std::int64_t)>& done) {
    SetOptions options;
    options.train = train;
    options.first = first;
    options.count = count;
    options.picture.size = kFolderSide;
    options.done = done;
    try {
        const ClassificationSet set = open_classification_set(path, options);
        return {set.images, set.labels, set.classes};
    } catch (const Error& error) {
        throw Error(error.code(), error.summary(), data + ": " + error.where(), error.hint());
    }
}

TaskImages source_images(const std::string& source, const std::string& data, const fs::path& root, bool train, std::int64_t first, std::int64_t count, const std::function<void(std::int64_t)>& done) {
    if (source.starts_with(kDrawn)) {
        if (const DrawnSet* set = find_drawn_set(std::string_view(source).substr(kDrawn.size()))) return drawn_images(*set, data, train, first, count, done);
    } else if (const NamedSource* named = named_source(source)) {
        const bool is_fashion = source == "fashion";
        const fs::path folder = is_fashion ? find_fashion_mnist(!root.empty() && is_there(root / "fashion-mnist") ? root : fs::path()) : named_folder(source, root, data);
        TaskImages read = stored_images(folder, data, train, first, count, done);
        if (static_cast<int>(read.classes.size()) > named->classes)
            throw Error(ErrorCode::wrong_format, "A label is beyond the classes of this set.", data + ", " + folder.string() + ": label " + std::to_string(read.classes.size() - 1) + " of " + std::to_string(named->classes) + " classes",
                "Fetch the set again.");
        if (!is_fashion && source != "cifar10") {          // a part of a set need not have all of them
            read.classes.clear();
            for (int i = 0; i < named->classes; ++i) read.classes.push_back(source == "notmnist" ? std::string(1, static_cast<char>('A' + i)) : std::to_string(i));
        }
        return read;
    } else {
        const fs::path path = fs::path(source).is_absolute() || root.empty() ? fs::path(source) : root / source;
        if (is_there(path)) return stored_images(path, data, train, first, count, done);
    }
    std::vector<std::string> names;
    std::string all;
    for (const auto& [name, help] : known_task_data())
        if (!name.starts_with('|')) {
            names.push_back(name);
            all += (all.empty() ? "" : ", ") + name;
        }
    const std::string near = nearest_name(source, names);
    throw Error(ErrorCode::unknown_name, "There is no set of pictures of this name, and no such file or folder.", data, (near.empty() ? "" : "Did you mean " + near + "? ") + "Known are " + all + ", and paths.");
}

}

std::vector<std::pair<std::string, std::string>> known_task_data() {
    std::vector<std::pair<std::string, std::string>> all;
    for (const NamedSource& one : kNamedSources) all.emplace_back(one.name, one.help);
    for (const DrawnSet& set : drawn_sets()) all.emplace_back(std::string(kDrawn) + set.name, set.help);
    for (const auto& [name, help] : known_changes()) all.emplace_back("|" + name, help);
    return all;
}

TaskImages open_task(const std::string& data, const fs::path& root, bool train, std::int64_t first, std::int64_t count, const std::function<void(std::int64_t)>& done) {
    const ParsedData parsed = parse_data(data);
    TaskImages out = source_images(parsed.source, data, root, train, first, count, done);
    const std::int64_t highest = out.labels.max().item<std::int64_t>(), lowest = out.labels.min().item<std::int64_t>();
    if (lowest < 0 || highest >= static_cast<std::int64_t>(out.classes.size()))
        throw Error(ErrorCode::wrong_format, "A label is beyond the classes of this set.", data + ": label " + std::to_string(lowest < 0 ? lowest : highest) + " of " + std::to_string(out.classes.size()) + " classes", "Fetch the set again.");
    const GroundPictures grounds = [&](const std::string& source) { return source_images(source, data, root, true, 0, 0, {}).images; };
    for (const PictureChange& change : parsed.changes) out.images = changed(change, out.images, train, first, grounds);
    return out;
}

TaskImages open_task_at_most(const std::string& data, const fs::path& root, bool train, std::int64_t first, std::int64_t count, const std::function<void(std::int64_t)>& done) {
    try {
        return open_task(data, root, train, first, count, done);
    } catch (const Error& error) {
        if (count == 0 || error.code() != ErrorCode::invalid_value) throw;
        TaskImages all = open_task(data, root, train, first, 0, done);
        if (all.size() > count) throw;                     // something else was wrong
        return all;
    }
}

at::Tensor model_pictures(const at::Tensor& bytes, std::int64_t channels, std::int64_t height, std::int64_t width, const std::vector<double>& mean, const std::vector<double>& deviation) {
    if (bytes.dim() != 4 || (bytes.size(1) != channels && bytes.size(1) != 1 && !(bytes.size(1) == 3 && channels == 1)) || static_cast<std::int64_t>(mean.size()) != channels || mean.size() != deviation.size())
        throw Error(ErrorCode::invalid_value, "The pictures cannot be given to this model.", c10::str("pictures ", bytes.sizes(), ", ", channels, " channels of the model, normalisation of ", mean.size()), "Choose a model for pictures of as many channels.");
    at::Tensor x = bytes.to(at::kFloat);
    if (bytes.size(1) == 3 && channels == 1) x = (x * at::tensor({0.299f, 0.587f, 0.114f}).view({1, 3, 1, 1})).sum(1, true);
    if (x.size(2) != height || x.size(3) != width) x = at::_upsample_bilinear2d_aa(x, {height, width}, false);
    const at::Tensor shift = at::tensor(mean, at::kFloat).view({1, -1, 1, 1}), scale = at::tensor(deviation, at::kFloat).view({1, -1, 1, 1});
    return ((x / 255 - shift) / scale).contiguous();
}

}
