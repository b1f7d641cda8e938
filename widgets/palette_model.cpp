// Matching and ordering of the palette's entries.
#include "widgets/command_palette.h"
#include <algorithm>

namespace lathe {
namespace {

bool starts_word(QStringView text, qsizetype at) {
    if (at == 0) return true;
    const QChar before = text[at - 1], here = text[at];
    return !before.isLetterOrNumber() || (before.isLower() && here.isUpper());
}

}

int fuzzy_score(QStringView query, QStringView text, std::vector<int>* positions) {
    if (positions) positions->clear();
    if (query.isEmpty()) return 0;
    if (query.size() > text.size()) return -1;
    const QString low_query = query.toString().toLower(), low_text = text.toString().toLower();
    if (low_text.size() != text.size()) return -1;   // a letter that grows when lowered: positions would not fit
    // a piece of the text beats scattered letters
    for (qsizetype at = low_text.indexOf(low_query); at >= 0; at = low_text.indexOf(low_query, at + 1)) {
        const bool word = starts_word(text, at);
        if (!word && low_text.indexOf(low_query, at + 1) >= 0) continue;
        if (positions)
            for (qsizetype i = 0; i < low_query.size(); ++i) positions->push_back(int(at + i));
        return 1000 + (word ? 200 : 0) + (at == 0 ? 100 : 0) - int(std::min<qsizetype>(text.size(), 90));
    }
    int score = 0;
    qsizetype at = 0;
    bool together = false;
    for (const QChar c : low_query) {
        if (c.isSpace()) { together = false; continue; }
        qsizetype found = -1;
        for (qsizetype i = at; i < low_text.size(); ++i) {
            if (low_text[i] != c) continue;
            if (found < 0) found = i;
            if ((together && i == at) || starts_word(text, i)) { found = i; break; }
        }
        if (found < 0) return -1;
        score += starts_word(text, found) ? 12 : together && found == at ? 8 : 1;
        if (positions) positions->push_back(int(found));
        together = true;
        at = found + 1;
    }
    return score < int(low_query.size()) * 4 ? -1 : score;   // letters strewn over the text are no match anybody meant
}

void PaletteModel::set_entries(std::vector<PaletteEntry> entries) {
    beginResetModel();
    m_entries = std::move(entries);
    m_shown.clear();
    endResetModel();
    set_query(m_query);
}

void PaletteModel::set_query(const QString& query) {
    beginResetModel();
    m_query = query;
    m_shown.clear();
    QString text = query.trimmed();
    QChar kind;
    if (!text.isEmpty() && QStringView(u">#:@").contains(text[0])) {
        kind = text[0];
        text = text.mid(1).trimmed();
    }
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const PaletteEntry& e = m_entries[i];
        if (!kind.isNull() && e.kind != kind) continue;
        Shown shown{int(i), 0, {}};
        shown.score = fuzzy_score(text, e.title, &shown.positions);
        if (shown.score < 0) continue;
        if (!e.enabled) shown.score -= 400;
        m_shown.push_back(std::move(shown));
    }
    std::stable_sort(m_shown.begin(), m_shown.end(), [](const Shown& a, const Shown& b) { return a.score > b.score; });
    endResetModel();
}

int PaletteModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_shown.size()); }

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= int(m_shown.size())) return {};
    const PaletteEntry& e = entry(index.row());
    switch (role) {
    case Qt::DisplayRole: return e.title;
    case Qt::AccessibleTextRole: return e.enabled ? e.title + QStringLiteral(", ") + e.category : e.title + QStringLiteral(", ") + e.reason;
    case Qt::ToolTipRole: return e.enabled ? QVariant() : QVariant(e.reason);
    case Positions: return QVariant::fromValue(m_shown[std::size_t(index.row())].positions);
    default: return {};
    }
}

Qt::ItemFlags PaletteModel::flags(const QModelIndex& index) const {
    return index.isValid() ? Qt::ItemIsSelectable | Qt::ItemIsEnabled | Qt::ItemNeverHasChildren : Qt::NoItemFlags;   // grey ones can be reached: the reason is read there
}

}
