#include "app/gui/welcome_page.h"
#include "app/gui/action_registry.h"
#include "app/gui/engine_watch.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "app/gui/welcome_parts.h"
#include "widgets/lathe_style.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QResizeEvent>
#include <QTextLayout>
#include <QVBoxLayout>

namespace lathe {

ExampleCard::ExampleCard(const Example& example, QWidget* parent) : QAbstractButton(parent), m_example(example) {
    setAccessibleName(QStringLiteral("%1. %2").arg(example.title, example.text));
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ExampleCard::enterEvent(QEnterEvent* event) {
    QAbstractButton::enterEvent(event);
    update();
}

void ExampleCard::leaveEvent(QEvent* event) {
    QAbstractButton::leaveEvent(event);
    update();
}

void ExampleCard::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const ThemeColours& c = theme.colours();
    QPainter painter(this);
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const QRectF frame = QRectF(rect()).adjusted(1.5, 1.5, -1.5, -1.5);
    QPainterPath outline;
    outline.addRoundedRect(frame, 4, 4);
    painter.fillPath(outline, c.base);
    const QRectF picture(frame.left(), frame.top(), frame.width(), 150);
    painter.save();
    painter.setClipPath(outline);
    painter.fillRect(picture, QColor(0x17, 0x19, 0x1D));
    if (m_paint) m_paint(painter, picture);
    else if (!m_example.picture.isNull()) {
        const QSizeF size = QSizeF(m_example.picture.size()).scaled(picture.size(), Qt::KeepAspectRatioByExpanding);
        painter.drawImage(QRectF(picture.center().x() - size.width() / 2, picture.center().y() - size.height() / 2, size.width(), size.height()), m_example.picture);
    }
    painter.restore();
    painter.fillRect(QRectF(frame.left(), picture.bottom(), frame.width(), 1), c.line);
    const QRectF inner(frame.left() + 12, picture.bottom() + 11, frame.width() - 24, 20);
    painter.setFont(theme.font(13, true));
    painter.setPen(c.text);
    painter.drawText(inner, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(m_example.title, Qt::ElideRight, int(inner.width())));
    painter.setFont(theme.font(12));
    painter.setPen(c.text2);
    const double foot = frame.bottom() - 26;
    painter.drawText(QRectF(inner.left(), inner.bottom() + 1, inner.width(), foot - 4 - inner.bottom()), Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_example.text);   // four lines where the card is narrow
    painter.drawPixmap(QPointF(inner.left(), foot), theme.pixmap(QStringLiteral("clock"), 14, c.text2, devicePixelRatioF()));
    painter.drawText(QRectF(inner.left() + 21, foot - 2, inner.width() - 21, 18), Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(m_example.facts, Qt::ElideRight, int(inner.width()) - 21));
    painter.setPen(QPen(underMouse() || isDown() ? c.accent : c.line, 1));
    painter.drawPath(outline);
    if (keyboard_focus(this)) draw_focus_ring(painter, frame.adjusted(1, 1, -1, -1), 4);
}

WelcomePage::WelcomePage(const Shell& shell, RecentProjects& recents, ExampleGallery& examples, EngineWatch& watch, QWidget* parent)
    : QScrollArea(parent), m_shell(shell), m_recents(recents), m_examples(examples), m_watch(watch) {
    setFrameShape(QFrame::NoFrame);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_body = new QWidget;
    auto* column = new QVBoxLayout(m_body);
    column->setContentsMargins(0, 34, 0, 24);
    column->setSpacing(34);
    column->addWidget(make_header());
    auto* both = new QHBoxLayout;
    both->setContentsMargins(0, 0, 0, 0);
    both->setSpacing(56);
    m_side = new QWidget(m_body);
    m_side->setFixedWidth(330);
    auto* side = new QVBoxLayout(m_side);
    side->setContentsMargins(0, 0, 0, 0);
    side->setSpacing(6);
    side->addWidget(make_begin());
    side->addSpacing(18);
    m_recent_box = new QWidget(m_side);
    m_recent_rows = new QVBoxLayout(m_recent_box);
    m_recent_rows->setContentsMargins(0, 0, 0, 0);
    m_recent_rows->setSpacing(0);
    side->addWidget(m_recent_box);
    side->addStretch(1);
    m_main = new QWidget(m_body);
    auto* main = new QVBoxLayout(m_main);
    main->setContentsMargins(0, 0, 0, 0);
    main->setSpacing(14);
    auto* heading = new QHBoxLayout;
    heading->setSpacing(10);
    heading->addWidget(new TextLabel(tr("Examples"), 15, true, TextRole::normal, m_main));
    heading->addWidget(new TextLabel(tr("Each opens as a copy, with runs and pictures already in it."), 12, false, TextRole::secondary, m_main));
    heading->addStretch(1);
    main->addLayout(heading);
    m_example_box = new QWidget(m_main);
    m_cards = new QGridLayout(m_example_box);
    m_cards->setContentsMargins(0, 0, 0, 0);
    m_cards->setSpacing(16);
    main->addWidget(m_example_box);
    main->addSpacing(10);
    main->addWidget(new Separator(Qt::Horizontal, m_main));
    main->addWidget(make_first_steps());
    main->addStretch(1);
    both->addWidget(m_side);
    both->addWidget(m_main, 1);
    column->addLayout(both, 1);
    setWidget(m_body);
    connect(&recents, &RecentProjects::changed, this, &WelcomePage::show_recents);
    connect(&examples, &ExampleGallery::loaded, this, &WelcomePage::show_examples);
    show_recents();
    show_examples();
}

QWidget* WelcomePage::make_header() {
    auto* box = new QWidget(m_body);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(20);
    auto* logo = new QLabel(box);
    auto draw = [logo, box] { logo->setPixmap(Theme::instance().pixmap(QStringLiteral("lathe"), 48, Theme::instance().colours().brass, box->devicePixelRatioF())); };
    draw();
    connect(&Theme::instance(), &Theme::changed, logo, draw);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(0);
    texts->addWidget(new TextLabel(QStringLiteral("Lathe"), 26, true, TextRole::normal, box));
    texts->addWidget(new TextLabel(tr("Change how a vision model runs, and watch what happens."), 15, false, TextRole::secondary, box));
    row->addWidget(logo, 0, Qt::AlignVCenter);
    row->addLayout(texts);
    row->addStretch(1);
    return box;
}

QWidget* WelcomePage::make_begin() {
    auto* box = new QWidget(m_body);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    column->addWidget(new TextLabel(tr("Begin"), 15, true, TextRole::normal, box));
    column->addSpacing(8);
    struct Line { const char *action, *icon; QString text; };
    for (const Line& line : {Line{"project.new", "file-plus", tr("New project")}, Line{"project.open", "folder", tr("Open a project…")}, Line{"model.open", "model", tr("Open a model…")}, Line{"data.open", "database", tr("Open a data set…")}})
        if (QAction* action = m_shell.actions->action(QLatin1String(line.action))) column->addWidget(new BeginRow(action, QLatin1String(line.icon), line.text, box));
    column->addSpacing(8);
    auto* area = new DropArea(box);
    connect(area, &DropArea::dropped, this, &WelcomePage::dropped);
    column->addWidget(area);
    return box;
}

QWidget* WelcomePage::make_first_steps() {
    auto* box = new QWidget(m_body);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(10);
    column->addWidget(new TextLabel(tr("First steps"), 15, true, TextRole::normal, box));
    auto* row = new QHBoxLayout;
    row->setSpacing(24);
    struct Step { QString title, text; };
    int n = 0;
    for (const Step& step : {Step{tr("Open an example"), tr("and drag any slider marked with the wave. The picture follows your hand.")}, Step{tr("Press Run to keep it"), tr("A run stores every parameter, picture and number in the project file.")},
             Step{tr("Compare two runs"), tr("Select them and press Ctrl D. Only what differs is shown.")}})
        row->addWidget(new StepBlock(++n, step.title, step.text, box), 1);
    column->addLayout(row);
    return box;
}

void WelcomePage::show_recents() {
    while (QLayoutItem* item = m_recent_rows->takeAt(0)) {
        if (item->widget()) item->widget()->deleteLater();
        delete item;
    }
    m_recent_rows->addWidget(new TextLabel(tr("Recent"), 15, true, TextRole::normal, m_recent_box));
    m_recent_rows->addSpacing(8);
    const QList<RecentProject>& list = m_recents.list();
    if (list.isEmpty()) {
        auto* none = new TextLabel(tr("Projects you open are listed here."), 12, false, TextRole::hint, m_recent_box);
        m_recent_rows->addWidget(none);
        return;
    }
    const int shown = m_all_recents ? int(list.size()) : std::min<int>(5, int(list.size()));
    for (int i = 0; i < shown; ++i) {
        auto* row = new RecentRow(list[i], m_recent_box);
        connect(row, &QAbstractButton::clicked, this, [this, file = list[i].file] { Q_EMIT open_requested(file); });
        connect(row, &RecentRow::remove_requested, this, [this, file = list[i].file] { m_recents.remove(file); });
        m_recent_rows->addWidget(row);
    }
    if (list.size() > shown) {
        auto* all = new QPushButton(tr("Show all %1").arg(list.size()), m_recent_box);
        all->setProperty("lathe_flat", true);
        all->setProperty("lathe_link", true);
        connect(all, &QPushButton::clicked, this, [this] {
            m_all_recents = true;
            show_recents();
        });
        m_recent_rows->addSpacing(4);
        m_recent_rows->addWidget(all, 0, Qt::AlignLeft);
    }
}

void WelcomePage::show_examples() {
    m_columns = 0;
    const QList<QWidget*> old = m_example_box->findChildren<QWidget*>(Qt::FindDirectChildrenOnly);
    for (QWidget* card : old) {
        m_cards->removeWidget(card);
        card->setProperty("lathe_card", false);   // it lives until the event loop turns
        card->hide();
        card->deleteLater();
    }
    QList<QWidget*> cards;
    for (const Example& example : m_examples.list()) {
        auto* card = new ExampleCard(example, m_example_box);
        connect(card, &QAbstractButton::clicked, this, [this, example] { Q_EMIT example_requested(example.file, example.workspace); });
        cards << card;
    }
    auto* measure = new ExampleCard({{}, tr("Measure this computer"), tr("What the engine can do here: the limit that every speed figure is compared with."), tr("15 s · no model needed"), {}, 1000, {}}, m_example_box);
    measure->set_picture_painter([this](QPainter& painter, const QRectF& area) { paint_rates(painter, area, m_shell.session->engine().rates()); });
    connect(&m_watch, &EngineWatch::changed, measure, qOverload<>(&QWidget::update));
    connect(measure, &QAbstractButton::clicked, this, [this] { m_shell.show_workspace(QStringLiteral("engine")); });
    cards << measure;
    for (QWidget* card : std::as_const(cards)) card->setProperty("lathe_card", true);
    lay_out();
}

void WelcomePage::resizeEvent(QResizeEvent* event) {
    QScrollArea::resizeEvent(event);
    lay_out();
}

/// Side and cards keep their measure; the margins take what is left. Three cards in a row, two where three would be narrower than 236.
void WelcomePage::lay_out() {
    const int width = viewport()->width();
    const int margin = std::clamp((width - 330 - 56 - 980) / 2, 24, 110);
    if (auto* column = static_cast<QVBoxLayout*>(m_body->layout())) column->setContentsMargins(margin - 2, 34, margin, 24);
    const int room = width - 2 * margin - 330 - 56;
    const int columns = room >= 3 * 236 + 32 ? 3 : 2;
    if (columns == m_columns) return;
    m_columns = columns;
    QList<QWidget*> cards;
    for (QWidget* card : m_example_box->findChildren<QWidget*>(Qt::FindDirectChildrenOnly))
        if (card->property("lathe_card").toBool()) cards << card;
    for (int i = 0; i < cards.size(); ++i) {
        m_cards->addWidget(cards[i], i / columns, i % columns);
        cards[i]->show();
    }
    for (int i = 0; i < 3; ++i) m_cards->setColumnStretch(i, i < columns ? 1 : 0);
}

}
