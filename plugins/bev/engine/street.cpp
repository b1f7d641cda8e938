#include "plugins/bev/engine/street.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include "plugins/bev/engine/street_painter.h"
#include <algorithm>
#include <cmath>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <future>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <sys/file.h>
#include <unistd.h>

namespace lathe::bev {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;                             // of this generator: another one makes another data set from the same options
constexpr const char* kCard = "street.json";           // what the data set was made from

void put(const fs::path& file, const void* data, std::size_t size) {   // within the unfinished folder: nothing need be flushed file by file
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    out.close();
    if (!out) throw Error(ErrorCode::io, "A file of the data set cannot be written.", file.string(), "Look for free space and for permission to write there.");
}

void put_picture(const fs::path& file, const cv::Mat& picture, const std::vector<int>& settings = {}) {
    std::vector<std::uint8_t> bytes;
    cv::imencode(file.extension().string(), picture, bytes, settings);
    put(file, bytes.data(), bytes.size());
}

/// A folder that only one process works in.
class Claim {
public:
    explicit Claim(const fs::path& folder) : m_fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (m_fd < 0) throw Error(ErrorCode::io, "The folder for the data set cannot be opened.", folder.string(), "Choose another folder.");
        if (flock(m_fd, LOCK_EX | LOCK_NB) == 0) return;
        close(m_fd);
        throw Error(ErrorCode::busy, "Another run makes this data set at the moment.", folder.string(), "Wait for it, or choose another folder.");
    }
    ~Claim() { close(m_fd); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
private:
    int m_fd;
};

void check(const StreetOptions& o) {
    const auto refuse = [](const char* what, const std::string& where, const char* hint) { throw Error(ErrorCode::invalid_value, what, where, hint); };
    if (o.train_scenes < 0 || o.val_scenes < 0 || o.scenes() < 1 || o.train_scenes > 9999 || o.val_scenes > 9999) refuse("A data set needs at least one scene.", std::to_string(o.scenes()) + " scenes", "Ask for 1 to 9999 scenes of each split.");
    if (o.key_frames < 1 || o.key_frames > 40) refuse("The number of key frames is out of range.", std::to_string(o.key_frames), "Ask for 1 to 40.");
    if (o.width < 160 || o.width > kStreetWidth || o.width % 16 != 0) refuse("The pictures cannot have this width.", std::to_string(o.width), "Choose a multiple of 16 from 160 to 1600: the height is 9/16 of it.");
    if (o.jpeg_quality < 1 || o.jpeg_quality > 100) refuse("The JPEG quality is out of range.", std::to_string(o.jpeg_quality), "Choose 1 to 100.");
}

std::optional<Json> card_in(const fs::path& folder) {
    std::error_code none;
    const fs::path file = folder / kStreetVersion / kCard;
    if (!fs::exists(file, none)) return std::nullopt;
    try {
        return parse_json(read_file(file, 1u << 20), file.string());
    } catch (const Error&) {
        return std::nullopt;                           // not ours, or not whole: as if it were not there
    }
}

Json card_of(const StreetOptions& options) { return {{"format", kFormat}, {"options", to_json(options)}}; }

bool is_of(const std::optional<Json>& card, const StreetOptions& options) {
    return card && card->is_object() && card->value("format", Json()) == Json(kFormat) && card->value("options", Json()) == to_json(options);
}

/// Draws, casts rays and writes the files of one scene; then its rows.
class SceneJob {
public:
    SceneJob(const StreetOptions& options, const fs::path& root, StreetPainter& painter, const StreetHooks& hooks, int& done)
        : m_options(options), m_root(root), m_painter(painter), m_hooks(hooks), m_done(done) {}

