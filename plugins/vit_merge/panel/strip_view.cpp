#include "plugins/vit_merge/panel/strip_view.h"
#include "plugins/vit_merge/panel/image_strip.h"
#include "widgets/dock_title.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::vit_merge {

StripView::StripView(QWidget* parent)
    : QWidget(parent), m_title(new DockTitle(tr("Pictures"), {}, this)), m_banner(new QWidget(this)), m_warning(new TextLabel({}, 12, false, TextRole::normal, m_banner)),
      m_note(new ElidedLabel({}, 12, false, TextRole::secondary, this)), m_tasks(new QToolButton(this)), m_task_menu(new QMenu(this)), m_scroll(new QScrollArea(this)), m_strip(new ImageStrip) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_title);
    m_title->add_widget(m_note);
    m_tasks->setText(tr("Tasks"));
    m_tasks->setToolTip(tr("Which tasks the pictures are taken from"));
    m_tasks->setAccessibleName(tr("Tasks of the pictures"));
    m_tasks->setPopupMode(QToolButton::InstantPopup);
    m_tasks->setMenu(m_task_menu);
    m_title->add_widget(m_tasks);
    connect(m_task_menu, &QMenu::aboutToShow, this, &StripView::fill_tasks);
    connect(m_title->add_button(QStringLiteral("file-plus"), tr("Add pictures of your own; they can be dropped here, too")), &QToolButton::clicked, this, &StripView::pictures_wanted);
    connect(m_title->add_button(QStringLiteral("minus"), tr("Smaller pictures (−)")), &QToolButton::clicked, this, [this] { Q_EMIT m_strip->size_changed(m_strip->size_of_picture() - 16); });
    connect(m_title->add_button(QStringLiteral("plus"), tr("Larger pictures (+)")), &QToolButton::clicked, this, [this] { Q_EMIT m_strip->size_changed(m_strip->size_of_picture() + 16); });
    connect(m_title->add_button(QStringLiteral("table"), tr("Show as table")), &QToolButton::clicked, m_strip, &ImageStrip::show_as_table);

    auto* line = new QHBoxLayout(m_banner);
    line->setContentsMargins(12, 4, 12, 4);
    line->setSpacing(8);
    auto* icon = new QLabel(m_banner);
    const auto paint = [this, icon] {
        icon->setPixmap(Theme::instance().pixmap(QStringLiteral("warning"), 16, theme_colours().warn, icon->devicePixelRatioF()));
        QPalette palette = m_banner->palette();
        palette.setColor(QPalette::Window, theme_colours().warnbg);
        m_banner->setPalette(palette);
    };
    paint();
    connect(&Theme::instance(), &Theme::changed, icon, paint);
    m_banner->setAutoFillBackground(true);
    m_warning->setWordWrap(true);
    auto* remedy = make_button(tr("Merge per picture"), {}, false, m_banner);
    remedy->setProperty("lathe_tool", true);
    remedy->setToolTip(tr("Every picture gets its own gate, weights and head"));
    line->addWidget(icon);
    line->addWidget(m_warning, 1);
    line->addWidget(remedy);
    column->addWidget(m_banner);
    m_banner->hide();
    connect(remedy, &QPushButton::clicked, this, &StripView::per_sample_wanted);

    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setFocusPolicy(Qt::NoFocus);
    m_scroll->setWidget(m_strip);
    m_scroll->viewport()->setAutoFillBackground(false);
    m_strip->setAutoFillBackground(false);
    m_scroll->setMinimumHeight(160);                        // a row of pictures
    column->addWidget(m_scroll, 1);
    connect(m_strip, &ImageStrip::inside_moved, this, [this](const QRect& rect) { m_scroll->ensureVisible(rect.center().x(), rect.center().y(), rect.width() / 2 + 2, rect.height() / 2 + 2); });
}

QString StripView::warning() const { return m_banner->isVisibleTo(this) ? m_warning->text() : QString(); }
QString StripView::note() const { return m_note->text(); }

void StripView::show_strip(const Strip& strip, bool stale) {
    m_strip->set_pictures(strip.pictures);
    m_strip->set_stale(stale);
    m_title->set_hint(stale ? tr("stale") : strip.pictures.isEmpty() ? QString() : tr("%n picture(s)", nullptr, int(strip.pictures.size())));
    QStringList parts;
    const auto part = [&](const QString& name, double share) {
        if (!std::isnan(share)) parts << tr("%1 %2").arg(name, percent(share));
    };
    part(tr("Joint"), strip.share(&StripPicture::joint));
    part(tr("Oracle head"), strip.share(&StripPicture::oracle_right));
    part(tr("Gate"), strip.gate_share());
    m_note->setText(parts.join(QStringLiteral(" · ")));
    m_note->setToolTip(tr("Joint: the right head was chosen and the class is right. Oracle head: the class is right when the head of the true task is given. Gate: the right head was chosen."));
    m_note->set_stale(stale);
    m_banner->setVisible(strip.mixed_batch());
    m_warning->setText(tr("These pictures are of several tasks and were merged as one batch: one set of weights and one head for all of them, so most heads are wrong."));
}

void StripView::show_tasks(const QStringList& all, const QStringList& chosen) {
    m_all = all;
    m_chosen = chosen;
    m_tasks->setEnabled(!all.isEmpty());
    m_tasks->setText(chosen.isEmpty() ? tr("All tasks") : chosen.size() == 1 ? chosen.first() : tr("%1 tasks").arg(chosen.size()));
}

void StripView::fill_tasks() {
    m_task_menu->clear();
    m_task_menu->addAction(tr("All tasks"), this, [this] { Q_EMIT tasks_chosen({}); })->setEnabled(!m_chosen.isEmpty());
    m_task_menu->addSeparator();
    for (const QString& task : std::as_const(m_all)) {
        QAction* action = m_task_menu->addAction(task);
        action->setCheckable(true);
        action->setChecked(m_chosen.isEmpty() || m_chosen.contains(task));
        connect(action, &QAction::triggered, this, [this, task](bool on) {
            QStringList next = m_chosen.isEmpty() ? m_all : m_chosen;
            if (on) next << task;
            else next.removeAll(task);
            if (next.size() == m_all.size()) next.clear();
            else
                std::ranges::sort(next, std::ranges::less{}, [this](const QString& name) { return m_all.indexOf(name); });
            if (!on && next.isEmpty()) return;             // at least one
            Q_EMIT tasks_chosen(next);
        });
    }
}

}
