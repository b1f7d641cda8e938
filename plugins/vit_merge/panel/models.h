#pragma once
// The models of a set with what the user changed of them: the parameter `models` as a value that is easy to change. A table {"columns","rows"} with name, path, data, weight,
// use; no rows: the set as it is. Plain values.
#include "plugins/vit_merge/panel/description.h"

namespace lathe::vit_merge {

struct ModelEntry {
    QString name, path, data;                              ///< path: of a file that was added; empty: it is the set's
    double weight = 1;
    bool use = true;
    bool operator==(const ModelEntry&) const = default;
};

/// Those of the table in its order, then those of the set that it does not name. What is damaged is left out.
QList<ModelEntry> models_from(const Json& table, const Description& set);
/// With the columns of `table` (those that the method declares).
Json models_to_table(const QList<ModelEntry>& models, const Json& table);
/// The base name of the file, with a number where that is taken.
QString free_name(const QString& file, const QList<ModelEntry>& models);
bool is_model_file(const QString& file);                   ///< by its ending

}
