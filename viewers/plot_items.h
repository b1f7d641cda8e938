#pragma once
// What a plot shows besides its curves: the box of values at the pointer, the shared cursor, ticks at 1, 2, 5. Only plot_*.cpp include this.
// QCustomPlot's header is written with Qt's keywords, which are off in this tree.
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach(variable, container) for (variable : (container))   // NOLINT(bugprone-macro-parentheses): a declaration
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach
#include <optional>
#include <utility>

namespace lathe {

/// Ticks at 1, 2 and 5 times a power of ten, 4 to 7 of them.
class HouseTicker : public QCPAxisTicker {
public:
    HouseTicker() { setTickCount(5); }
    void set_integer(bool on) { m_integer = on; }             ///< no ticks between whole numbers
protected:
    double getTickStep(const QCPRange& range) override;
    int getSubTickCount(double) override { return 0; }
private:
    bool m_integer = false;
};

/// A line at x, or a frame of a width on the x axis, over the height of the plot.
class CursorItem : public QCPAbstractItem {
public:
    explicit CursorItem(QCustomPlot* plot);
    std::optional<double> x;
    double width = 0;
    std::optional<std::pair<double, double>> span;             ///< exact edges of the x axis in widget pixels, where another widget gives them
    QColor colour;
    double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }
protected:
    void draw(QCPPainter* painter) override;
};

/// Texts beside points, put where they cover neither a curve nor each other.
class NotesItem : public QCPAbstractItem {
public:
    struct Note { double x, y; QString text; };
    explicit NotesItem(QCustomPlot* plot);
    QList<Note> notes;
    QFont font;
    QColor text, back;
    QList<QRectF> boxes() const;                               ///< where the texts lie now, in widget pixels
    double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }
protected:
    void draw(QCPPainter* painter) override;
};

/// The values of all curves at one x, each beside a sample of its line.
class ValueBox : public QCPAbstractItem {
public:
    struct Row { QPen pen; QString name, value; double x = 0, y = 0; };
    explicit ValueBox(QCustomPlot* plot);
    QString head;
    QList<Row> rows;
    double x = 0;                                              // of the line
    QColor text, text2, back, edge, line;
    QFont font, bold;
    double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }
protected:
    void draw(QCPPainter* painter) override;
};

}
