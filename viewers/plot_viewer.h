#pragma once
// Curves in the style of the house on QCustomPlot: left and bottom axis only, dashes as well as colours, legend above, one value box for all curves at the
// pointer, log axes, de-biased exponential smoothing with the raw curve at 35 %, zoom and pan, "show as table", export to PNG, SVG, PDF and CSV.
#include <QColor>
#include <QVector>
#include <QWidget>
#include <memory>
#include <optional>

class QCustomPlot;
class QMenu;

namespace lathe {

struct Curve {
    QString id, name;
    QVector<double> x, y;               ///< x ascending; NaN makes a gap
    int series = 0;                     ///< colour and dash by number
    bool reference = false;             ///< text colour, solid, 1.5 px
    bool markers = false;               ///< rings on the points
    bool stale = false;                 ///< dotted, grey
    QColor colour;                      ///< invalid: by `series`
};

/// Exponential moving average with the bias of its start removed: y_i = m_i / (1 - w^i), m_i = w m_{i-1} + (1 - w) y_i. weight in [0, 1). NaN is skipped.
QVector<double> smoothed(const QVector<double>& y, double weight);

class PlotViewer : public QWidget {
    Q_OBJECT
public:
    explicit PlotViewer(QWidget* parent = nullptr);
    ~PlotViewer() override;

    void set_curves(const QVector<Curve>& curves);
    void set_curve(const Curve& curve);                                  ///< adds it or replaces the one of that id
    void append(const QString& id, const QVector<double>& x, const QVector<double>& y);   ///< while streaming
    void remove(const QString& id);
    void clear();
    const QVector<Curve>& curves() const;
    void set_titles(const QString& x, const QString& y);                 ///< with the unit: "Relative L2, %"
    void set_log_x(bool on);
    void set_log_y(bool on);
    void set_smoothing(double weight);
    void set_x_range(double from, double to);                            ///< fixed; autoscaling of x ends
    void set_y_range(double from, double to);
    void autoscale();
    void set_legend_visible(bool visible);
    void set_x_axis_visible(bool visible);                               ///< off where a map above already shows it
    void set_plot_span(double left, double right);                       ///< edges of the plot area in widget pixels, to share the axis with another widget
    void set_cursor(std::optional<double> x, double width = 0);          ///< a line, or a frame `width` wide on the x axis
    void add_note(double x, double y, const QString& text);              ///< beside a point, in 11 px
    void clear_notes();
    void set_empty_text(const QString& text);

    bool export_file(const QString& file) const;                         ///< by its suffix: png, svg, pdf, csv
    QString as_csv() const;
    QImage render(qreal scale = 2) const;
    void show_as_table();
    void fill_menu(QMenu* menu);                                         ///< the entries of the context menu, for the dock's ⋯
    QCustomPlot* plot() const;
    QSize sizeHint() const override { return {480, 260}; }
    QSize minimumSizeHint() const override { return {160, 90}; }

Q_SIGNALS:
    void cursor_moved(double x);                                         ///< the pointer is over x; NaN: it left
    void clicked(double x);
    void point_clicked(QString id, int point);                           ///< a marked point of that curve, or the one that the keyboard stands on
    void table_requested(QStringList heads, QList<QVariantList> rows);   ///< emitted by show_as_table; a window opens if nobody listens

protected:
    bool eventFilter(QObject* object, QEvent* event) override;
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

}