    Json operator()(const ScenePlan& plan) {
        m_painter.load(plan);
        m_bodies = ray_bodies(plan.world);
        std::vector<std::vector<BoxCounts>> counts(static_cast<std::size_t>(m_options.key_frames), std::vector<BoxCounts>(plan.world.objects.size()));
        std::deque<std::future<void>> writing;         // the files of one exposure each, on other threads
        std::vector<Picture> first;
        for (const Exposure& e : plan.exposures) {
            std::vector<BoxCounts>& count = counts[static_cast<std::size_t>(e.moment / 2)];
            while (writing.size() >= 4) {
                writing.front().get();
                writing.pop_front();
            }
            if (e.sensor == kLidarSensor) {
                writing.push_back(std::async(std::launch::async, [this, &plan, &e, &count] { write_scan(plan, e, count); }));
                continue;
            }
            m_painter.aim(plan, m_options, e);
            Picture picture{m_options.width, m_options.height(), m_painter.colours()};
            if (e.key()) note_truth(plan, e, count, writing);
            if (e.moment == 0) first.push_back(picture);
            if (first.size() == kCameras.size() && m_hooks.preview) m_hooks.preview(plan.name, std::exchange(first, {}));
            writing.push_back(std::async(std::launch::async, [this, file = m_root / e.file, picture = std::move(picture)]() mutable { write_jpeg(file, picture); }));
            ++m_done;
            if (m_hooks.progress) m_hooks.progress(m_done, m_options.pictures(), plan.name);
        }
        for (std::future<void>& task : writing) task.get();
        return scene_rows(m_options, plan, counts);
    }

private:
    void write_jpeg(const fs::path& file, Picture& picture) const {
        cv::Mat image(picture.height, picture.width, CV_8UC3, picture.rgb.data());
        cv::cvtColor(image, image, cv::COLOR_RGB2BGR);
        put_picture(file, image, {cv::IMWRITE_JPEG_QUALITY, m_options.jpeg_quality});
    }

    void write_scan(const ScenePlan& plan, const Exposure& e, std::vector<BoxCounts>& counts) const {   // alone in touching lidar_points
        const LidarScan result = scan(plan.world, m_bodies, plan.sensors, e.time);
        for (const int hit : result.hits)
            if (hit >= 0) ++counts[static_cast<std::size_t>(hit)].lidar_points;
        put(m_root / e.file, result.points.data(), result.points.size() * sizeof(LidarPoint));
    }

    void note_truth(const ScenePlan& plan, const Exposure& e, std::vector<BoxCounts>& counts, std::deque<std::future<void>>& writing) {
        std::vector<std::uint32_t> ids = m_painter.ids();
        m_painter.count(ids, counts);
        if (!m_options.truth_pictures) return;
        const std::string channel(kCameras[static_cast<std::size_t>(e.sensor)]), name = plan.name + "__" + channel + "__" + std::to_string(e.timestamp) + ".png";
        writing.push_back(std::async(std::launch::async, [this, channel, name, ids = std::move(ids), depths = m_painter.depths()] {
            cv::Mat id(m_options.height(), m_options.width, CV_16UC1), depth(m_options.height(), m_options.width, CV_16UC1);
            for (std::size_t i = 0; i < ids.size(); ++i) {
                id.ptr<std::uint16_t>()[i] = static_cast<std::uint16_t>(ids[i]);
                depth.ptr<std::uint16_t>()[i] = static_cast<std::uint16_t>(std::min(std::lround(100 * depths[i]), 65535L));
            }
            put_picture(m_root / "truth" / "ids" / channel / name, id);
            put_picture(m_root / "truth" / "depth" / channel / name, depth);
        }));
    }

