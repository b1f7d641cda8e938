#include "widgets/command_palette.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

namespace lathe {
namespace {

constexpr int kWidth = 680, kRow = 36, kRows = 9;

/// One entry: icon, title with the matched letters in accent, then value or shortcut, then category.
class PaletteDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {200, kRow}; }
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const auto& model = *static_cast<const PaletteModel*>(index.model());
        const PaletteEntry& e = model.entry(index.row());
        const ThemeColours& c = Theme::instance().colours();
        painter->save();
        if (option.state & QStyle::State_Selected) painter->fillRect(option.rect, c.sel);
        QRect area = option.rect.adjusted(15, 0, -14, 0);
        const qreal scale = painter->device()->devicePixelRatioF();
        if (!e.icon.isEmpty()) painter->drawPixmap(QPointF(area.left(), area.center().y() - 7.5), Theme::instance().pixmap(e.icon, 16, e.enabled ? c.text2 : c.text3, scale));
        area.setLeft(area.left() + 25);

        painter->setFont(Theme::instance().font(12));
        painter->setPen(e.enabled ? c.text2 : c.text3);
        const int category = std::max(84, painter->fontMetrics().horizontalAdvance(e.category));
        painter->drawText(QRect(area.right() - category, area.top(), category + 1, area.height()), Qt::AlignRight | Qt::AlignVCenter, e.category);
        area.setRight(area.right() - category);
        const QString aside = e.enabled ? e.detail : e.reason;
        if (e.enabled && !e.shortcut.isEmpty() && e.detail.isEmpty()) {
            const QString keys = KeyHint::text_of(e.shortcut);
            const QSize size = KeyHint::size_of(keys);
            KeyHint::paint(*painter, QRectF(area.right() - size.width(), area.center().y() - size.height() / 2.0 + 0.5, size.width(), size.height()), keys);
            area.setRight(area.right() - size.width() - 12);
        } else if (!aside.isEmpty()) {
            const int wide = painter->fontMetrics().horizontalAdvance(aside);
            painter->drawText(QRect(area.right() - wide, area.top(), wide + 1, area.height()), Qt::AlignRight | Qt::AlignVCenter, aside);
            area.setRight(area.right() - wide - 12);
        }
        const auto matched = index.data(PaletteModel::Positions).value<std::vector<int>>();
        draw_title(*painter, area, e, matched);
        painter->restore();
    }

private:
    static void draw_title(QPainter& painter, const QRect& area, const PaletteEntry& e, const std::vector<int>& matched) {
        const ThemeColours& c = Theme::instance().colours();
        const QFont plain = Theme::instance().font(13), strong = Theme::instance().font(13, true);
        double x = area.left();
        qsizetype from = 0;
        const auto is_matched = [&](qsizetype i) { return std::binary_search(matched.begin(), matched.end(), int(i)); };
        while (from < e.title.size()) {
            qsizetype end = from + 1;
            const bool on = is_matched(from);
            while (end < e.title.size() && is_matched(end) == on) ++end;
            const QString part = e.title.mid(from, end - from);
            painter.setFont(on && e.enabled ? strong : plain);
            painter.setPen(!e.enabled ? c.text3 : on ? c.accent : c.text);
            const double wide = painter.fontMetrics().horizontalAdvance(part), room = area.right() - x;
            if (room <= 0) break;
            painter.drawText(QRectF(x, area.top(), room, area.height()), Qt::AlignVCenter | Qt::AlignLeft, wide <= room ? part : painter.fontMetrics().elidedText(part, Qt::ElideRight, int(room)));
            x += wide;
            from = end;
        }
    }
};

QWidget* footer_part(const QStringList& keys, const QString& text) {
    auto* part = new QWidget;
    auto* row = new QHBoxLayout(part);
    row->setContentsMargins(0, 0, 10, 0);
    row->setSpacing(5);
    for (const QString& key : keys) row->addWidget(new KeyHint(key));
    row->addWidget(new TextLabel(text, 12, false, TextRole::secondary));
    return part;
}

}

