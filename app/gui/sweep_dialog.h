#pragma once
// A sweep: values for some parameters of a method; a run for each combination. The runs are queued; the project keeps the sweep and its cells.
#include "core/method/sweep.h"
#include <QDialog>

class QComboBox;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;

namespace lathe {

class SweepRunner;
class TextLabel;
struct Shell;

class SweepDialog : public QDialog {
    Q_OBJECT
public:
    SweepDialog(const Shell& shell, SweepRunner& runner, QWidget* parent);
private:
    void check();
    void start();
    const Shell& m_shell;
    SweepRunner& m_runner;
    QComboBox* m_method;
    QLineEdit *m_title, *m_assets;
    QPlainTextEdit* m_axes;
    TextLabel *m_names, *m_count;
    QPushButton* m_start;
    std::vector<Json> m_cells;
};

}
