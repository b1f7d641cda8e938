#include "plugins/quantization/panel/note_rows.h"
#include "plugins/quantization/panel/network.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
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

QList<Note> backend_notes(const Network& network) {
    if (network.nodes.isEmpty()) return {{NoteRows::tr("They come when a model is chosen.")}};
    QStringList reasons;
    QHash<QString, QStringList> names;
    for (const NodeRow& node : network.nodes) {
        if (node.activation_bits > 0 || node.why.isEmpty()) continue;
        if (!names.contains(node.why)) reasons << node.why;
        names[node.why] << (node.layer.isEmpty() ? node.node : node.layer);
    }
    std::ranges::stable_sort(reasons, std::ranges::less{}, [&](const QString& why) { return names.value(why).size(); });   // what is rare tells more
    QList<Note> out;
    const Json warnings = network.facts.is_object() ? network.facts.value("warnings", Json::array()) : Json::array();
    if (warnings.is_array())
        for (const Json& warning : warnings)
            if (warning.is_string()) out << Note{QString::fromStdString(warning.get<std::string>()).toHtmlEscaped(), Note::Mark::warning};
    for (const QString& why : std::as_const(reasons)) {
        if (out.size() >= kMostNotes) break;
        const QStringList& all = names[why];
        QStringList first;
        for (const QString& name : all.first(std::min<qsizetype>(kNamesEach, all.size()))) first << QStringLiteral("<b>%1</b>").arg(name.toHtmlEscaped());
        const qsizetype more = all.size() - first.size();
        out << Note{NoteRows::tr("No quantizer at %1%2: %3").arg(first.join(QStringLiteral(", ")), more > 0 ? NoteRows::tr(" and %1 more").arg(more) : QString(), why.toHtmlEscaped()), Note::Mark::warning};
    }
    if (out.isEmpty()) out << Note{NoteRows::tr("Every value has a quantizer."), Note::Mark::good};
    return out;
}

}