CommandPalette::CommandPalette(QWidget* window) : QFrame(window), m_model(new PaletteModel(this)) {
    setObjectName(QStringLiteral("command_palette"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, 1);
    column->setSpacing(0);
    auto* head = new QHBoxLayout;
    head->setContentsMargins(14, 0, 14, 0);
    head->setSpacing(10);
    auto* lens = new QLabel;
    const auto paint_lens = [lens, this] { lens->setPixmap(Theme::instance().pixmap(QStringLiteral("search"), 16, Theme::instance().colours().text2, devicePixelRatioF())); };
    paint_lens();
    m_field = new QLineEdit;
    m_field->setFrame(false);
    m_field->setFixedHeight(46);
    m_field->setFont(Theme::instance().font(15));
    m_field->setPlaceholderText(tr("Search actions, runs, parameters"));
    m_field->setAccessibleName(tr("Search"));
    m_count = new TextLabel({}, 12, false, TextRole::secondary);
    head->addWidget(lens);
    head->addWidget(m_field, 1);
    head->addWidget(m_count);
    column->addLayout(head);
    column->addWidget(new Separator);
    column->addSpacing(7);
    m_list = new QListView;
    m_list->setModel(m_model);
    m_list->setItemDelegate(new PaletteDelegate(m_list));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setFixedHeight(kRow * kRows);
    m_list->setMouseTracking(true);
    column->addWidget(m_list);
    column->addSpacing(7);
    column->addWidget(new Separator);
    auto* foot = new QHBoxLayout;
    foot->setContentsMargins(14, 7, 14, 7);
    foot->setSpacing(6);
    foot->addWidget(footer_part({QStringLiteral("↑"), QStringLiteral("↓")}, tr("choose")));
    foot->addWidget(footer_part({tr("Enter")}, tr("do it")));
    foot->addWidget(footer_part({tr("Tab")}, tr("set a value")));
    foot->addStretch();
    for (const auto& [sign, word] : {std::pair{u'>', tr("actions")}, std::pair{u'#', tr("runs")}, std::pair{u':', tr("parameters")}, std::pair{u'@', tr("settings")}}) {
        foot->addWidget(new TextLabel(QString(QChar(sign)), 12, true));
        foot->addWidget(new TextLabel(word, 12, false, TextRole::secondary));
        foot->addSpacing(4);
    }
    column->addLayout(foot);
    m_field->installEventFilter(this);
    window->installEventFilter(this);
    connect(m_field, &QLineEdit::textChanged, this, &CommandPalette::refilter);
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex& index) { m_list->setCurrentIndex(index); activate(false); });
    restyle();
    connect(&Theme::instance(), &Theme::changed, this, [this, paint_lens] { restyle(); paint_lens(); });
    hide();
}

void CommandPalette::restyle() {
    const ThemeColours& c = Theme::instance().colours();
    QPalette p = Theme::instance().palette();
    p.setColor(QPalette::Window, c.window);
    p.setColor(QPalette::Base, c.window);
    setPalette(p);
    m_list->setPalette(p);
    m_field->setPalette(p);
}

void CommandPalette::open(const QString& query) {
    m_return_focus = QApplication::focusWidget();
    m_model->set_entries(m_source ? m_source() : std::vector<PaletteEntry>());
    m_field->setText(query);
    refilter();
    place();
    show();
    raise();
    m_field->setFocus(Qt::PopupFocusReason);
}

void CommandPalette::close_palette() {
    if (!isVisible()) return;
    hide();
    if (m_return_focus) m_return_focus->setFocus(Qt::OtherFocusReason);
}

void CommandPalette::place() {
    const QSize room = parentWidget()->size();
    const int wide = std::min(kWidth, room.width() - 40);
    m_list->setFixedHeight(std::min(kRow * kRows, std::max(kRow * 2, room.height() - 220)));
    adjustSize();
    resize(wide, sizeHint().height());
    move((room.width() - wide) / 2, std::min(132, std::max(20, (room.height() - height()) / 3)));
}

void CommandPalette::refilter() {
    m_model->set_query(m_field->text());
    m_list->setCurrentIndex(m_model->index(0, 0));
    m_list->verticalScrollBar()->setValue(0);
    m_count->setText(tr("%1 of %2").arg(m_model->rowCount()).arg(m_model->total()));
}

void CommandPalette::activate(bool set_value) {
    const QModelIndex index = m_list->currentIndex();
    if (!index.isValid()) return;
    const PaletteEntry& e = m_model->entry(index.row());
    if (!e.enabled) return;   // its reason stands beside it
    const auto action = set_value ? e.set_value : e.run ? e.run : e.set_value;
    if (!action) return;
    close_palette();
    action();
}

bool CommandPalette::eventFilter(QObject* object, QEvent* event) {
    if (object == parentWidget() && event->type() == QEvent::Resize && isVisible()) place();
    if (object == m_field && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const int rows = m_model->rowCount(), row = m_list->currentIndex().row();
        switch (key->key()) {
        case Qt::Key_Escape: close_palette(); return true;
        case Qt::Key_Return: case Qt::Key_Enter: activate(false); return true;
        case Qt::Key_Tab: activate(true); return true;
        case Qt::Key_Backtab: return true;
        case Qt::Key_Down: if (rows) m_list->setCurrentIndex(m_model->index((row + 1) % rows, 0)); return true;
        case Qt::Key_Up: if (rows) m_list->setCurrentIndex(m_model->index((row + rows - 1) % rows, 0)); return true;
        case Qt::Key_PageDown: if (rows) m_list->setCurrentIndex(m_model->index(std::min(rows - 1, row + kRows), 0)); return true;
        case Qt::Key_PageUp: if (rows) m_list->setCurrentIndex(m_model->index(std::max(0, row - kRows), 0)); return true;
        default: break;
        }
    }
    if (object == m_field && event->type() == QEvent::FocusOut && isVisible()) {
        const auto reason = static_cast<QFocusEvent*>(event)->reason();
        if (reason == Qt::MouseFocusReason) { m_return_focus = nullptr; hide(); }
    }
    return QFrame::eventFilter(object, event);
}

void CommandPalette::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(c.line2);
    painter.setBrush(c.window);
    painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
}

}
