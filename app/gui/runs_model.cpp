#include "app/gui/runs_model.h"
#include "app/gui/project_host.h"
#include "app/gui/run_drop.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "core/base/time.h"
#include "widgets/theme.h"
#include <algorithm>

namespace lathe {
namespace {
QVariant head(const RunColumn& column, int role) {
    if (role == Qt::DisplayRole) return column.head();
    if (role == Qt::ToolTipRole) return column.help.isEmpty() ? column.id() : column.help;
    if (role == Qt::TextAlignmentRole) return QVariant((column.is_figure() && column.kind != RunColumn::number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    return {};
}
}

std::vector<ListedRun> load_entries(const ProjectReader& reader, const RunQuery& query, std::int64_t limit, std::int64_t offset) {
    std::vector<ListedRun> entries;
    std::vector<RunId> ids;
    for (RunRow& row : reader.runs(query, limit, offset)) {
        ids.push_back(row.id);
        entries.push_back({std::move(row), {}});
    }
    auto metrics = reader.metrics(ids);
    for (ListedRun& entry : entries)
        for (MetricSummary& summary : metrics[entry.run.id]) entry.metrics[summary.key] = summary;
    return entries;
}

std::vector<ListedRun> load_entries(const ProjectReader& reader, const std::vector<RunId>& runs) {
    std::vector<ListedRun> entries;
    for (const RunId id : runs) {
        try {
            ListedRun entry{reader.run(id), {}};
            for (MetricSummary& summary : reader.metrics(id)) entry.metrics[summary.key] = summary;
            entries.push_back(std::move(entry));
        } catch (const Error& error) {
            if (error.code() != ErrorCode::not_found) throw;
        }
    }
    return entries;
}

RunsModel::RunsModel(const Shell& shell, RunsLook& look, QObject* parent) : QAbstractTableModel(parent), m_shell(shell), m_look(look) {
    connect(&look, &RunsLook::changed, this, [this] {
        if (m_count > 0 && columnCount() > 0) Q_EMIT dataChanged(index(0, 0), index(m_count - 1, columnCount() - 1));
    });
}

void RunsModel::set_query(RunQuery query) {
    m_query = std::move(query);
    reload();
}

void RunsModel::clear() {
    ++m_serial;
    beginResetModel();
    m_pages.clear();
    m_requested.clear();
    m_count = 0;
    m_total = 0;
    m_loading = 0;
    endResetModel();
}

void RunsModel::reload() {
    if (!m_shell.projects->is_open()) return clear();
    const quint64 serial = ++m_serial;
    m_requested.clear();
    const int page = m_last_page * kPage < m_count ? m_last_page : 0;   // where the user is looking
    m_loading = 1;
    m_shell.projects->read<Answer>(this, [query = m_query, page](const ProjectReader& reader) {
        const double begin = monotonic_seconds();
        Answer answer;
        answer.page = page;
        answer.count = reader.count_runs(query);
        answer.first = load_entries(reader, query, kPage, std::int64_t(page) * kPage);
        answer.ms = (monotonic_seconds() - begin) * 1000;
        RunQuery all;
        all.bin = query.bin;
        all.lane = query.lane;
        answer.total = reader.count_runs(all);
        return answer;
    }, [this, serial](Answer answer) {
        if (serial != m_serial) return;
        m_loading = 0;
        m_total = answer.total;
        m_query_ms = answer.ms;
        const int count = int(std::min<std::int64_t>(answer.count, 10'000'000));
        if (count < m_count) {
            beginRemoveRows({}, count, m_count - 1);
            m_count = count;
            endRemoveRows();
        } else if (count > m_count) {
            beginInsertRows({}, m_count, count - 1);
            m_count = count;
            endInsertRows();
        }
        m_pages.clear();
        measure_columns(answer.first);
        take(answer.page, std::move(answer.first));
        Q_EMIT loaded();
    });
}

void RunsModel::request(int page) const {
    if (m_requested.contains(page) || !m_shell.projects->is_open()) return;
    m_requested.insert(page);
    ++m_loading;
    auto* self = const_cast<RunsModel*>(this);
    m_shell.projects->read<std::vector<ListedRun>>(self, [query = m_query, page](const ProjectReader& reader) {
        return load_entries(reader, query, kPage, std::int64_t(page) * kPage);
    }, [self, page, serial = m_serial](std::vector<ListedRun> entries) {
        if (serial != self->m_serial) return;
        self->m_loading = std::max(0, self->m_loading - 1);
        self->m_requested.remove(page);
        self->take(page, std::move(entries));
    });
}

void RunsModel::locate(RunId id) {
    struct Found { int page = -1; std::vector<ListedRun> entries; };
    if (!m_shell.projects->is_open()) return;
    ++m_loading;
    m_shell.projects->read<Found>(this, [query = m_query, id](const ProjectReader& reader) {
        for (int page = 0;; ++page) {
            const std::vector<RunRow> rows = reader.runs(query, kPage, std::int64_t(page) * kPage);
            if (std::any_of(rows.begin(), rows.end(), [id](const RunRow& row) { return row.id == id; })) return Found{page, load_entries(reader, query, kPage, std::int64_t(page) * kPage)};
            if (rows.size() < std::size_t(kPage)) return Found{};
        }
    }, [this, serial = m_serial](Found found) {
        if (serial != m_serial) return;
        m_loading = std::max(0, m_loading - 1);
        if (found.page >= 0) take(found.page, std::move(found.entries));
        Q_EMIT loaded();
    });
}

void RunsModel::take(int page, std::vector<ListedRun> entries) {
    if (m_pages.size() > 24) m_pages.removeIf([&](const auto& it) { return std::abs(it.key() - page) > 4; });
    m_pages[page] = std::move(entries);
    const int first = page * kPage, last = std::min(m_count, first + kPage) - 1;
    if (last >= first && columnCount() > 0) Q_EMIT dataChanged(index(first, 0), index(last, columnCount() - 1));
}

void RunsModel::measure_columns(const std::vector<ListedRun>& entries) {
    // Columns nobody has chosen grow with the runs: the first one shows neither which parameters differ nor which results the others have.
    if (!m_look.is_chosen) {
        std::vector<RunColumn> wanted = default_columns(entries, m_shell.catalogue());
        const auto is_shown = [this](const RunColumn& column) { return std::any_of(m_look.columns.begin(), m_look.columns.end(), [&](const RunColumn& shown) { return shown.id() == column.id(); }); };
        if (!std::all_of(wanted.begin(), wanted.end(), is_shown)) {
            beginResetModel();
            m_look.columns = std::move(wanted);
            endResetModel();
        }
    }
    m_look.decimals.assign(m_look.columns.size(), 0);
    for (std::size_t i = 0; i < m_look.columns.size(); ++i) {
        if (m_look.columns[i].kind != RunColumn::metric) continue;
        std::vector<double> values;
        for (const ListedRun& entry : entries)
            if (const auto found = entry.metrics.find(m_look.columns[i].key); found != entry.metrics.end()) values.push_back(found->second.last);
        m_look.decimals[i] = decimals_for(values);
    }
    Q_EMIT m_look.changed();
}

void RunsModel::columns_changed() {
    beginResetModel();
    std::stable_partition(m_look.columns.begin(), m_look.columns.end(), [](const RunColumn& column) { return column.is_pinned; });
    m_look.decimals.assign(m_look.columns.size(), 0);
    endResetModel();
    std::vector<ListedRun> loaded_entries;
    for (const auto& page : std::as_const(m_pages)) loaded_entries.insert(loaded_entries.end(), page.begin(), page.end());
    if (!m_look.columns.empty()) measure_columns(loaded_entries);
}

void RunsModel::run_progressed(const std::string& uuid) {
    for (auto page = m_pages.cbegin(); page != m_pages.cend(); ++page)
        for (std::size_t i = 0; i < page->size(); ++i)
            if ((*page)[i].run.uuid == uuid) {
                const int row = page.key() * kPage + int(i);
                if (row < m_count && columnCount() > 0) Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
                return;
            }
}

const ListedRun* RunsModel::entry(int row) const {
    const auto page = m_pages.constFind(row / kPage);
    if (page == m_pages.cend() || row % kPage >= int(page->size())) return nullptr;
    return &(*page)[std::size_t(row % kPage)];
}

int RunsModel::row_of(RunId id) const {
    for (auto page = m_pages.cbegin(); page != m_pages.cend(); ++page)
        for (std::size_t i = 0; i < page->size(); ++i)
            if ((*page)[i].run.id == id) return page.key() * kPage + int(i);
    return -1;
}

QVariant RunsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    m_last_page = index.row() / kPage;
    const ListedRun* found = entry(index.row());
    if (!found) {
        if (role == Qt::DisplayRole) request(index.row() / kPage);
        return {};
    }
    const auto column = std::size_t(index.column());
    return cell(*found, m_look.columns[column], column < m_look.decimals.size() ? m_look.decimals[column] : 3, role, m_look.context());
}

QVariant RunsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    return orientation == Qt::Horizontal && section < columnCount() ? head(m_look.columns[std::size_t(section)], role) : QVariant();
}

Qt::ItemFlags RunsModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractTableModel::flags(index) | Qt::ItemIsDragEnabled;
    if (m_look.columns[std::size_t(index.column())].kind == RunColumn::title) flags |= Qt::ItemIsEditable;
    return flags;
}

