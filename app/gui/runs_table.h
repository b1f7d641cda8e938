#pragma once
// The runs table: head and baseline on top, the list below, both with the same columns and scroll position. Click sorts, Shift+click adds a key, the third
// click restores. Selection and current run are kept by id when the list is read again.
#include "app/gui/runs_model.h"
#include "viewers/table_view.h"
#include <QTableView>
#include <QWidget>

namespace lathe {

class PinnedColumns;

class RunsTable : public QWidget {
    Q_OBJECT
public:
    RunsTable(RunsModel& model, RunsLook& look, QWidget* parent = nullptr);
    QList<RunId> selected() const;
    QList<const ListedRun*> selected_entries() const;
    RunId current() const;
    void select(const QList<RunId>& runs);
    void edit_title();
    void fit_columns();                                                ///< to what stands in them; those that were dragged keep their width
    const QHash<QString, int>& dragged() const { return m_dragged; }   ///< widths by column id
    void set_dragged(QHash<QString, int> widths);                      ///< no signal
    void hide_column(int column);
    void pin_column(int column);                                       ///< or not any more
    QTableView* list() { return m_list; }
    QTableView* top() { return m_top; }
    PinnedColumns* pinned() { return m_pinned; }
    std::vector<std::pair<std::string, bool>> sort() const { return m_sort; }
    void set_sort(std::vector<std::pair<std::string, bool>> sort);     ///< no signal
Q_SIGNALS:
    void sort_changed();
    void columns_moved();
    void columns_dragged();                                            ///< to another width, or fitted again
    void selection_changed();
    void activated(RunId run);
    void menu_requested(QPoint global);
protected:
    void resizeEvent(QResizeEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    void head_clicked(int section);
    void show_head_menu(int section, const QPoint& global);
    void show_pinned();
    void show_sort();
    void show_top();
    void follow_columns();
    void restore_selection();
    void set_row_height(int height);
    void fit_all_columns();
    QList<int> widths() const;
    RunsModel& m_model;
    RunsLook& m_look;
    RunsTop* m_top_model;
    QTableView *m_top, *m_list;
    SortHeader *m_head, *m_pinned_head;
    PinnedColumns *m_pinned_top, *m_pinned;
    QString m_shown_top;
    QHash<QString, int> m_dragged;
    QList<int> m_widths_before;                                        // when the mouse was pressed in the head
    std::vector<std::pair<std::string, bool>> m_sort;
    QList<RunId> m_kept;
    RunId m_kept_current = 0;
    int m_across = -1;                                                 // scrolled so far sideways before the columns were made anew; -1: they stand
    bool m_restoring = false, m_locate = false;
};

}
