#include "plugins/vit_merge/panel/strip.h"
#include "viewers/image_data.h"
#include <QCoreApplication>
#include <QFileInfo>
#include <cmath>

namespace lathe::vit_merge {
namespace {

QString told(const char* text) { return QCoreApplication::translate("StripPicture", text); }

Verdict verdict_of(double value) { return std::isnan(value) ? Verdict::unknown : value != 0 ? Verdict::right : Verdict::wrong; }

}

Json PictureKey::to_json() const { return {{"task", task.toStdString()}, {"file", file.toStdString()}, {"index", index}}; }

PictureKey PictureKey::from_json(const Json& json) {
    PictureKey key;
    key.task = text_fact(json, "task");
    key.file = text_fact(json, "file");
    if (const double index = fact(json, "index"); index >= 0 && index < 1e9) key.index = int(index);
    return key;
}

QString StripPicture::name() const { return key.file.isEmpty() ? QStringLiteral("%1 %2").arg(key.task).arg(key.index) : QFileInfo(key.file).fileName(); }

QString verdict_text(const StripPicture& picture) {
    if (picture.joint == Verdict::right) return told("right");
    if (picture.joint == Verdict::unknown) return {};
    if (!picture.key.task.isEmpty() && !picture.head.isEmpty() && picture.head != picture.key.task) return told("wrong head: is of %1").arg(picture.key.task);
    return picture.label.isEmpty() ? told("wrong") : told("wrong: is %1").arg(picture.label);
}

void Strip::take(const Artifact& artifact) {
    if (artifact.key == "picture") m_images[artifact.step] = ImageData::from_artifact(artifact).to_image();
    else if (artifact.key == "strip") m_rows = table_of(artifact);
    else if (artifact.key == "gate") m_gate = values_of(artifact, 2), models = texts_fact(artifact.meta, "models");
}

bool Strip::take(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take(made->artifact);
    if (const auto* points = std::get_if<event::Metrics>(&event.body))
        for (const event::MetricPoint& point : points->points)
            if (point.key < points->keys.size()) metrics[QString::fromStdString(points->keys[point.key])] = point.value;
    const auto* done = std::get_if<event::Finished>(&event.body);
    if (!done) return false;
    summary = done->summary.is_object() ? done->summary : Json::object();
    assemble();
    return true;
}

void Strip::assemble() {
    finished = true;
    pictures.clear();
    const bool has_gate = m_gate.is_matrix() && m_gate.size(0) == std::int64_t(m_rows.rows.size());
    for (std::size_t r = 0; r < m_rows.rows.size(); ++r) {
        StripPicture one;
        one.key.task = text_in(m_rows, r, "task");
        one.key.file = text_in(m_rows, r, "file");
        if (const double index = number_or_nan(m_rows, r, "index"); index >= 0 && index < 1e9) one.key.index = int(index);
        if (const auto found = m_images.find(std::int64_t(r)); found != m_images.end()) one.picture = found->second;
        one.label = text_in(m_rows, r, "label");
        one.head = text_in(m_rows, r, "head");
        one.predicted = text_in(m_rows, r, "predicted");
        one.oracle = text_in(m_rows, r, "oracle");
        one.confidence = number_or_nan(m_rows, r, "confidence");
        one.joint = verdict_of(number_or_nan(m_rows, r, "joint"));
        one.oracle_right = verdict_of(number_or_nan(m_rows, r, "oracle_right"));
        if (has_gate)
            for (std::size_t i = 0, models_here = std::size_t(m_gate.size(1)); i < models_here; ++i) one.gate << m_gate.values[r * models_here + i];
        pictures << one;
    }
}

int Strip::index_of(const PictureKey& key) const {
    for (int i = 0; i < pictures.size(); ++i)
        if (pictures[i].key == key) return i;
    return -1;
}

bool Strip::mixed_batch() const { return summary.is_object() && summary.contains("mixed_batch") && summary["mixed_batch"].is_boolean() && summary["mixed_batch"].get<bool>(); }

double Strip::share(Verdict StripPicture::*kind) const {
    int right = 0, known = 0;
    for (const StripPicture& one : pictures) {
        known += one.*kind != Verdict::unknown;
        right += one.*kind == Verdict::right;
    }
    return known == 0 ? std::nan("") : double(right) / known;
}

double Strip::gate_share() const {
    int right = 0, known = 0;
    for (const StripPicture& one : pictures) {
        if (one.key.task.isEmpty() || one.head.isEmpty() || one.gate.isEmpty()) continue;
        ++known;
        right += one.head == one.key.task;
    }
    return known == 0 ? std::nan("") : double(right) / known;
}

}
