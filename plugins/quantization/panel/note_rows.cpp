#include "plugins/quantization/panel/note_rows.h"
#include "plugins/quantization/panel/network.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QHash>
#include <QTextDocumentFragment>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::quantization {
namespace {
constexpr int kMostNotes = 5, kNamesEach = 3;
}

NoteRows::NoteRows(QWidget* parent) : QWidget(parent), m_column(new QVBoxLayout(this)) {
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(6);
}

void NoteRows::set_notes(const QList<Note>& notes) {
    if (notes == m_notes) return;
    m_notes = notes;
    for (QWidget* row : std::as_const(m_rows)) delete row;
    m_rows.clear();
    for (const Note& note : notes) {
        auto* row = new QWidget(this);
        auto* line = new QHBoxLayout(row);
        line->setContentsMargins(0, 0, 0, 0);
        line->setSpacing(8);
        if (note.mark != Note::Mark::none) {
            auto* icon = new QLabel(row);
            const auto paint_icon = [icon, good = note.mark == Note::Mark::good] {
                icon->setPixmap(Theme::instance().pixmap(good ? QStringLiteral("check") : QStringLiteral("warning"), 16, good ? theme_colours().ok : theme_colours().warn, icon->devicePixelRatioF()));
            };
            paint_icon();
            connect(&Theme::instance(), &Theme::changed, icon, paint_icon);
            line->addWidget(icon, 0, Qt::AlignTop);
        }
        auto* label = new TextLabel(note.rich_text, 12, false, note.mark == Note::Mark::none ? TextRole::secondary : TextRole::normal, row);
        label->setTextFormat(Qt::RichText);
        label->setWordWrap(true);
        label->setMinimumWidth(100);
        line->addWidget(label, 1);
        m_column->addWidget(row);
        m_rows << row;
    }
}

QStringList NoteRows::texts() const {
    QStringList out;
    for (const Note& note : m_notes) out << QTextDocumentFragment::fromHtml(note.rich_text).toPlainText();
    return out;
}

namespace {

/// Names with the same reason together; what is rare comes first, it tells more.
class Reasons {
public:
    void add(const QString& why, const QString& name) {
        if (!m_names.contains(why)) m_order << why;
        m_names[why] << name;
    }
    /// sentence: with %1 for the names and %2 for the reason.
    void write(QList<Note>& notes, const QString& sentence) {
        std::ranges::stable_sort(m_order, std::ranges::less{}, [this](const QString& why) { return m_names.value(why).size(); });
        for (const QString& why : std::as_const(m_order)) {
            if (notes.size() >= kMostNotes) return;
            const QStringList& all = m_names[why];
            QStringList first;
            for (const QString& name : all.first(std::min<qsizetype>(kNamesEach, all.size()))) first << QStringLiteral("<b>%1</b>").arg(name.toHtmlEscaped());
            const qsizetype more = all.size() - first.size();
            notes << Note{sentence.arg(first.join(QStringLiteral(", ")) + (more > 0 ? NoteRows::tr(" and %1 more").arg(more) : QString()), why.toHtmlEscaped()), Note::Mark::warning};
        }
    }
private:
    QStringList m_order;
    QHash<QString, QStringList> m_names;
};

}

QList<Note> backend_notes(const Network& network) {
    if (network.nodes.isEmpty()) return {{NoteRows::tr("They come when a model is chosen.")}};
    Reasons reasons;
    for (const NodeRow& node : network.nodes)
        if (node.activation_bits == 0 && !node.why.isEmpty()) reasons.add(node.why, node.layer.isEmpty() ? node.node : node.layer);
    QList<Note> out;
    const Json warnings = network.facts.is_object() ? network.facts.value("warnings", Json::array()) : Json::array();
    if (warnings.is_array())
        for (const Json& warning : warnings)
            if (warning.is_string()) out << Note{QString::fromStdString(warning.get<std::string>()).toHtmlEscaped(), Note::Mark::warning};
    reasons.write(out, NoteRows::tr("No quantizer at %1: %2"));
    if (out.isEmpty()) out << Note{NoteRows::tr("Every value has a quantizer."), Note::Mark::good};
    return out;
}

QList<Note> arithmetic_notes(const CsvTable& arithmetic, double share) {
    QList<Note> out;
    if (arithmetic.rows.empty()) return out;
    if (!std::isnan(share)) out << Note{NoteRows::tr("%1 % of the multiplications run on integers.").arg(figure(share * 100, 1)), share > 0.999 ? Note::Mark::good : Note::Mark::warning};
    Reasons reasons;
    for (std::size_t i = 0; i < arithmetic.rows.size(); ++i)
        if (text_in(arithmetic, i, "runs on") != u"integers") reasons.add(text_in(arithmetic, i, "why"), text_in(arithmetic, i, "node"));
    reasons.write(out, NoteRows::tr("In float at %1: %2"));
    return out;
}

}
