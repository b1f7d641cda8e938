#pragma once
// Compared runs side by side: only what differs among them by default, the number of equal values that are hidden, and a warning where engine, device or
// data differ.
#include "app/gui/run_columns.h"
#include "core/project/compare.h"
#include <QWidget>

namespace lathe {

class DockTitle;
class SegmentedControl;
class SimpleTable;
class TextLabel;
struct Shell;

class CompareView : public QWidget {
    Q_OBJECT
public:
    CompareView(const Shell& shell, RunColours& colours, QWidget* parent = nullptr);
    void attach(DockTitle* bar);                              ///< puts its switch into the title
    void set_runs(const QList<RunId>& runs);
    int hidden_count() const { return m_hidden; }
    SimpleTable* table() { return m_table; }
    Q_INVOKABLE void export_dialog();
private:
    struct Answer { std::vector<RunRow> runs; Comparison comparison; };
    void show_comparison();
    const Shell& m_shell;
    RunColours& m_colours;
    SimpleTable* m_table = nullptr;
    TextLabel *m_note, *m_warning, *m_empty;
    SegmentedControl* m_switch;
    DockTitle* m_bar = nullptr;
    Answer m_answer;
    QList<RunId> m_runs;
    bool m_all = false;
    int m_hidden = 0;
    quint64 m_serial = 0;
};

}
