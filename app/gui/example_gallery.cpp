#include "app/gui/example_gallery.h"
#include "app/gui/artifact_decode.h"
#include "app/gui/text.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "viewers/image_data.h"
#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QPainter>
#include <QPointer>
#include <QThreadPool>
#include <algorithm>
#include <map>

namespace lathe {
namespace {
constexpr int kMostPictures = 8, kFewPictures = 4;

QString text_of(const Json& info, const char* key) {
    const auto found = info.find(key);
    return found != info.end() && found->is_string() ? qs(found->get<std::string>()) : QString();
}

/// The newest picture of each of the newest runs; of a run with many (a camera rig), all of its last ones.
QList<QImage> newest_pictures(const ProjectReader& reader) {
    QList<QImage> pictures;
    for (const RunRow& run : reader.runs(RunQuery{}, 16)) {
        std::map<std::string, ArtifactRow> last;   // by key
        for (ArtifactRow& row : reader.artifacts(run.id))
            if (row.kind == "image" && (!last.contains(row.key) || row.step >= last[row.key].step)) last[row.key] = std::move(row);
        const auto picture = [&reader](const ArtifactRow& row) { return ImageData::from_artifact(load_artifact(reader, row)).to_image(); };
        if (last.size() > kFewPictures) {
            for (const auto& [key, row] : last)
                if (pictures.size() < kMostPictures) pictures << picture(row);
        } else if (!last.empty()) {
            pictures << picture(std::ranges::max_element(last, {}, [](const auto& entry) { return std::pair(entry.second.step, entry.second.id); })->second);
        }
        if (last.size() > kFewPictures || pictures.size() == kMostPictures) break;
    }
    return pictures;
}

/// Up to eight pictures of the project, side by side, each in a cell of the first one's shape.
QImage montage(const QString& file) {
    const QList<QImage> pictures = newest_pictures(ProjectReader(fs_path(file)));
    if (pictures.isEmpty()) return {};
    constexpr int w = 632, h = 300, gap = 10;
    QImage sheet(w, h, QImage::Format_ARGB32_Premultiplied);
    sheet.fill(QColor(0x17, 0x19, 0x1D));
    QPainter painter(&sheet);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, pictures.first().width() > 100);
    const double shape = double(pictures.first().width()) / pictures.first().height();
    const int count = int(pictures.size()), columns = std::min(shape > 1.5 ? 3 : 4, count), rows = (count + columns - 1) / columns;
    const double cell = std::min({double(w - gap * (columns + 1)) / columns, (h - gap * (rows + 1)) * shape / rows, 140 * std::max(1.0, shape)}), high = cell / shape;
    const double left = (w - columns * cell - (columns - 1) * gap) / 2, top = (h - rows * high - (rows - 1) * gap) / 2;
    for (int i = 0; i < count; ++i) {
        const int column = i % columns, row = i / columns;
        painter.drawImage(QRectF(left + column * (cell + gap), top + row * (high + gap), cell, high), pictures[i]);
    }
    return sheet;
}

Example read_example(const QString& file) {
    Example example;
    example.file = file;
    const QFileInfo info(file);
    example.title = info.completeBaseName().replace(u'-', u' ').replace(u'_', u' ');
    if (!example.title.isEmpty()) example.title[0] = example.title[0].toUpper();
    const QString base = info.dir().filePath(info.completeBaseName());
    try {
        if (QFileInfo::exists(base + QStringLiteral(".json"))) {
            const Json about = parse_json(read_file(fs_path(base + QStringLiteral(".json")), 1u << 16), ss(base) + ".json");
            if (const QString title = text_of(about, "title"); !title.isEmpty()) example.title = title;
            example.text = text_of(about, "text");
            example.facts = text_of(about, "facts");
            example.workspace = text_of(about, "workspace");
            if (const auto order = about.find("order"); order != about.end() && order->is_number_integer()) example.order = order->get<int>();
        }
        if (QFileInfo::exists(base + QStringLiteral(".png"))) example.picture.load(base + QStringLiteral(".png"));
        if (example.picture.isNull()) example.picture = montage(file);
    } catch (const std::exception& error) {
        log(LogLevel::warning, "examples", error.what());
    }
    return example;
}
}

void ExampleGallery::load() {
    if (m_loading || m_loaded) return;
    m_loading = true;
    QThreadPool::globalInstance()->start([self = QPointer<ExampleGallery>(this)] {
        QList<Example> found;
        const QDir folder(path_text(example_projects()));
        const QStringList names = folder.entryList({QStringLiteral("*.lathe")}, QDir::Files, QDir::Name);
        for (const QString& name : names) found << read_example(folder.filePath(name));
        std::stable_sort(found.begin(), found.end(), [](const Example& a, const Example& b) { return a.order < b.order; });
        QMetaObject::invokeMethod(qApp, [self, found] {
            if (!self) return;
            self->m_list = found;
            self->m_loaded = true;
            Q_EMIT self->loaded();
        }, Qt::QueuedConnection);
    });
}

}
