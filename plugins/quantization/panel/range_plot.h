#pragma once
// One histogram with its clip range: counts on a log axis, handles that are dragged, lines of the codes where they are few, clipped bins in another colour.
// Keyboard: left and right move the handle, up and down change it. GUI thread only.
#include "plugins/quantization/panel/network.h"
#include <QWidget>

namespace lathe::quantization {

class RangePlot : public QWidget {
    Q_OBJECT
public:
    explicit RangePlot(const QString& name, QWidget* parent = nullptr);
    /// bits 0: in float, no range. mirrored: one magnitude, both handles move.
    void set_range(const RangeFacts& facts, int bits, bool mirrored, bool editable);
    void set_clip(double low, double high);                ///< what is chosen, if that is not what was measured; no signal
    void set_titles(const QString& what, const QString& facts);
    void set_empty_text(const QString& text);
    void set_stale(bool stale);
    double clip_low() const { return m_low; }
    double clip_high() const { return m_high; }
    double clipped_share() const;                          ///< of the counts, outside of the clip range shown; NaN: not known
    QPointF handle(bool upper) const;                      ///< in the widget
    bool export_file(const QString& file) const;           ///< png, svg, pdf, csv
    QString as_csv() const;
    QSize sizeHint() const override { return {380, 240}; }
    QSize minimumSizeHint() const override { return {180, 120}; }
    // What a screen reader sees: a table of the bins.
    Q_INVOKABLE QSize accessible_size() const { return {int(m_facts.counts.size()), 1}; }
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const;
    Q_INVOKABLE QRect accessible_selection() const { return {}; }

Q_SIGNALS:
    void clip_moved(double low, double high, bool dragging);
    void reset_wanted();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void draw(QPainter& painter, const QSizeF& size) const;
    QRectF area(const QSizeF& size) const;
    double x_of(const QRectF& area, double value) const;
    double value_at(double x) const;
    void move(double value, bool dragging);
    bool has_clip() const { return m_bits > 0 && m_high > m_low; }
    RangeFacts m_facts;
    double m_low = std::nan(""), m_high = std::nan(""), m_from = 0, m_to = 1;   // clip range; ends of the axis
    int m_bits = 0, m_grip = -1, m_active = 1;             // handle that is dragged, that keys move: 0 low, 1 high
    bool m_mirrored = false, m_editable = false, m_stale = false, m_moved = false;
    QString m_what, m_text, m_empty;
};

}
