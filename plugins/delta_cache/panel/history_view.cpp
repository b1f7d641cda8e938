#include "plugins/delta_cache/panel/history_view.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

namespace lathe::delta_cache {

HistoryView::HistoryView(QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(6);
    auto* row = new QHBoxLayout;
    row->setSpacing(4);
    for (int i = 0; i < kKept; ++i) {
        auto* button = new QToolButton(this);
        button->setIconSize({44, 44});
        button->setFixedSize(52, 52);
        button->setCheckable(true);
        button->setAutoRaise(true);
        button->setFocusPolicy(Qt::TabFocus);
        button->setEnabled(false);
        connect(button, &QToolButton::clicked, this, [this, i] {
            if (i >= m_entries.size()) return;
            m_current = m_entries[i].uuid;
            refresh();
            Q_EMIT chosen(m_current);
        });
        auto* cell = new QVBoxLayout;
        cell->setSpacing(2);
        cell->addWidget(button);
        m_texts << new TextLabel({}, 11, false, TextRole::secondary, this);
        m_texts.last()->setAlignment(Qt::AlignHCenter);
        cell->addWidget(m_texts.last());
        row->addLayout(cell);
        m_buttons << button;
    }
    row->addStretch(1);
    column->addLayout(row);
    auto* foot = new QHBoxLayout;
    m_hint = new TextLabel(tr("No live result yet. Move a live control."), 12, false, TextRole::secondary, this);
    m_hint->setWordWrap(true);
    auto* pin = make_button(tr("Pin"), QStringLiteral("pin"), false, this);
    pin->setToolTip(tr("Keeps the shown result in the project (P)"));
    connect(pin, &QPushButton::clicked, this, &HistoryView::pin_requested);
    foot->addWidget(m_hint, 1);
    foot->addWidget(pin, 0, Qt::AlignTop);
    column->addLayout(foot);
    column->addWidget(new Separator(Qt::Horizontal, this));
    column->addWidget(new GroupTitle(tr("Note for this map"), this));
    m_note = new QPlainTextEdit(this);
    m_note->setAccessibleName(tr("Note for this map"));
    m_note->setPlaceholderText(tr("What you saw, and what to try next."));
    m_note->setTabChangesFocus(true);
    m_note->setMinimumHeight(54);
    column->addWidget(m_note, 1);
    connect(m_note, &QPlainTextEdit::textChanged, this, &HistoryView::note_changed);
    connect(&Theme::instance(), &Theme::changed, this, &HistoryView::refresh);
    refresh();
}

void HistoryView::add(const Entry& entry) {
    m_entries.removeIf([&entry](const Entry& other) { return other.uuid == entry.uuid; });
    m_entries.prepend(entry);
    ++m_total;
    if (m_entries.size() > kKept) m_entries.resize(kKept);
    m_current = entry.uuid;
    refresh();
}

void HistoryView::set_pinned(const QString& uuid) {
    m_pinned << uuid;
    refresh();
}

void HistoryView::refresh() {
    for (int i = 0; i < kKept; ++i) {
        QToolButton* button = m_buttons[i];
        const bool used = i < m_entries.size();
        button->setEnabled(used);
        m_texts[i]->setText(used ? m_entries[i].text : QString());
        button->setChecked(used && m_entries[i].uuid == m_current);
        button->setAccessibleName(used ? tr("Live result %1, %2").arg(i + 1).arg(m_entries[i].text) : tr("Empty"));
        constexpr int kScale = 3;
        if (!used || m_entries[i].picture.isNull()) {   // a place that is still free
            QPixmap frame(44 * kScale, 44 * kScale);
            frame.fill(Qt::transparent);
            QPainter painter(&frame);
            QPen dots(Theme::instance().colours().line2, kScale, Qt::CustomDashLine);
            dots.setDashPattern({1, 2});
            painter.setPen(dots);
            painter.drawRect(QRectF(frame.rect()).adjusted(kScale, kScale, -kScale, -kScale));
            painter.end();
            QIcon icon(frame);
            icon.addPixmap(frame, QIcon::Disabled);
            button->setIcon(icon);
            continue;
        }
        const QImage& picture = m_entries[i].picture;
        const bool enlarged = picture.width() < 44 * kScale;
        QPixmap pixmap = QPixmap::fromImage(picture.scaled(44 * kScale, 44 * kScale, Qt::KeepAspectRatio, enlarged ? Qt::FastTransformation : Qt::SmoothTransformation));
        if (m_pinned.contains(m_entries[i].uuid)) {
            QPainter painter(&pixmap);
            painter.drawPixmap(QRectF(pixmap.width() - 40, 4, 36, 36), Theme::instance().pixmap(QStringLiteral("pin"), 36, Theme::instance().colours().pick, 1), QRectF(0, 0, 36, 36));
        }
        button->setIcon(QIcon(pixmap));
    }
    if (m_total > 0) m_hint->setText(tr("Last %1 of %2 live results. Press P to keep one.").arg(m_entries.size()).arg(m_total));
}

QString HistoryView::note() const { return m_note->toPlainText(); }

void HistoryView::set_note(const QString& text) {
    const QSignalBlocker quiet(m_note);
    m_note->setPlainText(text);
}

}
