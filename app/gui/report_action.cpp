#include "app/gui/report_action.h"
#include "app/common/run_report.h"
#include "app/gui/action_registry.h"
#include "app/gui/project_host.h"
#include "app/gui/runs_page.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QHash>
#include <QPainter>
#include <QPdfWriter>
#include <QSvgRenderer>
#include <QTextDocument>
#include <QUrl>

namespace lathe {
namespace {

/// Markdown as the report writes it; its pictures come from memory, so nothing is loaded from anywhere.
class ReportDocument : public QTextDocument {
public:
    explicit ReportDocument(const MarkdownReport& report) {
        for (const auto& [name, bytes] : report.files) m_files.insert(qs(name), QByteArray(bytes.data(), qsizetype(bytes.size())));
        setUndoRedoEnabled(false);
        QFont font(QStringLiteral("Inter"));
        font.setStyleHint(QFont::SansSerif);
        font.setPointSizeF(9.5);
        setDefaultFont(font);
        setMarkdown(qs(report.text));
    }
protected:
    QVariant loadResource(int type, const QUrl& url) override {
        if (type != QTextDocument::ImageResource) return {};
        const QByteArray bytes = m_files.value(QUrl::fromPercentEncoding(url.toString().toUtf8()), m_files.value(QFileInfo(url.path()).fileName()));
        if (!url.path().endsWith(QLatin1String(".svg"), Qt::CaseInsensitive)) return QImage::fromData(bytes);
        QSvgRenderer drawing(bytes);
        if (!drawing.isValid()) return {};
        constexpr int kScale = 3;   // sharp on paper
        QImage image(drawing.defaultSize() * kScale, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::white);
        QPainter painter(&image);
        drawing.render(&painter);
        painter.end();
        image.setDevicePixelRatio(kScale);
        return image;
    }
private:
    QHash<QString, QByteArray> m_files;
};

}

void write_pdf(const Report& report, const QString& file) {
    const QString part = file + QStringLiteral(".part");
    {
        QPdfWriter writer(part);
        writer.setPageSize(QPageSize(QPageSize::A4));
        writer.setPageMargins(QMarginsF(16, 16, 16, 16), QPageLayout::Millimeter);
        writer.setResolution(144);
        writer.setTitle(qs(report.title));
        writer.setCreator(qs(report.program));
        ReportDocument document(to_markdown(report, ""));
        document.print(&writer);
    }
    QFile made(part);
    if (made.size() == 0) throw Error(ErrorCode::io, "The report could not be written.", ss(file), "Choose a folder you may write to.");
    QFile::remove(file);
    if (!made.rename(file)) throw Error(ErrorCode::io, "The report could not be written.", ss(file) + ": " + ss(made.errorString()), "Choose a folder you may write to.");
}

ReportAction::ReportAction(const Shell& shell, RunsPage& page, QObject* parent) : QObject(parent), m_shell(shell), m_page(page) {
    shell.actions->add({QStringLiteral("runs.report"), tr("R&eport…"), tr("Runs"), QStringLiteral("report"), {}, tr("The selected runs as HTML, Markdown or PDF: parameters, pictures, curves, tables and the commands that repeat them")}, [this] { choose(); });
    shell.actions->action(QStringLiteral("runs.report"))->setIconText(tr("Report"));
    connect(&page, &RunsPage::selection_changed, this, &ReportAction::refresh);
    connect(shell.projects, &ProjectHost::opened, this, &ReportAction::refresh);
    connect(shell.projects, &ProjectHost::closed, this, &ReportAction::refresh);
    refresh();
}

void ReportAction::refresh() {
    const bool open = m_shell.projects->is_open();
    m_shell.actions->set_enabled(QStringLiteral("runs.report"), open && !m_page.chosen().isEmpty(), open ? tr("Select at least one run.") : tr("No project is open."));
}

void ReportAction::choose() {
    std::vector<RunId> runs;
    for (const ListedRun* entry : m_page.chosen()) runs.push_back(entry->run.id);
    if (runs.empty()) return;
    const QFileInfo project(m_shell.projects->file());
    const QString name = runs.size() == 1 ? QStringLiteral("%1-run-%2").arg(project.completeBaseName()).arg(runs.front()) : project.completeBaseName() + QStringLiteral("-report");
    const QString html = tr("Web page (*.html)"), markdown = tr("Markdown with pictures (*.md)"), pdf = tr("Document (*.pdf)");
    QString chosen;
    QString file = QFileDialog::getSaveFileName(m_shell.window, tr("Report of %n run(s)", nullptr, int(runs.size())), project.dir().filePath(name + QStringLiteral(".html")), QStringList{html, markdown, pdf}.join(QStringLiteral(";;")), &chosen);
    if (file.isEmpty()) return;
    if (QFileInfo(file).suffix().isEmpty()) file += chosen == pdf ? QStringLiteral(".pdf") : chosen == markdown ? QStringLiteral(".md") : QStringLiteral(".html");
    write(file, runs);
}

void ReportAction::write(const QString& file, const std::vector<RunId>& runs) {
    const auto catalogue = std::make_shared<Catalogue>(m_shell.catalogue());
    m_shell.projects->read<QString>(this, [file, runs, catalogue, project = ss(m_shell.projects->file())](const ProjectReader& reader) {
        RunReportOptions options;
        options.project_file = project;
        options.catalogue = catalogue->methods.empty() ? nullptr : catalogue.get();
        const Report report = run_report(reader, runs, options);
        if (file.endsWith(QLatin1String(".pdf"), Qt::CaseInsensitive)) write_pdf(report, file);
        else write_report(report, fs_path(file));
        return file;
    }, [this](const QString& done) {
        m_shell.say(QStringLiteral("info"), tr("The report is written."), done, {}, {MessageButton{tr("Open"), QStringLiteral("report"), [done] { QDesktopServices::openUrl(QUrl::fromLocalFile(done)); }}});
        Q_EMIT written(done);
    });
}

}
