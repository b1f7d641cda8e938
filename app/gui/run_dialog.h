#pragma once
// Any method of the engine as a form: its inputs, all its parameters, Run, and the command line that does the same.
#include "app/gui/command_line.h"
#include <QDialog>
#include <QLineEdit>
#include <map>

class QComboBox;
class QFormLayout;
class QPushButton;

namespace lathe {

class JobList;
class ParameterForm;
class TextLabel;
struct Shell;

class RunDialog : public QDialog {
    Q_OBJECT
public:
    RunDialog(const Shell& shell, JobList& jobs, QWidget* parent);
    void choose(const QString& method, const Json& params, const AssetPaths& assets);
    ParameterForm* form() { return m_form; }
Q_SIGNALS:
    void submitted(QString uuid);
private:
    void show_method();
    void run();
    RunRequest request() const;
    AssetPaths assets() const;
    const Shell& m_shell;
    JobList& m_jobs;
    QComboBox* m_method;
    TextLabel *m_help, *m_error;
    QWidget* m_inputs;
    QFormLayout* m_input_rows;
    std::map<QString, QLineEdit*> m_fields;
    ParameterForm* m_form;
    QLineEdit* m_title;
    QPushButton* m_run;
};

}
