#include "plugins/vit_merge/panel/models.h"
#include <QFileInfo>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

const char* const kColumns[] = {"name", "path", "data", "weight", "use"};

Json model_cell(const Json& columns, const Json& row, const char* name) {
    for (std::size_t i = 0; i < columns.size() && i < row.size(); ++i)
        if (columns[i] == name) return row[i];
    return {};
}

std::optional<double> cell_number(const Json& cell) {
    if (cell.is_number()) return cell.get<double>();
    if (cell.is_boolean()) return cell.get<bool>() ? 1 : 0;
    return cell.is_string() ? parse_number(cell.get<std::string>()) : std::nullopt;
}

QString cell_text(const Json& cell) { return cell.is_string() ? QString::fromStdString(cell.get<std::string>()) : QString(); }

}

QList<ModelEntry> models_from(const Json& table, const Description& set) {
    QList<ModelEntry> out;
    const auto knows = [&](const QString& name) { return std::ranges::any_of(out, [&](const ModelEntry& entry) { return entry.name == name; }); };
    if (table.is_object() && table.contains("columns") && table["columns"].is_array() && table.contains("rows") && table["rows"].is_array())
        for (const Json& row : table["rows"]) {
            if (!row.is_array()) continue;
            const auto cell = [&](const char* name) { return model_cell(table["columns"], row, name); };
            ModelEntry entry{cell_text(cell("name")), cell_text(cell("path")), cell_text(cell("data")), cell_number(cell("weight")).value_or(1), cell_number(cell("use")).value_or(1) != 0};
            if (entry.name.isEmpty() && !entry.path.isEmpty()) entry.name = free_name(entry.path, out);
            if (!entry.name.isEmpty() && !knows(entry.name)) out << entry;
        }
    for (const ModelFacts& model : set.models)
        if (!knows(model.name)) out << ModelEntry{model.name, {}, {}, 1, true};
    return out;
}

Json models_to_table(const QList<ModelEntry>& models, const Json& table) {
    Json columns = Json::array();
    if (table.is_object() && table.contains("columns") && table["columns"].is_array()) columns = table["columns"];
    else
        for (const char* column : kColumns) columns.push_back(column);
    Json rows = Json::array();
    for (const ModelEntry& entry : models) {
        Json row = Json::array();
        for (const Json& column : columns) {
            if (column == "name") row.push_back(entry.name.toStdString());
            else if (column == "path") row.push_back(entry.path.toStdString());
            else if (column == "data") row.push_back(entry.data.toStdString());
            else if (column == "weight") row.push_back(entry.weight);
            else if (column == "use") row.push_back(entry.use ? 1 : 0);
            else row.push_back("");
        }
        rows.push_back(row);
    }
    return {{"columns", columns}, {"rows", rows}};
}

QString free_name(const QString& file, const QList<ModelEntry>& models) {
    const QString base = QFileInfo(file).completeBaseName();
    QString name = base;
    for (int n = 2; std::ranges::any_of(models, [&](const ModelEntry& entry) { return entry.name == name; }); ++n) name = QStringLiteral("%1-%2").arg(base).arg(n);
    return name;
}

bool is_model_file(const QString& file) {
    static const QStringList endings{QStringLiteral("safetensors"), QStringLiteral("pth"), QStringLiteral("pt"), QStringLiteral("bin"), QStringLiteral("npz"), QStringLiteral("ckpt")};
    return endings.contains(QFileInfo(file).suffix().toLower());
}

}
