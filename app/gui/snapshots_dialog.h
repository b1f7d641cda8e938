#pragma once
// Named snapshots of all panel states: bring one back.
#include "core/project/rows.h"
#include <QDialog>

class QListWidget;
class QPushButton;

namespace lathe {
struct Shell;

class SnapshotsDialog : public QDialog {
    Q_OBJECT
public:
    SnapshotsDialog(const Shell& shell, QWidget* parent);
private:
    const Shell& m_shell;
    std::vector<SnapshotRow> m_rows;
    QListWidget* m_list;
    QPushButton* m_restore;
};

}
