#pragma once
// The docks of one workspace around its centre: own title bars, no floating, a saved and a default layout, and what small windows do to it. Layout changes
// made by menu or Reset are undo steps.
#include "core/base/json.h"
#include "widgets/panel.h"
#include <QHash>
#include <QMainWindow>
#include <QPointer>
#include <QTimer>
#include <vector>

class QDockWidget;
class QSplitter;
class QUndoStack;

namespace lathe {

class DockTitle;

class DockArea : public QMainWindow {
    Q_OBJECT
public:
    struct Dock {
        QString id, title;
        DockSide side = DockSide::left;
        int extent = 0;
        QDockWidget* dock = nullptr;         ///< null for panes of the centre
        DockTitle* bar = nullptr;
        QPointer<QWidget> content;
        QPointer<QWidget> window;            ///< its own window while it is open there
        bool shown_by_default = true;
        QPointer<QWidget> pane;              ///< its place in the centre: always (dock is null), or moved there
        QString below;                       ///< of this dock, in the default layout; empty: beside the others
    };
    explicit DockArea(const QString& workspace, QWidget* parent = nullptr);

    void set_centre(QWidget* widget);
    /// extent: width of left and right docks, height of bottom ones. The same id twice is refused.
    DockTitle* add_dock(QWidget* content, const QString& id, const QString& title, const QString& hint, DockSide side, int extent, bool shown = true);
    void put_below(const QString& id, const QString& above);                ///< in the default layout, before it is shown
    void set_hint(const QString& id, const QString& hint);
    void set_undo_stack(QUndoStack* stack) { m_undo = stack; }
    const std::vector<Dock>& docks() const { return m_docks; }
    const Dock* find(const QString& id) const;
    static bool is_shown(const Dock& dock);
    void show_dock(const QString& id);
    void close_dock(const QString& id);
    void open_in_window(const QString& id);
    QWidget* focus_next(bool backwards);      ///< F6: the dock that has the focus now

    /// The views of the centre in so many columns, all of one size; 1: one below the other. One undo step, like moving a dock there.
    void set_grid(int columns);
    int grid() const { return m_columns; }
    int centre_count() const { return int(m_views.size()); }
    void move_to_centre(const QString& id);

    Json save_layout() const;
    /// Docks of the saved layout that are not here any more, for the message bar.
    QStringList restore_layout(const Json& layout);
    void reset_layout();                      ///< one undo step

    /// Small windows: the right side leaves (its docks are shown by the side strip), bottom docks become tabs of 200.
    void set_narrow(bool narrow);
    void set_low(bool low);
    bool is_narrow() const { return m_narrow; }
    /// While the side is folded: lends the content of a right dock, and takes it back.
    QWidget* lend(const QString& id);
    void take_back(const QString& id);
    QList<Dock> right_docks() const;

Q_SIGNALS:
    void layout_changed();                    ///< after one second of rest
    void docks_changed();                     ///< docks were added, shown or hidden
protected:
    void showEvent(QShowEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    Dock* known(const QString& id);
    void fill_menu(Dock& dock);
    void move_dock(const QString& id, Qt::DockWidgetArea area);
    void close_window(const QString& id);
    void lay_out_default();
    void place_new(Dock& dock);
    void apply_small();
    void put_in_centre(Dock& dock);
    void take_from_centre(Dock& dock);
    void arrange_centre(const Json& sizes = {});
    void apply_centre(const Json& layout);
    Json centre_layout() const;
    Json state() const;
    void change(const QString& text, const std::function<void()>& edit);
    QByteArray full_state() const;
    QString m_workspace;
    std::vector<Dock> m_docks;
    QSplitter* m_centre;
    QList<QWidget*> m_views;                         ///< of the centre, in order
    QList<QSplitter*> m_rows;                        ///< of the grid, where it has more than one column
    int m_columns = 1;
    QUndoStack* m_undo = nullptr;
    QByteArray m_full_state, m_restore_when_shown;   ///< of the full layout, while a small window shows another
    Json m_centre_when_shown;
    QTimer m_rest;
    bool m_laid_out = false, m_narrow = false, m_low = false, m_is_small = false;
};

}
