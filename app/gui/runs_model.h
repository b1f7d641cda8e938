#pragma once
// The runs of the query, page by page from worker threads: a row that is not there yet is empty until its page comes. Old rows stay until the new ones are
// there. RunsTop shows the baseline with the same columns.
#include "app/gui/run_columns.h"
#include <QAbstractTableModel>
#include <QElapsedTimer>
#include <QHash>

namespace lathe {

class ProjectHost;
struct Shell;

/// What both models share; changes are told by changed().
class RunsLook : public QObject {
    Q_OBJECT
public:
    std::vector<RunColumn> columns;
    std::vector<int> decimals;
    bool is_chosen = false;                               ///< the columns are the user's; else they follow the runs and the catalogue
    std::optional<ListedRun> baseline;
    bool percent = false;
    const JobList* jobs = nullptr;
    RunColours colours;
    QSet<RunId> compared;
    CellContext context() const { return {baseline ? &*baseline : nullptr, percent, jobs, &colours, &compared}; }
Q_SIGNALS:
    void changed();
};

class RunsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    RunsModel(const Shell& shell, RunsLook& look, QObject* parent = nullptr);
    void set_query(RunQuery query);                       ///< reloads
    const RunQuery& query() const { return m_query; }
    void reload();
    void clear();
    const ListedRun* entry(int row) const;                 ///< null: its page is not there yet
    int row_of(RunId id) const;                           ///< among the loaded pages; -1
    void locate(RunId id);                                ///< loads the page it is on, if the query has it; then loaded()
    std::int64_t total() const { return m_total; }        ///< of the project, in the same place (bin or not)
    double query_ms() const { return m_query_ms; }
    bool is_loading() const { return m_loading > 0; }
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : m_count; }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_look.columns.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QMimeData* mimeData(const QModelIndexList& indexes) const override;   ///< rows dragged onto a view that compares
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    void columns_changed();
    void run_progressed(const std::string& uuid);         ///< its row alone is drawn again
Q_SIGNALS:
    void loaded();                                        ///< the first page of a (re)load is in
    void rename_requested(RunId run, QString old_title, QString new_title);
private:
    static constexpr int kPage = 200;
    struct Answer { std::int64_t count = 0, total = 0; std::vector<ListedRun> first; int page = 0; double ms = 0; };
    void request(int page) const;
    void take(int page, std::vector<ListedRun> entries);
    void measure_columns(const std::vector<ListedRun>& entries);
    const Shell& m_shell;
    RunsLook& m_look;
    RunQuery m_query;
    int m_count = 0;
    std::int64_t m_total = 0;
    double m_query_ms = 0;
    quint64 m_serial = 0;                                 ///< of the query; older answers are dropped
    mutable int m_loading = 0;
    mutable QSet<int> m_requested;
    mutable int m_last_page = 0;
    QHash<int, std::vector<ListedRun>> m_pages;
};

class RunsTop : public QAbstractTableModel {
    Q_OBJECT
public:
    explicit RunsTop(RunsLook& look, QObject* parent = nullptr);
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() || !m_look.baseline ? 0 : 1; }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_look.columns.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
private:
    RunsLook& m_look;
};

std::vector<ListedRun> load_entries(const ProjectReader& reader, const RunQuery& query, std::int64_t limit, std::int64_t offset);
std::vector<ListedRun> load_entries(const ProjectReader& reader, const std::vector<RunId>& runs);   ///< those that are still there

}
