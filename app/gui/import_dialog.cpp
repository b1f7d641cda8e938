#include "app/gui/import_dialog.h"
#include "app/gui/project_host.h"
#include "app/gui/run_columns.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "viewers/table_view.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QApplication>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPointer>
#include <QPushButton>
#include <QThreadPool>
#include <QVBoxLayout>

namespace lathe {

ImportDialog::ImportDialog(const Shell& shell, const QString& file, QWidget* parent) : QDialog(parent), m_shell(shell), m_file(file) {
    setWindowTitle(tr("Import runs from %1").arg(QFileInfo(file).fileName()));
    resize(720, 480);
    auto* column = new QVBoxLayout(this);
    m_note = new TextLabel(tr("Reading…"), 12, false, TextRole::secondary, this);
    m_note->setWordWrap(true);
    m_table = new TableView(this);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_import = make_button(tr("Import"), QStringLiteral("download"), true, this);
    m_import->setEnabled(false);
    m_import->setToolTip(tr("Select runs first."));
    auto* cancel = make_button(tr("Cancel"), {}, false, this);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(m_import);
    column->addWidget(m_note);
    column->addWidget(m_table, 1);
    column->addLayout(buttons);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_import, &QPushButton::clicked, this, &ImportDialog::import_selected);
    load();
}

void ImportDialog::load() {
    QThreadPool::globalInstance()->start([self = QPointer<ImportDialog>(this), file = fs_path(m_file)] {
        auto runs = std::make_shared<std::vector<RunRow>>();
        QString problem;
        try {
            const auto project = Project::open(file, OpenMode::read_only);   // the same checks as any foreign file
            *runs = project->reader()->runs(RunQuery{}, 5000);
        } catch (...) {
            problem = qs(current_error("reading the other project").what());
        }
        QMetaObject::invokeMethod(qApp, [self, runs, problem] {
            if (!self) return;
            self->m_runs = std::move(*runs);
            QList<QVariantList> rows;
            for (const RunRow& run : self->m_runs) rows << QVariantList{run_number(run.id), qs(run.title), qs(run.method), qs(name(run.state)), clock_text(run.created)};
            self->m_table->set_table({tr("Run"), tr("Name"), tr("Method"), tr("Status"), tr("Made")}, rows);
            self->m_table->horizontalHeader()->setStretchLastSection(true);
            self->m_note->set_role(problem.isEmpty() ? TextRole::secondary : TextRole::err);
            self->m_note->setText(problem.isEmpty() ? tr("Select the runs to copy into this project. Runs that are here already stay as they are.") : problem);
            self->connect(self->m_table->selectionModel(), &QItemSelectionModel::selectionChanged, self, [self] {
                self->m_import->setEnabled(self->m_table->selectionModel()->hasSelection());
            });
            self->m_table->selectAll();
        }, Qt::QueuedConnection);
    });
}

void ImportDialog::import_selected() {
    std::vector<RunId> ids;
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    for (const QModelIndex& index : rows) ids.push_back(m_runs[std::size_t(m_table->sort_model()->mapToSource(index).row())].id);
    auto count = std::make_shared<int>(0);
    const Shell* shell = &m_shell;
    m_shell.projects->write([ids, count, file = fs_path(m_file)](Project& project) {
        const ProjectReader reader(file);
        for (const RunId id : ids) {
            project.import_run(reader, id);
            ++*count;
        }
    }, [shell, count, file = m_file] { shell->say(QStringLiteral("info"), tr("%n run(s) imported.", nullptr, *count), file); });
    accept();
}

}