QMimeData* RunsModel::mimeData(const QModelIndexList& indexes) const {
    QList<RunId> runs;
    QStringList names;
    for (const QModelIndex& index : indexes)
        if (const ListedRun* found = entry(index.row()); found && !runs.contains(found->run.id)) {
            runs << found->run.id;
            names << QStringLiteral("%1 %2").arg(run_number(found->run.id), qs(found->run.title)).trimmed();
        }
    return run_mime(runs, names);
}

bool RunsModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    const ListedRun* found = role == Qt::EditRole ? entry(index.row()) : nullptr;
    if (!found) return false;
    const QString old_title = qs(found->run.title), new_title = value.toString().trimmed();
    if (old_title == new_title) return false;
    Q_EMIT rename_requested(found->run.id, old_title, new_title);
    return true;
}

RunsTop::RunsTop(RunsLook& look, QObject* parent) : QAbstractTableModel(parent), m_look(look) {
    connect(&look, &RunsLook::changed, this, [this] {
        beginResetModel();
        endResetModel();
    });
}

QVariant RunsTop::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !m_look.baseline) return {};
    const auto column = std::size_t(index.column());
    if (role == Qt::BackgroundRole) return Theme::instance().colours().alt;
    return cell(*m_look.baseline, m_look.columns[column], column < m_look.decimals.size() ? m_look.decimals[column] : 3, role, m_look.context());
}

QVariant RunsTop::headerData(int section, Qt::Orientation orientation, int role) const {
    return orientation == Qt::Horizontal && section < columnCount() ? head(m_look.columns[std::size_t(section)], role) : QVariant();
}

}
