#pragma once
// The Runs workspace: library, query, table, and the docks that show the compared runs. Its actions exist from the start; its widgets are made when it is
// first shown.
#include "app/gui/library_list.h"
#include "app/gui/runs_model.h"
#include <QObject>
#include <QPointer>
#include <QTimer>

class QLabel;

namespace lathe {

class CompareView;
class CurvesView;
class ImagesView;
class JobList;
class ParallelView;
class QueryField;
class RunsTable;
class TextLabel;
class Workspace;
struct Shell;

class RunsPage : public QObject {
    Q_OBJECT
public:
    RunsPage(const Shell& shell, JobList& jobs, QObject* parent);
    void build(Workspace& workspace);
    bool is_built() const { return m_table != nullptr; }
    void set_current(bool current);                          ///< the workspace is the one shown: its keys act
    void show_query(const QString& query);
    void select_run(RunId run);
    void select_run(const QString& uuid);
    bool is_loading() const { return m_model.is_loading(); }
    /// Runs the actions work on: the selection, or the current one.
    QList<const ListedRun*> chosen() const;
    bool in_bin() const { return m_view.bin; }
    RunsModel& model() { return m_model; }
    RunsLook& look() { return m_look; }
    QueryField* query_field() { return m_query; }
    RunsTable* table() { return m_table; }
    CompareView* compare() { return m_compare; }
    const QList<RunId>& compared() const { return m_compared; }
Q_SIGNALS:
    void selection_changed();
    void retry_sweep_requested(qint64 sweep);
private:
    void add_actions();
    void choose_columns();
    void copy_rows();
    void label_columns();
    void save_view();
    void set_baseline(RunId run);
    void apply_baseline(const std::string& uuid);
    void compare(const QList<RunId>& runs, bool by_hand);
    void add_compared(const QList<RunId>& runs);
    void apply_query(const RunQuery& query);
    void refresh();
    void refresh_names();
    void refresh_actions();
    void project_changed();
    void save_state();
    void restore_state();
    void show_view_columns();
    void show_counts();
    void show_menu(const QPoint& at);
    const Shell& m_shell;
    RunsLook m_look;
    RunsModel m_model;
    LibraryView m_view{QStringLiteral("all"), {}, {}};
    RunQuery m_text_query;
    QList<RunId> m_compared;
    Json m_kept = Json::object();                            ///< columns and order of each view
    bool m_by_hand = false, m_current = false;
    Workspace* m_workspace = nullptr;
    QueryField* m_query = nullptr;
    TextLabel *m_counts = nullptr, *m_empty = nullptr;
    LibraryList* m_library = nullptr;
    RunsTable* m_table = nullptr;
    CompareView* m_compare = nullptr;
    CurvesView* m_curves = nullptr;
    ImagesView* m_images = nullptr;
    ParallelView* m_parallel = nullptr;
    QTimer m_follow;                                         ///< of the selection by the docks
};

}
