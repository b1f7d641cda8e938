#pragma once
// A number typed by hand: 1.6, 1,6, 8*2, (3+1)/2, 1e-3, 20 417. Out of range is refused: the old value stays and the tooltip says the limit.
#include <QLineEdit>
#include <optional>

namespace lathe {

/// The value of an arithmetic expression (+ - * / ^ and brackets; comma or point; spaces between digits); nullopt if it is none.
std::optional<double> evaluate_expression(const QString& text);
/// 20417 -> "20 417" (narrow no-break space), decimals < 0: the shortest text that reads back equal; proper minus sign.
QString grouped_number(double value, int decimals = -1);

class NumberField : public QLineEdit {
    Q_OBJECT
public:
    explicit NumberField(QWidget* parent = nullptr);
    void set_limits(std::optional<double> lowest, std::optional<double> highest);
    void set_integer(bool integer);
    void set_decimals(int decimals);                ///< < 0: as many as needed
    void set_step(double step) { m_step = step; }   ///< of the arrow keys and the wheel
    void set_suffix(const QString& suffix);         ///< shown after the number while it is not edited
    void set_grouping(bool on);
    void set_value(double value);                   ///< no signal
    double value() const { return m_value; }
    void set_help(const QString& text);             ///< the tooltip without the limits
Q_SIGNALS:
    void value_edited(double value);                ///< Enter, focus out, arrow keys, wheel: a new accepted value
    void refused(QString reason);
protected:
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
private:
    void commit();
    void show_value();
    void update_tip();
    void nudge(int steps);
    QString shown(double value) const;
    std::optional<double> m_lowest, m_highest;
    double m_value = 0, m_step = 1;
    int m_decimals = -1;
    bool m_integer = false, m_grouping = true;
    QString m_suffix, m_help;
};

}
