#pragma once
// Runs of another project, to be copied into the open one with their pictures and numbers.
#include "core/project/project.h"
#include <QDialog>
#include <memory>

class QLineEdit;
class QPushButton;

namespace lathe {

class TableView;
class TextLabel;
struct Shell;

class ImportDialog : public QDialog {
    Q_OBJECT
public:
    ImportDialog(const Shell& shell, const QString& file, QWidget* parent);
private:
    void load();
    void import_selected();
    const Shell& m_shell;
    QString m_file;
    TableView* m_table;
    TextLabel* m_note;
    QPushButton* m_import;
    std::vector<RunRow> m_runs;
};

}
