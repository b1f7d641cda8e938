#pragma once
// What takes how much in the project file, against the quota, and "Clean up…", which shows what would go before anything does.
#include "core/project/rows.h"
#include <QDialog>

class QPushButton;

namespace lathe {

class SimpleTable;
class StatRow;
class TextLabel;
struct Shell;

class StorageDialog : public QDialog {
    Q_OBJECT
public:
    StorageDialog(const Shell& shell, QWidget* parent);
private:
    struct Answer { Storage storage; std::vector<RunId> live; std::int64_t in_bin = 0; };
    void load();
    void show_answer(const Answer& answer);
    void clean_up();
    const Shell& m_shell;
    Answer m_answer;
    StatRow* m_total;
    SimpleTable* m_table;
    TextLabel* m_plan;
    QPushButton* m_clean;
};

}
