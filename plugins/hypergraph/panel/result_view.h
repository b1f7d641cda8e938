#pragma once
// What a finished training reached: its row and those of other trainings of this graph as papers print them, and what was taken for what on the test nodes. GUI thread only.
#include "plugins/hypergraph/panel/training_groups.h"
#include <QWidget>

class QPushButton;
class QVBoxLayout;

namespace lathe {
class ElidedLabel;
class SimpleTable;
class TextLabel;
}

namespace lathe::hypergraph {

class ResultView : public QWidget {
    Q_OBJECT
public:
    explicit ResultView(QWidget* parent = nullptr);
    void set_trainings(const QList<PanelRun>& runs);       ///< finished ones of this graph, newest first
    void show_training(std::shared_ptr<const Training> training, bool regression, bool stale);   ///< null: none
    SimpleTable* groups() { return m_groups; }
    SimpleTable* confusion() { return m_confusion; }       ///< a new one where the classes change
    QString as_latex() const;
    QString as_csv() const;
    QString confusion_csv() const;                         ///< empty: none
Q_SIGNALS:
    void cell_chosen(int truth, int said);                 ///< of the confusion table
private:
    void rebuild();
    void show_groups();
    void show_confusion();
    QList<PanelRun> m_runs;
    std::shared_ptr<const Training> m_training;
    bool m_regression = false, m_stale = false;
    SimpleTable *m_groups, *m_confusion = nullptr;
    QVBoxLayout* m_confusion_column;
    ElidedLabel *m_note, *m_confusion_note;
    TextLabel* m_empty;
    QPushButton *m_latex, *m_csv, *m_confusion_copy;
};

}
