#pragma once
// A matrix as colours, with its axes, legend, value under the pointer and a marked cell. Keyboard: arrows move, Enter chooses.
#include "core/base/colour_map.h"
#include <QStringList>
#include <QWidget>
#include <optional>
#include <vector>

namespace lathe {

class HeatMapView : public QWidget {
    Q_OBJECT
public:
    explicit HeatMapView(QWidget* parent = nullptr);
    void set_values(int rows, int columns, std::vector<double> values);   ///< row-major; NaN is hatched and counted in the legend
    void set_row_labels(const QStringList& labels, const QString& title = {});
    void set_column_labels(const QStringList& labels, const QString& title = {});
    void set_map(ColourMapId map);
    void set_range(double lowest, double highest);                        ///< locked; clear_range() follows the values
    void clear_range();
    void set_log(bool on);
    void set_unit(const QString& unit);
    void set_legend(const QString& text);                                 ///< before the scale: "64 seeds"
    void set_stale(bool stale);
    void set_marked(const QPoint& cell);                                  ///< x column, y row; (-1,-1): none
    QPoint marked() const { return m_marked; }
    bool export_file(const QString& file) const;                          ///< png, svg, pdf, csv
    QString as_csv() const;
    QImage render(qreal scale = 2) const;
    QSize sizeHint() const override { return {360, 240}; }
    QSize minimumSizeHint() const override { return {160, 80}; }
    // What a screen reader sees: a table.
    Q_INVOKABLE QSize accessible_size() const { return {m_column_count, m_row_count}; }
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const { return (is_row ? m_rows : m_columns).value(index, QString::number(index)); }
    Q_INVOKABLE QString accessible_cell(int row, int column) const { return cell_text(row, column); }
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const { return cell_rect(row, column).toRect(); }
    Q_INVOKABLE QRect accessible_selection() const { return m_marked.x() < 0 ? QRect() : QRect(m_marked, QSize(1, 1)); }
Q_SIGNALS:
    void clicked(int row, int column);
    void hovered(int row, int column);
protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;
private:
    struct Layout { QRectF cells, legend; };
    Layout layout(const QSizeF& size) const;
    void draw(QPainter& painter, const QSizeF& size) const;
    void draw_legend(QPainter& painter, const QRectF& area) const;
    QPoint cell_at(const QPointF& position) const;
    void find_extent();
    double position_of(double value) const;
    std::pair<double, double> range() const;
    QString text_of(double value) const;
    QString cell_text(int row, int column) const;
    QRectF cell_rect(int row, int column) const;
    int m_row_count = 0, m_column_count = 0;
    std::vector<double> m_values;
    double m_lowest = 0, m_highest = 0;                                   // of the finite values; lowest > highest: none
    qint64 m_missing = 0;
    QStringList m_rows, m_columns;
    QString m_row_title, m_column_title, m_unit, m_legend_text;
    ColourMapId m_map = ColourMapId::viridis;
    std::optional<std::pair<double, double>> m_range;
    bool m_log = false, m_stale = false;
    QPoint m_marked{-1, -1}, m_hover{-1, -1};
};

}
