#pragma once
// The comparison of algorithms: accuracy as mean ± std over seeds, a column for each bit width, the best of a column in bold. A dock. GUI thread only.
#include "core/base/csv.h"
#include "core/method/run.h"
#include <QHash>
#include <QSet>
#include <QStringList>
#include <QWidget>

class QPushButton;

namespace lathe {
class SimpleTable;
class TextLabel;
}

namespace lathe::quantization {

class MethodsView : public QWidget {
    Q_OBJECT
public:
    explicit MethodsView(QWidget* options, QWidget* parent = nullptr);   ///< options: of its method; stands beside its button
    void show_comparison(const Artifact& artifact);        ///< whole or as far as it is
    void set_running(const QString& text);                 ///< empty: it does not run
    QString as_latex() const;
    QString as_csv() const;
    bool is_empty() const { return m_rows.isEmpty(); }
    SimpleTable* table() { return m_table; }
Q_SIGNALS:
    void run_requested();                                  ///< while it runs: cancel
private:
    void rebuild();
    struct Cell { double mean = 0, std = 0; int n = 0; };
    QStringList m_names, m_bits;                           // rows and columns
    QHash<QString, QHash<QString, Cell>> m_cells;
    QList<QStringList> m_rows;
    QSet<std::pair<int, int>> m_best;
    CsvTable m_data;
    SimpleTable* m_table = nullptr;
    TextLabel *m_note, *m_progress;
    QPushButton* m_run;
    QWidget* m_place;
};

}
