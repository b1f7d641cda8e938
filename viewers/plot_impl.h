#pragma once
// The inside of PlotViewer; only plot_*.cpp include it.
#include "viewers/plot_items.h"
#include "viewers/plot_viewer.h"
#include <QTimer>
#include <tuple>

namespace lathe {

struct PlotViewer::Impl {
    /// A curve as it is drawn: x finite and ascending, what cannot be drawn as NaN. Of long curves the graphs hold only what can be seen.
    struct Drawn {
        QCPGraph *line = nullptr, *raw = nullptr;
        QVector<double> x, y, raw_y;               // raw_y: empty where nothing is smoothed
        double lowest = 0, highest = 0;            // of y and raw_y; lowest > highest: no value
        bool changed = false, grown = false;       // the curve has points that are not here yet; the graphs have not all that is here
        std::tuple<double, double, int> seen{0, 0, -1};   // x range and width that the graphs were filled for
    };

    QCustomPlot* plot = nullptr;
    QSharedPointer<HouseTicker> x_ticker{new HouseTicker}, y_ticker{new HouseTicker};
    CursorItem* cursor = nullptr;                 // owned by the plot, as all items
    ValueBox* box = nullptr;
    NotesItem* notes = nullptr;
    QCPItemLine* zero = nullptr;
    QCPItemText* empty = nullptr;
    QVector<Curve> curves;
    QList<Drawn> drawn;
    QTimer redraw;                                // at most 30 a second while streaming
    std::optional<QCPRange> x_range, y_range;
    std::optional<std::pair<double, double>> span;
    double smoothing = 0;
    bool log_x = false, log_y = false, legend = true, x_axis = true, follows = true, was_drawn = false;   // follows: both axes are scaled by themselves
    QPointF press;
    int keyboard_point = -1;

    int index_of(const QString& id) const;
    std::pair<int, int> point_at(const QPointF& position) const;   ///< curve and point of the nearest mark within reach; -1: none
    QPen pen_of(const Curve& curve) const;
    void restyle();
    void rebuild();
    void prepare(int index);
    bool append(int index, const QVector<double>& x, const QVector<double>& y);
    void fill(Drawn& d);
    void fill_for_view();                         // long curves, where zoom or width have changed
    void refresh_legend();
    void rescale();
    void refresh();                               // all of the above for changed data, soon
    void place();
    void redraw_overlay();
    void show_values(std::optional<double> x);
    QString value_text(double value) const;
    QString x_text(double x) const;
};

}
