#include "viewers/view_export.h"
#include <QCoreApplication>
#include <QFileInfo>
#include <QImage>
#include <QMarginsF>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QWidget>

namespace lathe {
namespace {
std::function<void(const QString&, const QString&, const QString&)>& export_report() {
    static std::function<void(const QString&, const QString&, const QString&)> report;
    return report;
}
}

bool write_view(const QString& file, const QSize& size, const std::function<void(QPainter&)>& draw, const QString& run, double scale) {
    const QString suffix = QFileInfo(file).suffix().toLower();
    if ((suffix != u"png" && suffix != u"svg" && suffix != u"pdf") || size.isEmpty()) return false;
    QSaveFile out(file);
    if (!out.open(QIODevice::WriteOnly)) return false;
    const QString mark = run.isEmpty() ? QString() : QStringLiteral("lathe-run: ") + run;
    if (suffix == u"png") {
        QImage image((QSizeF(size) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
        image.setDevicePixelRatio(scale);
        image.fill(Qt::transparent);
        {
            QPainter painter(&image);
            draw(painter);
        }
        if (!run.isEmpty()) image.setText(QStringLiteral("lathe-run"), run);
        if (!image.save(&out, "PNG")) return false;
    } else if (suffix == u"svg") {
        QSvgGenerator generator;
        generator.setOutputDevice(&out);
        generator.setResolution(96);   // a recorded picture is played at this one, as on the screen
        generator.setSize(size);
        generator.setViewBox(QRect(QPoint(0, 0), size));
        generator.setTitle(QStringLiteral("Lathe"));
        generator.setDescription(mark);
        QPainter painter;
        if (!painter.begin(&generator)) return false;
        draw(painter);
        painter.end();
    } else {
        QPdfWriter writer(&out);
        writer.setResolution(96);
        writer.setPageSize(QPageSize(QSizeF(size) * 0.75, QPageSize::Point, QString(), QPageSize::ExactMatch));
        writer.setPageMargins(QMarginsF());
        writer.setTitle(mark.isEmpty() ? QStringLiteral("Lathe") : mark);
        QPainter painter;
        if (!painter.begin(&writer)) return false;
        draw(painter);
        painter.end();
    }
    return out.commit();
}

bool write_text(const QString& file, const QString& text) {
    QSaveFile out(file);
    const QByteArray bytes = text.toUtf8();
    return out.open(QIODevice::WriteOnly) && out.write(bytes) == bytes.size() && out.commit();
}

QString csv_of_run(const QString& csv, const QString& run) {
    if (run.isEmpty()) return csv;
    QString marked, last = QStringLiteral(",lathe-run");
    bool quoted = false;
    for (qsizetype i = 0; i < csv.size(); ++i) {
        if (csv[i] == u'"') quoted = !quoted;
        if (csv[i] == u'\r' && !quoted) {   // the end of a line
            marked += last;
            last = u',' + run;
        }
        marked += csv[i];
    }
    return marked;
}

void set_export_report(std::function<void(const QString&, const QString&, const QString&)> report) { export_report() = std::move(report); }

void show_export_failed(const QString& file) {
    if (!export_report()) return;
    export_report()(QCoreApplication::translate("lathe::view_export", "The view was not exported."), file,
        QCoreApplication::translate("lathe::view_export", "Choose a folder you may write to, and a name that ends in one of the listed kinds."));
}

QString shown_run(const QWidget* viewer) { return viewer->property("lathe_run").toString(); }

}
