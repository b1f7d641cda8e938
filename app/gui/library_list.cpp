#include "app/gui/library_list.h"
#include "app/gui/project_host.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "widgets/lathe_style.h"
#include "widgets/progress_strip.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace lathe {

LibraryRow::LibraryRow(const QString& title, QWidget* parent) : QAbstractButton(parent) {
    setText(title);
    setAccessibleName(title);
    setCheckable(true);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void LibraryRow::enterEvent(QEnterEvent* event) {
    QAbstractButton::enterEvent(event);
    update();
}

void LibraryRow::leaveEvent(QEvent* event) {
    QAbstractButton::leaveEvent(event);
    update();
}

void LibraryRow::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const ThemeColours& c = theme.colours();
    QPainter painter(this);
    if (isChecked()) painter.fillRect(rect(), c.sel);
    else if (underMouse()) painter.fillRect(rect(), c.alt);
    const QString count = m_count < 0 ? QString() : QString::number(m_count);
    painter.setFont(theme.font(12));
    painter.setPen(isChecked() ? c.text : c.text2);
    const int count_width = painter.fontMetrics().horizontalAdvance(count);
    painter.drawText(rect().adjusted(12, 0, -12, 0), Qt::AlignRight | Qt::AlignVCenter, count);
    painter.setFont(theme.font(13, isChecked()));
    painter.setPen(c.text);
    const QRect room = rect().adjusted(12, 0, -20 - count_width, 0);
    painter.drawText(room, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(text(), Qt::ElideRight, room.width()));
    painter.setRenderHint(QPainter::Antialiasing);
    if (keyboard_focus(this)) draw_focus_ring(painter, QRectF(rect()).adjusted(3, 3, -3, -3), 4);
}

LibraryList::LibraryList(const Shell& shell, QWidget* parent) : QScrollArea(parent), m_shell(shell) {
    setFrameShape(QFrame::NoFrame);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    load_views();
    show_counts({});
}

void LibraryList::load_views() {
    m_views = {
        {QStringLiteral("all"), tr("All runs"), {}},
        {QStringLiteral("failed"), tr("Failed this week"), QStringLiteral("state:failed and created > 7d")},
        {QStringLiteral("pinned"), tr("Pinned"), QStringLiteral("pinned:true")},
        {QStringLiteral("live"), tr("Live, not kept"), {}, false, true},
        {QStringLiteral("bin"), tr("Bin"), {}, true},
    };
    const Json state = m_shell.projects->panel_state(QStringLiteral("shell.views"));
    if (!state.is_array()) return;
    for (const Json& view : state)
        if (view.is_object() && view.value("title", Json()).is_string() && view.value("query", Json()).is_string()) {
            const QString title = qs(view["title"].get<std::string>());
            m_views.insert(1, {QStringLiteral("saved.") + title, title, qs(view["query"].get<std::string>()), false, false, true});
        }
}

void LibraryList::save_view(const QString& title, const QString& query) {
    Json state = m_shell.projects->panel_state(QStringLiteral("shell.views"));
    if (!state.is_array()) state = Json::array();
    std::erase_if(state.get_ref<Json::array_t&>(), [&](const Json& view) { return view.is_object() && view.value("title", "") == ss(title); });
    state.push_back({{"title", ss(title)}, {"query", ss(query)}});
    m_shell.projects->set_panel_state(QStringLiteral("shell.views"), state);
    m_current = QStringLiteral("saved.") + title;
    refresh();
}

void LibraryList::remove_view(const QString& id) {
    Json state = m_shell.projects->panel_state(QStringLiteral("shell.views"));
    if (!state.is_array()) return;
    std::erase_if(state.get_ref<Json::array_t&>(), [&](const Json& view) { return view.is_object() && QStringLiteral("saved.") + qs(view.value("title", std::string())) == id; });
    m_shell.projects->set_panel_state(QStringLiteral("shell.views"), state);
    refresh();
}

void LibraryList::refresh() {
    load_views();
    if (!m_shell.projects->is_open()) {
        show_counts({});
        return;
    }
    std::vector<RunQuery> queries;
    for (const LibraryView& view : std::as_const(m_views)) {
        QueryError error;
        RunQuery query = compile_query(ss(view.query), &error);
        query.bin = view.bin;
        if (view.live) query.lane = Lane::live;
        else if (!view.bin && view.id != u"pinned") query.lane = Lane::batch;
        queries.push_back(std::move(query));
    }
    m_shell.projects->read<Counts>(this, [queries](const ProjectReader& reader) {
        Counts counts;
        for (const RunQuery& query : queries) counts.views.push_back(reader.count_runs(query));
        for (const std::string& tag : reader.tags()) {
            QueryError error;
            counts.tags.emplace_back(tag, reader.count_runs(compile_query("tag:\"" + tag + "\"", &error)));
        }
        counts.sweeps = reader.sweeps();
        return counts;
    }, [this](const Counts& counts) { show_counts(counts); });
}

