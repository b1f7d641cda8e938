#pragma once
// Columns of the runs table and what stands in their cells: values, the difference to the baseline, colours, icons.
#include "core/method/method_info.h"
#include "core/project/project.h"
#include <QColor>
#include <QHash>
#include <QSet>
#include <QString>
#include <QVariant>
#include <map>
#include <optional>
#include <vector>

namespace lathe {

class JobList;

struct ListedRun { RunRow run; std::map<std::string, MetricSummary> metrics; };

struct RunColumn {
    enum Kind { swatch, number, title, state, method, seed, tags, started, seconds, device, engine, notes, parameter, metric };
    Kind kind = number;
    std::string key;                 ///< parameter path or metric key
    QString label, unit, better, help;
    bool is_pinned = false;          ///< at the left, in sight however far the table is scrolled
    QString id() const;              ///< "run", "param.steps", "metric.speedup": for saving, and "run" columns by name
    std::string sort_name() const;   ///< for RunQuery::sort; empty: cannot be sorted
    bool is_figure() const { return kind == metric || kind == seconds || kind == seed || kind == number; }
    QString head() const { return unit.isEmpty() ? label : label + u' ' + unit; }
};

/// The same colour for a run everywhere: Compare, curves, images, the table.
class RunColours {
public:
    int index(RunId run);                                    ///< assigns one if the run has none
    std::optional<int> find(RunId run) const;
    void keep_only(const QList<RunId>& runs);                ///< frees the others' colours
    QColor colour(RunId run) const;
private:
    QHash<RunId, int> m_index;
};

RunColumn fixed_column(RunColumn::Kind kind);
RunColumn parameter_column(const std::string& path, const Catalogue& catalogue);
std::optional<RunColumn> column_named(const std::string& id, const Catalogue& catalogue);   ///< by RunColumn::id()
RunColumn metric_column(const std::string& key, const MetricSummary* known, const Catalogue& catalogue);
/// What is shown first: state, what varies among these runs, and their metrics.
std::vector<RunColumn> default_columns(const std::vector<ListedRun>& entries, const Catalogue& catalogue);

QString run_number(RunId id);                                ///< "#0148"
QString short_time(double seconds);                          ///< "0.62"
double run_seconds(const RunRow& run);                       ///< NaN: not known
/// One precision per column.
int decimals_for(const std::vector<double>& values);
QString figure(double value, int decimals);                  ///< "∞", "–" for NaN, proper minus

struct CellContext {
    const ListedRun* baseline = nullptr;
    bool percent = false;                                    ///< differences in %
    const JobList* jobs = nullptr;
    const RunColours* colours = nullptr;
    const QSet<RunId>* compared = nullptr;
};
QVariant cell(const ListedRun& entry, const RunColumn& column, int decimals, int role, const CellContext& context);

}
