#pragma once
// The schedule as a map: steps across, blocks down; a cell is computed or reuses Δ of an earlier step. Painted with mouse or keyboard; above it the
// preview of every step and the stages. Cells are u8, 1 = reuse, row-major by block: cells[block * steps + step] (a `grid` parameter of rows = blocks).
#include "core/base/json.h"
#include <QImage>
#include <QWidget>
#include <functional>
#include <vector>

class QUndoStack;

namespace lathe {

enum class MapMode { paint, erase, select };

class CacheMap : public QWidget {
    Q_OBJECT
public:
    explicit CacheMap(QWidget* parent = nullptr);
    ~CacheMap() override;

    void set_shape(int steps, int blocks);                   ///< keeps the cells that stay; no signal
    int steps() const { return m_steps; }
    int blocks() const { return m_blocks; }
    void set_cells(const std::vector<quint8>& cells);        ///< of steps*blocks values, else ignored with an assertion; no signal
    const std::vector<quint8>& cells() const { return m_cells; }
    Json grid() const;                                       ///< {"rows","cols","dtype":"u8","data"}
    void set_grid(const Json& grid);                         ///< shape and cells; throws Error(wrong_format)
    bool reuses(int step, int block) const { return m_cells[std::size_t(block) * m_steps + step] != 0; }
    int source_step(int step, int block) const;              ///< the last earlier step that computes this block; -1: none

    void set_editable(bool editable, const QString& reason = {});
    void set_switch(int step, const QString& outline = {}, const QString& detail = {});   ///< first step of the detail stage; steps: no detail stage; -1: no brackets
    void set_mode(MapMode mode);
    MapMode mode() const { return m_mode; }
    void set_current_step(int step);                         ///< the cursor frame; -1: none
    int current_step() const { return m_current; }
    void set_preview(int step, const QImage& image);
    bool has_preview(int step) const { return step >= 0 && step < m_steps && !m_previews[std::size_t(step)].isNull(); }
    void clear_previews();
    void set_previews_visible(bool visible);
    void set_streaming(int next_step);                       ///< steps from here on are still to come (dotted frames); -1: nothing is running
    void set_stale(bool stale);
    void set_frame_open(bool open);                          ///< the cursor frame runs on into a plot below
    void set_undo_stack(QUndoStack* stack) { m_undo = stack; }
    /// Text of the last line of the hover label for a set of cells, e.g. "saves 2.1 % MACs"; default: share of all cells.
    void set_saving_text(std::function<QString(const QRect& cells)> text) { m_saving = std::move(text); }
    QRect selection() const { return m_selection; }          ///< x: steps, y: blocks
    void select(const QRect& cells);
    void clear_all();                                        ///< one undo step

    QRectF cell_rect(int step, int block) const;             ///< in widget coordinates
    /// Left edge of step 0 and right edge of the last step, so that a plot below can share the axis.
    std::pair<double, double> step_span() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    // What a screen reader sees (widgets/accessible.h).
    Q_INVOKABLE QSize accessible_size() const { return {m_steps, m_blocks}; }
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const { return is_row ? tr("Block %1").arg(index) : tr("Step %1").arg(index); }
    Q_INVOKABLE QString accessible_cell(int row, int column) const { return describe(QRect(column, row, 1, 1)).join(QStringLiteral(", ")); }
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const { return cell_rect(column, row).toRect(); }
    Q_INVOKABLE QRect accessible_selection() const { return m_selection; }

Q_SIGNALS:
    void cells_changed(bool dragging);                       ///< by the user, undo or redo
    void step_chosen(int step);
    void selection_changed(QRect cells);
    void cell_hovered(int step, int block);                  ///< -1, -1: left
    void span_changed();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

private:
    friend class MapCommand;
    struct Layout { QRectF labels, previews, brackets, cells, axis; double column = 0, line = 0; };
    Layout layout() const;
    QPoint cell_at(const QPointF& position, bool clamp) const;   ///< (step, block); (-1,-1) outside
    void paint_cells(QPainter& painter, const Layout& layout) const;
    void paint_previews(QPainter& painter, const Layout& layout) const;
    void paint_brackets(QPainter& painter, const Layout& layout) const;
    void paint_axes(QPainter& painter, const Layout& layout) const;
    void paint_marks(QPainter& painter, const Layout& layout) const;
    void paint_label(QPainter& painter, const Layout& layout) const;
    QRect run_at(const QPoint& cell) const;                      ///< the blocks of one step around a cell that are in the same state
    void set_cell(int step, int block, bool reuse);
    void paint_line(const QPoint& from, const QPoint& to);
    void paint_rectangle(const QRect& cells);
    void fill(const QRect& cells, bool reuse, const QString& text);
    void push(const std::vector<quint8>& before, const QString& text);
    void move_cursor(const QPoint& to, bool extend);
    void restore(const std::vector<quint8>& cells);
    QStringList describe(const QRect& cells) const;

    int m_steps = 20, m_blocks = 12, m_switch = -1, m_current = -1, m_streaming = -1;
    std::vector<quint8> m_cells, m_before;
    std::vector<QImage> m_previews;
    MapMode m_mode = MapMode::paint;
    QString m_outline, m_detail, m_reason;
    enum class Gesture { none, stroke, rectangle, select, scrub };
    Gesture m_gesture = Gesture::none;
    bool m_editable = true, m_stale = false, m_show_previews = true, m_frame_open = false, m_stroke_value = true;
    QPoint m_press{-1, -1}, m_last{-1, -1}, m_hover{-1, -1}, m_cursor{0, 0}, m_anchor{0, 0};
    QRect m_selection, m_touched;
    QUndoStack* m_undo = nullptr;
    std::function<QString(const QRect&)> m_saving;
};

}
