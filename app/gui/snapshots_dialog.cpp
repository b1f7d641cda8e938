#include "app/gui/snapshots_dialog.h"
#include "app/gui/project_host.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

namespace lathe {

SnapshotsDialog::SnapshotsDialog(const Shell& shell, QWidget* parent) : QDialog(parent), m_shell(shell) {
    setWindowTitle(tr("Snapshots"));
    resize(420, 320);
    auto* column = new QVBoxLayout(this);
    auto* note = new TextLabel(tr("A snapshot holds the parameters and layouts of all workspaces. Runs are not touched when it is brought back."), 12, false, TextRole::secondary, this);
    note->setWordWrap(true);
    m_list = new QListWidget(this);
    m_list->setAccessibleName(tr("Snapshots"));
    m_restore = make_button(tr("Bring back"), QStringLiteral("history"), true, this);
    m_restore->setEnabled(false);
    m_restore->setToolTip(tr("Select a snapshot. File > Add snapshot… makes one."));
    auto* close = make_button(tr("Close"), {}, false, this);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(close);
    buttons->addWidget(m_restore);
    column->addWidget(note);
    column->addWidget(m_list, 1);
    column->addLayout(buttons);
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_list, &QListWidget::currentRowChanged, this, [this](int row) { m_restore->setEnabled(row >= 0); });
    connect(m_restore, &QPushButton::clicked, this, [this] {
        m_shell.projects->restore_panel_states(m_rows[std::size_t(m_list->currentRow())].state);
        accept();
    });
    shell.projects->read<std::vector<SnapshotRow>>(this, [](const ProjectReader& reader) { return reader.snapshots(); }, [this](std::vector<SnapshotRow> rows) {
        m_rows = std::move(rows);
        for (const SnapshotRow& row : m_rows) m_list->addItem(QStringLiteral("%1   %2").arg(qs(row.name), when_text(row.created)));
    });
}

}
