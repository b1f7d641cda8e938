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

namespace lathe {
namespace {
QString text_of(const Json& info, const char* key) {
    const auto found = info.find(key);
    return found != info.end() && found->is_string() ? qs(found->get<std::string>()) : QString();
}

/// Up to eight of the newest pictures of the project, side by side.
QImage montage(const QString& file) {
    const ProjectReader reader(fs_path(file));
    QList<QImage> pictures;
    for (const RunRow& run : reader.runs(RunQuery{}, 16)) {
        const ArtifactRow* last = nullptr;
        const std::vector<ArtifactRow> artifacts = reader.artifacts(run.id);
        for (const ArtifactRow& row : artifacts)
            if (row.kind == "image" && (!last || row.step >= last->step)) last = &row;
        if (last) pictures << ImageData::from_artifact(load_artifact(reader, *last)).to_image();
        if (pictures.size() == 8) break;
    }
    if (pictures.isEmpty()) return {};
    constexpr int w = 632, h = 300, size = 140, gap = 10;
    QImage sheet(w, h, QImage::Format_ARGB32_Premultiplied);
    sheet.fill(QColor(0x17, 0x19, 0x1D));
    QPainter painter(&sheet);
    const int columns = std::min<int>(4, int(pictures.size())), rows = int(pictures.size() + 3) / 4;
    const int left = (w - columns * size - (columns - 1) * gap) / 2, top = (h - rows * size - (rows - 1) * gap) / 2;
    for (int i = 0; i < pictures.size(); ++i)
        painter.drawImage(QRect(left + i % 4 * (size + gap), top + i / 4 * (size + gap), size, size), pictures[i]);
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
