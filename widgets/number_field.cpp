#include "widgets/number_field.h"
#include "core/base/json.h"
#include <QKeyEvent>
#include <QWheelEvent>
#include <cmath>

namespace lathe {
namespace {

/// Recursive descent over + - * / ^ and brackets. `depth` bounds what a pasted text of brackets can do to the stack.
class ExpressionReader {
public:
    explicit ExpressionReader(QString text) : m_text(std::move(text)) {}
    std::optional<double> read() {
        const auto value = sum(0);
        return value && m_at == m_text.size() && std::isfinite(*value) ? value : std::nullopt;
    }

private:
    using Value = std::optional<double>;
    bool take(QChar sign) { return m_at < m_text.size() && m_text[m_at] == sign ? (++m_at, true) : false; }

    Value sum(int depth) {
        Value left = product(depth);
        while (left && m_at < m_text.size() && (m_text[m_at] == u'+' || m_text[m_at] == u'-')) {
            const bool plus = m_text[m_at++] == u'+';
            const Value right = product(depth);
            left = right ? Value(plus ? *left + *right : *left - *right) : std::nullopt;
        }
        return left;
    }
    Value product(int depth) {
        Value left = power(depth);
        while (left && m_at < m_text.size() && (m_text[m_at] == u'*' || m_text[m_at] == u'/')) {
            const bool times = m_text[m_at++] == u'*';
            const Value right = power(depth);
            left = right ? Value(times ? *left * *right : *left / *right) : std::nullopt;
        }
        return left;
    }
    Value power(int depth) {
        if (depth > 40) return std::nullopt;
        if (take(u'-')) {
            const Value value = power(depth + 1);
            return value ? Value(-*value) : std::nullopt;
        }
        if (take(u'+')) return power(depth + 1);
        Value base = atom(depth);
        if (base && take(u'^')) {
            const Value exponent = power(depth + 1);
            base = exponent ? Value(std::pow(*base, *exponent)) : std::nullopt;
        }
        return base;
    }
    Value atom(int depth) {
        if (take(u'(')) {
            const Value value = sum(depth + 1);
            return value && take(u')') ? value : std::nullopt;
        }
        const qsizetype from = m_at;
        const auto digits = [this] { while (m_at < m_text.size() && m_text[m_at] >= u'0' && m_text[m_at] <= u'9') ++m_at; };
        digits();
        if (take(u'.')) digits();
        if (m_at > from && m_at < m_text.size() && (m_text[m_at] == u'e' || m_text[m_at] == u'E')) {
            const qsizetype before = m_at++;
            if (m_at < m_text.size() && (m_text[m_at] == u'+' || m_text[m_at] == u'-')) ++m_at;
            const qsizetype first = m_at;
            digits();
            if (m_at == first) m_at = before;
        }
        bool ok = false;
        const double value = QStringView(m_text).sliced(from, m_at - from).toDouble(&ok);
        return ok ? Value(value) : std::nullopt;
    }

