#pragma once
// What the assignment costs and buys: measured and estimated accuracy as separate numbers, and a table against float and all 8 bit. A dock. GUI thread only.
#include "plugins/quantization/panel/estimate.h"
#include <QWidget>

namespace lathe {
class Headline;
class SimpleTable;
class TextLabel;
}

namespace lathe::quantization {

class ResultView : public QWidget {
    Q_OBJECT
public:
    explicit ResultView(QWidget* parent = nullptr);
    /// Of the last measurement; null: none yet.
    void show_measured(const Json& summary);
    void set_measured_stale(bool stale);
    /// Why there is no estimate, where there is none.
    void show_estimate(const std::optional<Estimate>& estimate, double milliseconds, bool of_other_ranges, const QString& why_not);
    void show_costs(const Costs& in_float, const Costs& all_8, const Costs& now);
    void show_only_costs(const QString& sentence);         ///< a network that is measured elsewhere; empty: it is a classifier
    void set_hint(const QString& sentence);                ///< what is needed for a measurement; empty: nothing
    SimpleTable* table() { return m_table; }
    QString measured_text() const;
    QString estimated_text() const;
private:
    void show_latency();
    void show_points();
    Headline *m_measured, *m_estimated, *m_points;
    SimpleTable* m_table;
    TextLabel *m_honest, *m_elsewhere, *m_hint;
    QWidget* m_heads;
    QList<QStringList> m_rows;
    Json m_summary;
    double m_estimate = std::nan("");
    bool m_stale = false;
};

}
