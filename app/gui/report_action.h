#pragma once
// Run > Report: the selected runs as one HTML file, as Markdown with pictures, or as PDF. Made and written on a worker thread.
#include "core/project/rows.h"
#include "core/report/report.h"
#include <QObject>

namespace lathe {

class RunsPage;
struct Shell;

class ReportAction : public QObject {
    Q_OBJECT
public:
    ReportAction(const Shell& shell, RunsPage& page, QObject* parent);
    void write(const QString& file, const std::vector<RunId>& runs);   ///< by the suffix of the file; says in the message bar how it went
Q_SIGNALS:
    void written(QString file);
private:
    void choose();
    void refresh();
    const Shell& m_shell;
    RunsPage& m_page;
};

/// The report laid out on A4. Any thread. Throws Error(io).
void write_pdf(const Report& report, const QString& file);

}
