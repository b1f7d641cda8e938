#pragma once
// Trainings of a project side by side, as papers print them: those that are equal but for their seed are one row of mean ± std. No widgets; any thread.
#include "plugins/hypergraph/panel/training.h"
#include "widgets/panel.h"

namespace lathe::hypergraph {

struct TrainingGroup {
    QString network, hyperedges;                           ///< ids; behaviour behind the network where there are two
    QStringList differs;                                   ///< "hidden 64": what is other than in the training that is shown
    bool is_shown = false;                                 ///< the training that is shown is one of it
    std::vector<double> train, validation, test;           ///< of each seed, the newest run of it; shares, or absolute errors; NaN: not known
};

/// `runs`: finished ones of hypergraph.train, newest first. The group of `shown` (null: none) comes first, the others as they come.
QList<TrainingGroup> group_trainings(const QList<PanelRun>& runs, const Training* shown, bool regression);

/// "83.10 ± 0.40": shares in percent, errors with four figures; without ± where there is one value only, "–" where there is none.
QString mean_text(const std::vector<double>& values, bool regression);

}
