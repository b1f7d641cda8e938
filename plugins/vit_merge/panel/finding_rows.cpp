#include "plugins/vit_merge/panel/finding_rows.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

struct LevelLook { QString icon, word; QColor ThemeColours::*colour; int rank; };

LevelLook look_of(const QString& level) {
    if (level == u"error") return {QStringLiteral("error"), FindingRows::tr("Error"), &ThemeColours::err, 0};
    if (level == u"warning") return {QStringLiteral("warning"), FindingRows::tr("Warning"), &ThemeColours::warn, 1};
    return {QStringLiteral("info"), FindingRows::tr("Note"), &ThemeColours::text2, 2};
}

}

FindingRows::FindingRows(QWidget* parent) : QWidget(parent), m_column(new QVBoxLayout(this)) {
    m_column->setContentsMargins(0, 0, 0, 4);
    m_column->setSpacing(6);
    setAccessibleName(tr("Findings"));
    show_findings({}, false);
}

void FindingRows::show_findings(const QList<FindingRow>& findings, bool is_known) {
    m_findings = findings;
    std::ranges::stable_sort(m_findings, std::ranges::less{}, [](const FindingRow& finding) { return look_of(finding.level).rank; });
    for (QWidget* row : std::as_const(m_rows)) delete row;
    m_rows.clear();
    if (m_findings.isEmpty()) {
        auto* none = new TextLabel(is_known ? tr("Nothing that would spoil a merge was found.") : tr("What would spoil a merge is told here."), 12, false, TextRole::secondary, this);
        none->setWordWrap(true);
        m_column->addWidget(none);
        m_rows << none;
    }
    for (const FindingRow& finding : std::as_const(m_findings)) {
        const LevelLook look = look_of(finding.level);
        auto* row = new QWidget(this);
        auto* line = new QHBoxLayout(row);
        line->setContentsMargins(0, 0, 0, 0);
        line->setSpacing(8);
        auto* icon = new QLabel(row);
        const auto paint_icon = [icon, look] { icon->setPixmap(Theme::instance().pixmap(look.icon, 16, theme_colours().*look.colour, icon->devicePixelRatioF())); };
        paint_icon();
        connect(&Theme::instance(), &Theme::changed, icon, paint_icon);
        icon->setAccessibleName(look.word);
        icon->setToolTip(look.word);
        line->addWidget(icon, 0, Qt::AlignTop);
        auto* text = new TextLabel(finding.hint.isEmpty() ? finding.what : finding.what + u' ' + finding.hint, 12, false, TextRole::normal, row);
        text->setTextFormat(Qt::PlainText);
        text->setWordWrap(true);
        text->setMinimumWidth(100);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        line->addWidget(text, 1);
        m_column->addWidget(row);
        m_rows << row;
    }
}

QStringList FindingRows::texts() const {
    QStringList out;
    for (const FindingRow& finding : m_findings) out << look_of(finding.level).word + QStringLiteral(": ") + finding.what + (finding.hint.isEmpty() ? QString() : u' ' + finding.hint);
    return out;
}

}
