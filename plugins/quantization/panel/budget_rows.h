#pragma once
// Below the parameters: a budget of size and BitOPs with the best bits for it. GUI thread only.
#include "core/base/json.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class ElidedLabel;
class NumberField;
class Slider;
class TextLabel;
}

namespace lathe::quantization {

/// A slider with its field: one of the two budgets.
class BudgetRow : public QWidget {
    Q_OBJECT
public:
    BudgetRow(const QString& label, const QString& unit, int decimals, QWidget* parent = nullptr);
    void set_limits(double lowest, double highest);
    void set_value(double value);                          ///< no signal
    double value() const;
Q_SIGNALS:
    void edited(double value, bool dragging);
private:
    Slider* m_slider;
    NumberField* m_field;
};

class BudgetRows : public QWidget {
    Q_OBJECT
public:
    explicit BudgetRows(QWidget* parent = nullptr);
    /// Bytes and BitOPs of the smallest and the largest assignment that makes sense; the budget stays, moved into them.
    void set_limits(double least_bytes, double most_bytes, double least_bitops, double most_bitops);
    double bytes() const;
    double bitops() const;
    Json budget() const;
    void set_budget(const Json& budget);                   ///< no signal
    void set_answer(const QString& text, bool reachable);
    void set_best_available(bool available, const QString& why_not);
Q_SIGNALS:
    void edited(bool dragging);
    void best_wanted();
    void uniform_wanted(int bits);
private:
    BudgetRow *m_bytes, *m_bitops;
    QPushButton* m_best;
    TextLabel* m_answer;
    bool m_was_set = false;
};

/// "Learnt: reconstruct-1a2b…" with a button that goes back to the observers' ranges; hidden where nothing learnt is used.
class LearntRow : public QWidget {
    Q_OBJECT
public:
    explicit LearntRow(QWidget* parent = nullptr);
    void set_file(const QString& file);
Q_SIGNALS:
    void removed();
private:
    ElidedLabel* m_name;
};

}
