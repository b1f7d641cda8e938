#pragma once
// Do hyperedges help? Networks over seeds as mean ± std, and the pairs with and without hyperedges with their test and a sentence. GUI thread only.
#include "plugins/hypergraph/panel/answers.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class ElidedLabel;
class SimpleTable;
class TextLabel;
}

namespace lathe::hypergraph {

class CompareView : public QWidget {
    Q_OBJECT
public:
    explicit CompareView(QWidget* options, QWidget* parent = nullptr);   ///< options: of its method; stands beside its button
    void take(const Artifact& artifact);                   ///< tables results, runs, pairs
    void set_running(const QString& text);                 ///< empty: it does not run
    void set_regression(bool regression);                  ///< absolute errors instead of accuracies
    void set_stale(bool stale);
    void set_resumable(bool resumable);                    ///< one that ended early can go on: what is finished is not trained again
    QString as_latex() const;
    QString as_csv() const { return csv_of(m_results); }
    QString pairs_csv() const { return csv_of(m_pairs); }
    SimpleTable* results() { return m_result_table; }
    QString sentences() const;                             ///< what the pairs say
Q_SIGNALS:
    void run_requested();                                  ///< while it runs: cancel
private:
    void rebuild();
    void show_note();
    void show_button();
    QString seeds_text(const QString& net) const;
    QString score(double value) const;
    CsvTable m_results, m_runs, m_pairs;
    QString m_running;                                     // progress; empty: it does not run
    bool m_regression = false, m_stale = false, m_resumable = false;
    SimpleTable *m_result_table, *m_pair_table;
    ElidedLabel* m_note;
    TextLabel* m_sentences;
    QPushButton *m_run, *m_latex, *m_csv;
};

}