    QString m_text;
    qsizetype m_at = 0;
};

constexpr QChar kThin(0x202F), kMinus(0x2212);

}

std::optional<double> evaluate_expression(const QString& text) {
    if (text.size() > 400) return std::nullopt;
    QString clean;
    for (const QChar c : text) {
        if (c.isSpace() || c == kThin) continue;
        if (c == u',') clean += u'.';
        else if (c == kMinus || c == QChar(0x2013)) clean += u'-';
        else if (c == QChar(0x00D7) || c == QChar(0x00B7)) clean += u'*';
        else clean += c;
    }
    return clean.isEmpty() ? std::nullopt : ExpressionReader(clean).read();
}

QString grouped_number(double value, int decimals) {
    if (std::isnan(value)) return QStringLiteral("nan");
    if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QString(kMinus) + QStringLiteral("∞");
    QString text = decimals >= 0 ? QString::number(std::abs(value), 'f', decimals) : QString::fromStdString(number_text(std::abs(value)));
    if (!text.contains(u'e')) {
        qsizetype end = text.indexOf(u'.');
        if (end < 0) end = text.size();
        if (end > 4)
            for (qsizetype i = end - 3; i > 0; i -= 3) text.insert(i, kThin);
    }
    const bool zero = decimals >= 0 && QString(text).remove(kThin).toDouble() == 0;
    return value < 0 && !zero ? kMinus + text : text;
}

NumberField::NumberField(QWidget* parent) : QLineEdit(parent) {
    setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    setMaxLength(400);
    show_value();
    update_tip();
}

void NumberField::set_limits(std::optional<double> lowest, std::optional<double> highest) {
    m_lowest = lowest;
    m_highest = highest;
    update_tip();
}

void NumberField::set_integer(bool integer) { m_integer = integer; show_value(); }
void NumberField::set_decimals(int decimals) { m_decimals = decimals; show_value(); }
void NumberField::set_suffix(const QString& suffix) { m_suffix = suffix; show_value(); }
void NumberField::set_grouping(bool on) { m_grouping = on; show_value(); }
void NumberField::set_help(const QString& text) { m_help = text; update_tip(); }

void NumberField::set_value(double value) {
    m_value = value;
    if (!hasFocus() || !isModified()) show_value();
}

QString NumberField::shown(double value) const {
    if (m_integer && std::isfinite(value)) return m_grouping ? grouped_number(value, 0) : QString::number(value, 'f', 0);
    return grouped_number(value, m_decimals);
}

void NumberField::show_value() {
    QString text = shown(m_value);
    if (!m_suffix.isEmpty() && !hasFocus()) text += u' ' + m_suffix;
    setText(text);
    setModified(false);
}

void NumberField::update_tip() {
    QString limits;
    if (m_lowest && m_highest) limits = tr("%1 to %2").arg(shown(*m_lowest), shown(*m_highest));
    else if (m_lowest) limits = tr("at least %1").arg(shown(*m_lowest));
    else if (m_highest) limits = tr("at most %1").arg(shown(*m_highest));
    setToolTip(m_help.isEmpty() ? limits : limits.isEmpty() ? m_help : m_help + u'\n' + limits);
}

void NumberField::commit() {
    if (!isModified()) return show_value();
    QString typed = text();
    if (!m_suffix.isEmpty() && typed.endsWith(m_suffix)) typed.chop(m_suffix.size());
    const auto value = evaluate_expression(typed);
    QString reason;
    if (!value) reason = tr("“%1” is not a number.").arg(typed.trimmed());
    else if (m_integer && *value != std::floor(*value)) reason = tr("%1 is not a whole number.").arg(shown(*value));
    else if (m_lowest && *value < *m_lowest) reason = tr("%1 is below the limit %2.").arg(grouped_number(*value), shown(*m_lowest));
    else if (m_highest && *value > *m_highest) reason = tr("%1 is above the limit %2.").arg(grouped_number(*value), shown(*m_highest));
    if (!reason.isEmpty()) {
        show_value();
        selectAll();
        setToolTip(reason);
        Q_EMIT refused(reason);
        return;
    }
    const bool differs = *value != m_value;
    m_value = *value;
    show_value();
    update_tip();
    if (differs) Q_EMIT value_edited(m_value);
}

void NumberField::nudge(int steps) {
    double value = m_value + steps * m_step;
    if (m_step > 0) value = std::round(value / m_step) * m_step;
    if (m_lowest) value = std::max(value, *m_lowest);
    if (m_highest) value = std::min(value, *m_highest);
    if (value == m_value) return;
    m_value = value;
    show_value();
    Q_EMIT value_edited(m_value);
}

void NumberField::focusInEvent(QFocusEvent* event) {
    QLineEdit::focusInEvent(event);
    show_value();
    if (event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason) selectAll();
}

void NumberField::focusOutEvent(QFocusEvent* event) {
    QLineEdit::focusOutEvent(event);
    if (event->reason() != Qt::PopupFocusReason) commit();
}

void NumberField::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_Return: case Qt::Key_Enter:
        if (event->modifiers() & Qt::ControlModifier) break;   // Ctrl+Enter is Run
        commit();
        selectAll();
        return;
    case Qt::Key_Escape:
        if (!isModified()) break;
        show_value();
        selectAll();
        return;
    case Qt::Key_Up: nudge(event->modifiers() & Qt::ShiftModifier ? 10 : 1); return;
    case Qt::Key_Down: nudge(event->modifiers() & Qt::ShiftModifier ? -10 : -1); return;
    default: break;
    }
    QLineEdit::keyPressEvent(event);
}

void NumberField::wheelEvent(QWheelEvent* event) {
    if (!hasFocus() || event->angleDelta().y() == 0) { event->ignore(); return; }
    nudge(event->angleDelta().y() > 0 ? 1 : -1);
    event->accept();
}

}
