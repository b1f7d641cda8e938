// The columns of the Runs table, for each view of the library, and what of the page is kept with the project.
#include "app/gui/action_registry.h"
#include "app/gui/columns_dialog.h"
#include "app/gui/project_host.h"
#include "app/gui/query_field.h"
#include "app/gui/runs_page.h"
#include "app/gui/runs_table.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include <QInputDialog>
#include <algorithm>

namespace lathe {
namespace {
constexpr std::int64_t kNarrowest = 28, kWidest = 2000;   // of a column, whatever the project says
}

void RunsPage::choose_columns() {
    m_shell.projects->read<std::pair<std::vector<std::string>, std::vector<std::string>>>(this, [](const ProjectReader& reader) {
        return std::pair(reader.parameter_paths(), reader.metric_keys());
    }, [this](const std::pair<std::vector<std::string>, std::vector<std::string>>& names) {
        ColumnsDialog dialog(m_look.columns, names.first, names.second, m_shell.catalogue(), m_shell.window);
        if (dialog.exec() != QDialog::Accepted) return;
        m_look.columns = dialog.columns();   // none: the default ones
        m_look.is_chosen = !m_look.columns.empty();
        m_model.columns_changed();
        if (m_look.columns.empty()) m_model.reload();
        save_state();
    });
}

/// The catalogue says how parameters and metrics are called; it comes when the engine has started.
void RunsPage::label_columns() {
    if (m_look.columns.empty()) return;
    if (!m_look.is_chosen) {
        m_look.columns.clear();   // made anew with the rows
        return;
    }
    for (RunColumn& column : m_look.columns) {
        const bool is_pinned = column.is_pinned;
        if (column.kind == RunColumn::parameter) column = parameter_column(column.key, m_shell.catalogue());
        if (column.kind == RunColumn::metric) column = metric_column(column.key, nullptr, m_shell.catalogue());
        column.is_pinned = is_pinned;
    }
    m_model.columns_changed();
}

void RunsPage::save_view() {
    bool ok = false;
    const QString name = QInputDialog::getText(m_shell.window, tr("Save view"), tr("Name of the view:"), QLineEdit::Normal, m_query->text(), &ok).trimmed();
    if (ok && !name.isEmpty()) m_library->save_view(name, m_query->text());
}

/// Each view of the library has its own columns, widths and order; one without them looks like "All runs".
void RunsPage::save_state() {
    if (!m_shell.projects->is_open() || !is_built()) return;
    Json columns = Json::array(), pinned = Json::array(), sort = Json::array();
    if (m_look.is_chosen)
        for (const RunColumn& column : m_look.columns) {
            columns.push_back(ss(column.id()));
            if (column.is_pinned) pinned.push_back(ss(column.id()));
        }
    for (const auto& [name, ascending] : m_table->sort()) sort.push_back({name, ascending});
    Json widths = Json::object();
    for (const auto& [id, width] : m_table->dragged().asKeyValueRange()) widths[ss(id)] = width;
    m_kept[ss(m_view.id)] = {{"columns", columns}, {"pinned", pinned}, {"widths", widths}, {"sort", sort}};
    m_shell.projects->set_panel_state(QStringLiteral("shell.runs"), {{"views", m_kept}, {"percent", m_look.percent}, {"baseline", m_look.baseline ? m_look.baseline->run.uuid : ""}});
}

void RunsPage::restore_state() {
    m_kept = Json::object();
    const Json state = m_shell.projects->panel_state(QStringLiteral("shell.runs"));
    if (!state.is_object()) return;
    if (const auto views = state.find("views"); views != state.end() && views->is_object()) m_kept = *views;
    if (state.contains("columns")) m_kept["all"] = state;   // as it was kept before views had columns of their own
    show_view_columns();
    if (const auto percent = state.find("percent"); percent != state.end() && percent->is_boolean()) m_shell.actions->action(QStringLiteral("runs.percent"))->setChecked(percent->get<bool>());
    if (const auto baseline = state.find("baseline"); baseline != state.end() && baseline->is_string() && !baseline->get_ref<const std::string&>().empty()) apply_baseline(baseline->get<std::string>());
}

void RunsPage::show_view_columns() {
    const auto own = m_kept.find(ss(m_view.id)), all = m_kept.find("all");
    const Json kept = own != m_kept.end() ? *own : all != m_kept.end() ? *all : Json::object();
    const auto list = [&kept](const char* key) { return kept.is_object() && kept.contains(key) && kept[key].is_array() ? kept[key] : Json::array(); };
    const Json pinned = list("pinned");
    std::vector<RunColumn> columns;
    for (const Json& id : list("columns")) {
        if (!id.is_string()) continue;
        std::optional<RunColumn> column = column_named(id.get<std::string>(), m_shell.catalogue());
        if (!column) continue;
        column->is_pinned = std::find(pinned.begin(), pinned.end(), id) != pinned.end();
        columns.push_back(std::move(*column));
    }
    std::vector<std::pair<std::string, bool>> sort;
    for (const Json& key : list("sort"))
        if (key.is_array() && key.size() == 2 && key[0].is_string() && key[1].is_boolean()) sort.emplace_back(key[0].get<std::string>(), key[1].get<bool>());
    if (!columns.empty() || m_look.is_chosen) {
        m_look.is_chosen = !columns.empty();
        m_look.columns = std::move(columns);   // none: made anew with the rows
        m_model.columns_changed();
    }
    QHash<QString, int> widths;
    if (const auto kept_widths = kept.find("widths"); kept_widths != kept.end() && kept_widths->is_object())
        for (const auto& [id, width] : kept_widths->items())
            if (width.is_number_integer()) widths[qs(id)] = int(std::clamp<std::int64_t>(width.get<std::int64_t>(), kNarrowest, kWidest));
    m_table->set_dragged(std::move(widths));
    m_table->set_sort(std::move(sort));
}

}
