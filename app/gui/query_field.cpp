#include "app/gui/query_field.h"
#include "app/gui/text.h"
#include "widgets/theme.h"
#include <QAbstractItemView>
#include <QAction>
#include <QApplication>
#include <QCompleter>
#include <QInputMethodEvent>
#include <QKeyEvent>
#include <QRegularExpression>
#include <QStringListModel>
#include <QTextCharFormat>

namespace lathe {
namespace {
/// Index in the QString of a byte of its UTF-8 form, and back.
qsizetype index_of(const std::string& utf8, std::size_t byte) { return qs(std::string_view(utf8).substr(0, std::min(byte, utf8.size()))).size(); }
std::size_t byte_of(const QString& text, qsizetype index) { return text.left(index).toUtf8().size(); }
}

QueryField::QueryField(QWidget* parent) : QLineEdit(parent) {
    setAccessibleName(tr("Query of the runs table"));
    setPlaceholderText(tr("Filter, for example: speedup > 1.3 and tag:paper"));
    setToolTip(tr("Names: method, state, tag, title, created, any parameter, any metric. Operators: : = != < > <= >= ~, and, or, not, brackets. Ctrl+Space completes."));
    setMinimumWidth(200);
    m_icon_action = addAction(QIcon(), QLineEdit::LeadingPosition);
    m_clear_action = addAction(QIcon(), QLineEdit::TrailingPosition);
    m_clear_action->setToolTip(tr("Show all runs"));
    connect(m_clear_action, &QAction::triggered, this, [this] { set_query({}); });
    m_offers = new QStringListModel(this);
    m_completer = new QCompleter(m_offers, this);
    m_completer->setWidget(this);
    m_completer->setCompletionMode(QCompleter::UnfilteredPopupCompletion);
    connect(m_completer, qOverload<const QString&>(&QCompleter::activated), this, &QueryField::complete);
    m_delay.setSingleShot(true);
    m_delay.setInterval(120);
    connect(&m_delay, &QTimer::timeout, this, &QueryField::check);
    connect(this, &QLineEdit::textEdited, this, [this] {
        m_delay.start();
        offer();
    });
    connect(this, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_clear_action->setVisible(!text.isEmpty());
        if (!m_colouring) colour({});
    });
    connect(this, &QLineEdit::returnPressed, this, &QueryField::check);
    m_clear_action->setVisible(false);
    QEvent style(QEvent::PaletteChange);
    QueryField::changeEvent(&style);
}

void QueryField::changeEvent(QEvent* event) {
    QLineEdit::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || m_colouring) return;
    m_icon_action->setIcon(Theme::instance().icon(QStringLiteral("filter")));
    m_clear_action->setIcon(Theme::instance().icon(QStringLiteral("close")));
    if (font() != Theme::instance().mono(12)) setFont(Theme::instance().mono(12));
    colour({});
}

void QueryField::set_query(const QString& query) {
    setText(query);
    check();
}

void QueryField::check() {
    m_delay.stop();
    QueryError error;
    const RunQuery query = compile_query(ss(text()), &error);
    colour(error);
    const QString said = qs(error.text);
    if (said != m_error) {
        m_error = said;
        setProperty("lathe_error", !said.isEmpty());
        update();
        Q_EMIT error_changed(said);
    }
    if (said.isEmpty()) Q_EMIT query_changed(query);
}

/// A line edit has no rich text, but what an input method may mark can be set in any format: names in accent, the wrong word with a wave below.
void QueryField::colour(const QueryError& error) {
    const QString all = text();
    const ThemeColours& c = Theme::instance().colours();
    QList<QInputMethodEvent::Attribute> attributes;
    auto mark = [&](qsizetype begin, qsizetype length, const QTextCharFormat& format) {
        attributes << QInputMethodEvent::Attribute(QInputMethodEvent::TextFormat, int(begin) - cursorPosition(), int(length), format);
    };
    static const QRegularExpression word(QStringLiteral("\"[^\"]*\"?|[^\\s()\":=<>!~]+(?=\\s*[:=<>!~])|\\b(and|or|not)\\b"));
    for (auto match = word.globalMatch(all); match.hasNext();) {
        const auto found = match.next();
        if (found.captured().startsWith(u'"')) continue;
        QTextCharFormat format;
        format.setForeground(found.captured(1).isEmpty() ? c.accent : c.text2);
        mark(found.capturedStart(), found.capturedLength(), format);
    }
    if (!error.text.empty()) {
        const std::string utf8 = ss(all);
        const qsizetype begin = index_of(utf8, error.begin), end = std::max(begin + 1, index_of(utf8, error.end));
        QTextCharFormat format;
        format.setForeground(c.err);
        format.setUnderlineStyle(QTextCharFormat::WaveUnderline);
        format.setUnderlineColor(c.err);
        mark(std::min(begin, std::max<qsizetype>(all.size() - 1, 0)), end - begin, format);
    }
    m_colouring = true;
    QInputMethodEvent event(QString(), attributes);
    QApplication::sendEvent(this, &event);
    m_colouring = false;
}

void QueryField::offer() {
    const std::string utf8 = ss(text());
    QStringList offers;
    for (const std::string& offer : complete_query(utf8, byte_of(text(), cursorPosition()), m_names)) {
        offers << qs(offer);
        if (offers.size() >= 40) break;
    }
    m_offers->setStringList(offers);
    if (offers.isEmpty() || !hasFocus()) m_completer->popup()->hide();
    else m_completer->complete();
}

void QueryField::complete(const QString& word) {
    static const QRegularExpression boundary(QStringLiteral("[\\s()]"));
    const QString all = text();
    qsizetype begin = cursorPosition(), end = cursorPosition();
    while (begin > 0 && !boundary.match(all.mid(begin - 1, 1)).hasMatch()) --begin;
    while (end < all.size() && !boundary.match(all.mid(end, 1)).hasMatch()) ++end;
    // A value after "tag:" is offered either with its name or alone.
    const qsizetype colon = all.mid(begin, end - begin).lastIndexOf(QRegularExpression(QStringLiteral("[:=<>~]")));
    if (colon >= 0 && !word.contains(u':')) begin += colon + 1;
    setText(all.left(begin) + word + all.mid(end));
    setCursorPosition(int(begin + word.size()));
    m_delay.start();
}

void QueryField::keyPressEvent(QKeyEvent* event) {
    if (m_completer->popup()->isVisible() && (event->key() == Qt::Key_Enter || event->key() == Qt::Key_Return || event->key() == Qt::Key_Escape || event->key() == Qt::Key_Tab)) {
        event->ignore();   // the list takes it
        return;
    }
    if (event->key() == Qt::Key_Space && event->modifiers() == Qt::ControlModifier) {
        offer();
        return;
    }
    QLineEdit::keyPressEvent(event);
}

}