LibraryRow* LibraryList::add_row(const LibraryView& view, qint64 count) {
    auto* row = new LibraryRow(view.title, m_body);
    row->setObjectName(view.id);
    row->set_count(count);
    row->setChecked(view.id == m_current);
    row->setToolTip(view.query.isEmpty() ? view.title : view.query);
    connect(row, &QAbstractButton::clicked, this, [this, view] {
        set_current(view.id);
        Q_EMIT chosen(view);
    });
    if (view.is_saved || view.bin) {
        row->setContextMenuPolicy(Qt::CustomContextMenu);
        connect(row, &QWidget::customContextMenuRequested, this, [this, view, row](const QPoint& at) {
            QMenu menu;
            if (view.bin) menu.addAction(tr("Empty the bin…"), this, &LibraryList::empty_bin_requested);
            else menu.addAction(tr("Remove this view"), this, [this, view] { remove_view(view.id); });
            menu.exec(row->mapToGlobal(at));
        });
    }
    m_column->addWidget(row);
    return row;
}

void LibraryList::show_counts(const Counts& counts) {
    // Only what changed may move: the same lines again would take the focus away.
    QString key;
    for (const LibraryView& view : std::as_const(m_views)) key += view.id + u'|';
    for (const std::int64_t count : counts.views) key += QString::number(count) + u'|';
    for (const auto& [tag, count] : counts.tags) key += qs(tag) + QString::number(count) + u'|';
    for (const SweepRow& sweep : counts.sweeps) key += QStringLiteral("%1:%2:%3:%4|").arg(sweep.id).arg(sweep.done).arg(sweep.failed).arg(qs(sweep.state));
    if (key == m_shown && m_body) return;
    m_shown = key;
    QString focused;
    if (m_body)
        for (LibraryRow* row : m_body->findChildren<LibraryRow*>())
            if (row->hasFocus()) focused = row->objectName();
    m_body = new QWidget;
    m_column = new QVBoxLayout(m_body);
    m_column->setContentsMargins(0, 8, 0, 8);
    m_column->setSpacing(0);
    auto title = [this](const QString& text) {
        auto* label = new GroupTitle(text, m_body);
        label->setContentsMargins(12, 10, 12, 4);
        m_column->addWidget(label);
    };
    auto line = [this] {
        auto* frame = new QWidget(m_body);
        auto* row = new QVBoxLayout(frame);
        row->setContentsMargins(12, 10, 12, 2);
        row->addWidget(new Separator(Qt::Horizontal, frame));
        m_column->addWidget(frame);
    };
    title(tr("Views"));
    for (int i = 0; i < m_views.size(); ++i) add_row(m_views[i], std::size_t(i) < counts.views.size() ? counts.views[std::size_t(i)] : -1);
    if (!counts.tags.empty()) {
        line();
        title(tr("Tags"));
        for (const auto& [tag, count] : counts.tags) add_row({QStringLiteral("tag.") + qs(tag), qs(tag), QStringLiteral("tag:\"%1\"").arg(qs(tag))}, count);
    }
    if (!counts.sweeps.empty()) {
        line();
        title(tr("Sweeps"));
        for (const SweepRow& sweep : counts.sweeps) {
            const QString name = sweep.spec.is_object() ? qs(sweep.spec.value("title", std::string())) : QString();
            LibraryRow* row = add_row({QStringLiteral("sweep.%1").arg(sweep.id), name.isEmpty() ? tr("Sweep %1").arg(sweep.id) : name, QStringLiteral("sweep:%1").arg(sweep.id)}, sweep.total);
            row->setToolTip(tr("%1 of %2 done, %3 failed").arg(sweep.done).arg(sweep.total).arg(sweep.failed));
            auto* bar = new ThinBar(m_body, 3);
            bar->set_value(sweep.total > 0 ? double(sweep.done) / double(sweep.total) : -1);
            if (sweep.done == sweep.total) bar->set_colour(Theme::instance().colours().ok);
            const auto indented = [&](QWidget* widget, Qt::Alignment alignment = {}) {
                auto* row = new QHBoxLayout;
                row->setContentsMargins(12, 0, 12, 6);
                row->addWidget(widget, 0, alignment);
                m_column->addLayout(row);
            };
            indented(bar);
            if (sweep.failed > 0) {
                auto* retry = make_button(tr("Retry %1").arg(sweep.failed), QStringLiteral("retry"), false, m_body);
                connect(retry, &QPushButton::clicked, this, [this, id = sweep.id] { Q_EMIT retry_sweep_requested(id); });
                indented(retry, Qt::AlignLeft);
            }
        }
    }
    m_column->addStretch(1);
    setWidget(m_body);
    if (!focused.isEmpty())
        for (LibraryRow* row : m_body->findChildren<LibraryRow*>())
            if (row->objectName() == focused) row->setFocus(Qt::OtherFocusReason);
}

void LibraryList::set_current(const QString& id) {
    m_current = id;
    for (LibraryRow* row : m_body->findChildren<LibraryRow*>()) row->setChecked(row->objectName() == id);
}

void LibraryList::keyPressEvent(QKeyEvent* event) {
    const int step = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
    const QList<LibraryRow*> rows = m_body->findChildren<LibraryRow*>();
    for (qsizetype i = 0; step && i < rows.size(); ++i)
        if (rows[i]->hasFocus() && i + step >= 0 && i + step < rows.size()) {
            rows[i + step]->setFocus(Qt::TabFocusReason);
            rows[i + step]->click();
            return;
        }
    QScrollArea::keyPressEvent(event);
}

}
