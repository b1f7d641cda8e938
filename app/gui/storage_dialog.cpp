#include "app/gui/storage_dialog.h"
#include "app/gui/project_host.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QMessageBox>
#include <QPointer>
#include <QPushButton>
#include <QVBoxLayout>

namespace lathe {

StorageDialog::StorageDialog(const Shell& shell, QWidget* parent) : QDialog(parent), m_shell(shell) {
    setWindowTitle(tr("Storage"));
    resize(460, 420);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(10);
    m_total = new StatRow(tr("Project file"), true, this);
    m_table = new SimpleTable({tr("What"), tr("Size")}, this);
    m_plan = new TextLabel(tr("Measuring…"), 12, false, TextRole::secondary, this);
    m_plan->setWordWrap(true);
    m_clean = make_button(tr("Clean up…"), QStringLiteral("trash"), false, this);
    m_clean->setEnabled(false);
    auto* close = make_button(tr("Close"), {}, true, this);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_clean);
    buttons->addStretch(1);
    buttons->addWidget(close);
    column->addWidget(m_total);
    column->addWidget(m_table, 1);
    column->addWidget(m_plan);
    column->addLayout(buttons);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    connect(m_clean, &QPushButton::clicked, this, &StorageDialog::clean_up);
    load();
}

void StorageDialog::load() {
    const auto project = m_shell.projects->project();
    const auto keep = std::size_t(Settings::instance().value(QStringLiteral("storage/keep_live")).toInt());
    m_shell.projects->read<Answer>(this, [project, keep](const ProjectReader& reader) {
        Answer answer;
        answer.storage = project->storage();
        answer.live = reader.live_beyond(keep);
        RunQuery bin;
        bin.bin = true;
        answer.in_bin = reader.count_runs(bin);
        return answer;
    }, [this](const Answer& answer) { show_answer(answer); });
}

void StorageDialog::show_answer(const Answer& answer) {
    m_answer = answer;
    const Storage& s = answer.storage;
    const double quota = Settings::instance().value(QStringLiteral("storage/quota_mb")).toDouble() * 1e6;
    m_total->set_value(tr("%1 of %2").arg(size_text(s.file_bytes), size_text(qint64(quota))), std::min(1.0, double(s.file_bytes) / quota), tr("quota"));
    m_table->set_rows({{tr("Pictures, tensors, files"), size_text(s.artifact_bytes)}, {tr("Numbers (metrics)"), size_text(s.metric_bytes)}, {tr("Models and data inside"), size_text(s.asset_bytes)},
        {tr("Live results"), size_text(s.live_bytes)}, {tr("In the bin"), size_text(s.bin_bytes)}, {tr("Free inside the file"), size_text(s.free_bytes)}});
    const QString lock = m_shell.projects->read_only_reason();
    const bool any = answer.in_bin > 0 || !answer.live.empty() || s.free_bytes > 0;
    m_clean->setEnabled(lock.isEmpty() && any);
    m_clean->setToolTip(!lock.isEmpty() ? tr("The project is read-only: %1").arg(lock) : any ? QString() : tr("There is nothing to clean up."));
    m_plan->setText(tr("Clean up would remove for good: %1 in the bin (%2), %3 beyond the %4 that are kept; and give %5 of free space back to the disk.")
        .arg(tr("%n run(s)", nullptr, int(answer.in_bin)), size_text(s.bin_bytes), tr("%n live result(s)", nullptr, int(answer.live.size()))).arg(Settings::instance().value(QStringLiteral("storage/keep_live")).toInt()).arg(size_text(s.free_bytes)));
}

void StorageDialog::clean_up() {
    if (QMessageBox::question(this, tr("Clean up"), m_plan->text() + QStringLiteral("\n\n") + tr("This cannot be undone."), QMessageBox::Yes | QMessageBox::Cancel, QMessageBox::Cancel) != QMessageBox::Yes) return;
    m_clean->setEnabled(false);
    m_plan->setText(tr("Cleaning up…"));
    const auto keep = std::size_t(Settings::instance().value(QStringLiteral("storage/keep_live")).toInt());
    m_shell.projects->write_alone([keep](Project& project) {
        project.empty_bin();
        project.trim_live(keep);
        project.compact();
    }, [self = QPointer<StorageDialog>(this)] { if (self) self->load(); });
}

}