    const StreetOptions& m_options;
    const fs::path& m_root;
    StreetPainter& m_painter;
    const StreetHooks& m_hooks;
    int& m_done;
    std::vector<RayBody> m_bodies;
};

void make_folders(const fs::path& root, bool truth) {
    fs::create_directories(root / "parts");
    fs::create_directories(root / "samples" / "LIDAR_TOP");
    for (const std::string_view channel : kCameras) {
        fs::create_directories(root / "samples" / channel);
        fs::create_directories(root / "sweeps" / channel);
        if (!truth) continue;
        fs::create_directories(root / "truth" / "ids" / channel);
        fs::create_directories(root / "truth" / "depth" / channel);
    }
}

/// The unfinished folder, emptied unless it was begun with the same options.
void prepare(const fs::path& part, const StreetOptions& options) {
    if (!is_of(card_in(part), options)) {
        const bool ours = fs::is_empty(part) || fs::exists(part / kStreetVersion / kCard);
        if (!ours) throw Error(ErrorCode::invalid_value, "A folder that is needed for the work holds something else.", part.string(), "Move it away, or choose another folder for the data set.");
        for (const fs::directory_entry& entry : fs::directory_iterator(part)) fs::remove_all(entry.path());
        fs::create_directories(part / kStreetVersion);
        write_file(part / kStreetVersion / kCard, json_text(card_of(options), 1));
    }
    make_folders(part, options.truth_pictures);
}

StreetSummary summary_of(const StreetOptions& options, int annotations) {
    StreetSummary out;
    out.scenes = options.scenes();
    out.samples = options.scenes() * options.key_frames;
    out.pictures = options.pictures();
    out.annotations = annotations;
    return out;
}

StreetSummary make(const StreetOptions& options, const fs::path& folder, const StreetHooks& hooks) {
    std::error_code none;
    if (fs::exists(folder, none) && !(fs::is_directory(folder, none) && fs::is_empty(folder, none))) {
        const std::optional<Json> card = card_in(folder);
        if (!card || !card->is_object() || card->value("annotations", Json()).is_null())
            throw Error(ErrorCode::invalid_value, "The folder for the data set holds something else.", folder.string(), "Choose an empty folder, or one that does not exist.");
        if (!is_of(card, options))
            throw Error(ErrorCode::invalid_value, "The folder holds a street data set that was made with other settings.", folder.string(), "Choose another folder, or move this one away.");
        StreetSummary there = summary_of(options, static_cast<int>(int_member(*card, "annotations", folder.string())));
        there.was_there = true;
        return there;
    }
    const fs::path part = folder.parent_path() / (folder.filename().string() + ".part");
    fs::create_directories(part);
    const Claim claim(part);
    prepare(part, options);
    std::optional<StreetPainter> painter;
    std::vector<Json> scenes;
    int done = 0, annotations = 0;
    for (int index = 0; index < options.scenes(); ++index) {
        const ScenePlan plan = plan_scene(options, index);
        const fs::path rows = part / "parts" / (plan.name + ".json");
        if (fs::exists(rows)) {                        // an earlier run got so far
            scenes.push_back(parse_json(read_file(rows, 1u << 28), rows.string(), {.depth = 8, .elements = 100'000'000, .bytes = 1u << 28}));
            done += options.pictures() / options.scenes();
        } else {
            if (!painter) painter.emplace();
            scenes.push_back(SceneJob(options, part, *painter, hooks, done)(plan));
            write_file(rows, json_text(scenes.back()));
        }
        annotations += static_cast<int>(scenes.back().at("sample_annotation").size());
        if (hooks.progress) hooks.progress(done, options.pictures(), plan.name);
    }
    write_street_tables(options, scenes, part);
    Json card = card_of(options);
    card["annotations"] = annotations;
    write_file(part / kStreetVersion / kCard, json_text(card, 1));
    fs::remove_all(part / "parts");
    fs::rename(part, folder);
    StreetSummary out = summary_of(options, annotations);
    if (painter) out.driver = painter->driver();
    return out;
}

}

Json to_json(const StreetOptions& o) {
    return {{"seed", o.seed}, {"train_scenes", o.train_scenes}, {"val_scenes", o.val_scenes}, {"key_frames", o.key_frames}, {"width", o.width}, {"exposure_offsets", o.exposure_offsets}, {"rare_classes", o.rare_classes},
        {"truth_pictures", o.truth_pictures}, {"jpeg_quality", o.jpeg_quality}};
}

StreetSummary generate_street(const StreetOptions& options, const fs::path& where, const StreetHooks& hooks) {
    check(options);
    if (where.empty()) throw Error(ErrorCode::invalid_value, "No folder is named for the data set.", "folder", "Name an empty folder, or one that does not exist.");
    fs::path folder = fs::absolute(where).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();   // "street/" names the same as "street"
    try {
        return make(options, folder, hooks);
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorCode::io, "The data set cannot be written.", error.path1().string() + ": " + error.code().message(), "Choose a folder where files may be written.");
    }
}

}
