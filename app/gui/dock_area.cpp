#include "app/gui/dock_area.h"
#include "widgets/dock_title.h"
#include "widgets/kept_command.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QDockWidget>
#include <QEvent>
#include <QLayout>
#include <QMenu>
#include <QSplitter>
#include <QUndoStack>
#include <QVBoxLayout>

namespace lathe {

namespace {
constexpr int kLayoutVersion = 1;   // of saved window states
}

namespace {

Qt::DockWidgetArea area_of(DockSide side) {
    return side == DockSide::left ? Qt::LeftDockWidgetArea : side == DockSide::right ? Qt::RightDockWidgetArea : Qt::BottomDockWidgetArea;
}

/// A window of its own for one dock; closing it brings the content back.
class DockWindow : public QWidget {
public:
    DockWindow(const QString& title, QWidget* content, std::function<void()> closed) : QWidget(nullptr, Qt::Window), m_closed(std::move(closed)) {
        setWindowTitle(title);
        setAutoFillBackground(true);
        auto* column = new QVBoxLayout(this);
        column->setContentsMargins(0, 0, 0, 0);
        column->addWidget(content);
    }
protected:
    void closeEvent(QCloseEvent* event) override {
        QWidget::closeEvent(event);
        m_closed();
    }
private:
    std::function<void()> m_closed;
};

void fill_base(QWidget* widget) {
    widget->setAutoFillBackground(true);
    auto paint = [widget] {
        QPalette palette = widget->palette();
        palette.setColor(QPalette::Window, Theme::instance().colours().base);
        widget->setPalette(palette);
    };
    paint();
    QObject::connect(&Theme::instance(), &Theme::changed, widget, paint);
}
}

DockArea::DockArea(const QString& workspace, QWidget* parent) : QMainWindow(parent, Qt::Widget), m_workspace(workspace) {
    setWindowFlags(Qt::Widget);   // QMainWindow adds Qt::Window to what it is given
    setObjectName(workspace + QStringLiteral(".docks"));
    setDockOptions(QMainWindow::AllowNestedDocks | QMainWindow::AllowTabbedDocks);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    setContextMenuPolicy(Qt::NoContextMenu);
    m_centre = new QSplitter(Qt::Vertical, this);
    m_centre->setChildrenCollapsible(false);
    m_centre->setHandleWidth(1);
    m_centre->setMinimumSize(320, 200);
    setCentralWidget(m_centre);
    m_rest.setSingleShot(true);
    m_rest.setInterval(1000);
    connect(&m_rest, &QTimer::timeout, this, &DockArea::layout_changed);
    connect(m_centre, &QSplitter::splitterMoved, &m_rest, qOverload<>(&QTimer::start));
    new UndoTarget(QStringLiteral("layout.") + workspace, [this](const Json& saved) {
        if (!saved.is_object() || !saved.value("state", Json()).is_string()) return;
        const QByteArray docks = QByteArray::fromBase64(QByteArray::fromStdString(saved["state"].get<std::string>()));
        apply_centre(saved);
        if (m_is_small) m_full_state = docks;
        else restoreState(docks, kLayoutVersion);
        if (m_is_small) apply_small();
        Q_EMIT docks_changed();
        m_rest.start();
    }, this);
}

void DockArea::set_centre(QWidget* widget) {
    fill_base(widget);
    m_views.prepend(widget);
    arrange_centre();
}

DockArea::Dock* DockArea::known(const QString& id) {
    for (Dock& dock : m_docks)
        if (dock.id == id) return &dock;
    return nullptr;
}
const DockArea::Dock* DockArea::find(const QString& id) const { return const_cast<DockArea*>(this)->known(id); }

DockTitle* DockArea::add_dock(QWidget* content, const QString& id, const QString& title, const QString& hint, DockSide side, int extent, bool shown) {
    if (Dock* there = known(id)) return there->bar;
    auto* bar = new DockTitle(title, hint);
    fill_base(content);
    content->setAccessibleName(title);
    Dock entry{id, title, side, extent, nullptr, bar, content, nullptr, shown, nullptr, {}};
    if (side == DockSide::centre) {
        put_in_centre(entry);
    } else {
        auto* dock = new QDockWidget(title, this);
        dock->setObjectName(id);
        dock->setFeatures(QDockWidget::DockWidgetClosable | QDockWidget::DockWidgetMovable);
        dock->setTitleBarWidget(bar);
        dock->setWidget(content);
        if (side != DockSide::bottom) dock->setMinimumWidth(side == DockSide::left ? 224 : 240);
        dock->installEventFilter(this);
        connect(dock, &QDockWidget::visibilityChanged, this, &DockArea::docks_changed);
        entry.dock = dock;
        addDockWidget(area_of(side), dock);
        dock->setVisible(shown);
    }
    m_docks.push_back(std::move(entry));
    fill_menu(m_docks.back());
    if (side == DockSide::centre) arrange_centre();
    if (m_laid_out) place_new(m_docks.back());
    Q_EMIT docks_changed();
    return bar;
}

void DockArea::fill_menu(Dock& dock) {
    if (!dock.dock) return;
    const QString id = dock.id;
    QMenu* menu = dock.bar->menu();
    QMenu* to = menu->addMenu(tr("Move to"));
    to->addAction(tr("Left"), this, [this, id] { move_dock(id, Qt::LeftDockWidgetArea); });
    to->addAction(tr("Right"), this, [this, id] { move_dock(id, Qt::RightDockWidgetArea); });
    to->addAction(tr("Bottom"), this, [this, id] { move_dock(id, Qt::BottomDockWidgetArea); });
    to->addAction(tr("Centre"), this, [this, id] { move_to_centre(id); });
    menu->addAction(tr("Open in own window"), this, [this, id] { open_in_window(id); });
    // What the content can do is asked by name: viewers that export or that have a table offer these slots.
    struct Offer { const char* slot; QString text; };
    for (const Offer& offer : {Offer{"export_dialog", tr("Export…")}, Offer{"show_as_table", tr("Show as table")}}) {
        QList<QObject*> candidates{dock.content};
        candidates << dock.content->findChildren<QObject*>();
        for (QObject* candidate : std::as_const(candidates))
            if (candidate->metaObject()->indexOfMethod(QByteArray(offer.slot) + "()") >= 0) {
                menu->addAction(offer.text, candidate, [candidate, slot = offer.slot] { QMetaObject::invokeMethod(candidate, slot); });
                break;
            }
    }
    menu->addSeparator();
    menu->addAction(tr("Close"), this, [this, id] { close_dock(id); });
}

void DockArea::set_hint(const QString& id, const QString& hint) {
    if (Dock* dock = known(id)) dock->bar->set_hint(hint);
}

void DockArea::put_below(const QString& id, const QString& above) {
    if (Dock* dock = known(id)) dock->below = above;
}

bool DockArea::is_shown(const Dock& dock) { return dock.pane || dock.window || (dock.dock && dock.dock->isVisible()); }

Json DockArea::state() const {
    Json state = centre_layout();
    state["state"] = saveState(kLayoutVersion).toBase64().toStdString();
    return state;
}

void DockArea::change(const QString& text, const std::function<void()>& edit) {
    const Json before = state();
    edit();
    const Json after = state();
    if (m_undo && before != after) m_undo->push(new KeptCommand(QStringLiteral("layout.") + m_workspace, text, before, after, true));
    Q_EMIT docks_changed();
    m_rest.start();
}

void DockArea::show_dock(const QString& id) {
    Dock* dock = known(id);
    if (!dock || !dock->dock) return;
    if (dock->window) {
        dock->window->raise();
        dock->window->activateWindow();
        return;
    }
    if (dock->pane) return;
    if (!dock->dock->isVisible()) change(tr("Show %1").arg(dock->title), [&] { dock->dock->show(); });
    dock->dock->raise();
}

void DockArea::close_dock(const QString& id) {
    Dock* dock = known(id);
    if (!dock || !dock->dock) return;
    change(tr("Close %1").arg(dock->title), [&] {
        if (dock->pane) {
            take_from_centre(*dock);
            arrange_centre();
        }
        dock->dock->hide();
    });
}

void DockArea::move_dock(const QString& id, Qt::DockWidgetArea area) {
    Dock* dock = known(id);
    if (!dock || !dock->dock) return;
    change(tr("Move %1").arg(dock->title), [&] {
        if (dock->pane) {
            take_from_centre(*dock);
            arrange_centre();
        }
        addDockWidget(area, dock->dock);
        dock->dock->show();
    });
}

void DockArea::open_in_window(const QString& id) {
    Dock* dock = known(id);
    if (!dock || !dock->dock || dock->window || !dock->content) return;
    if (dock->pane) {
        take_from_centre(*dock);
        arrange_centre();
    }
    const QSize size = dock->content->size().expandedTo({480, 360});
    QWidget* content = dock->content;
    content->setParent(nullptr);
    auto* window = new DockWindow(QStringLiteral("%1 – Lathe").arg(dock->title), content, [this, id] { close_window(id); });
    window->setAttribute(Qt::WA_DeleteOnClose);
    window->resize(size);
    dock->window = window;
    dock->dock->hide();
    content->show();
    window->show();
}

void DockArea::close_window(const QString& id) {
    Dock* dock = known(id);
    if (!dock || !dock->content) return;
    dock->dock->setWidget(dock->content);
    dock->content->show();
    dock->window.clear();
    dock->dock->show();
}

QWidget* DockArea::focus_next(bool backwards) {
    QList<QWidget*> stops{m_centre};
    for (const Qt::DockWidgetArea area : {Qt::LeftDockWidgetArea, Qt::RightDockWidgetArea, Qt::BottomDockWidgetArea})
        for (const Dock& dock : m_docks)
            if (dock.dock && dock.dock->isVisible() && !dock.dock->visibleRegion().isEmpty() && dockWidgetArea(dock.dock) == area) {
                if (area == Qt::LeftDockWidgetArea) stops.insert(stops.size() - 1, dock.dock);   // left docks come before the centre
                else stops << dock.dock;
            }
    qsizetype current = -1;
    for (qsizetype i = 0; i < stops.size(); ++i)
        if (QWidget* focus = QApplication::focusWidget(); focus && (focus == stops[i] || stops[i]->isAncestorOf(focus))) current = i;
    for (qsizetype tried = 1; tried <= stops.size(); ++tried) {
        const qsizetype n = stops.size();
        const qsizetype i = backwards ? ((current < 0 ? 0 : current) - tried + 2 * n) % n : (current + tried) % n;
        const QList<QWidget*> children = stops[i]->findChildren<QWidget*>();
        for (QWidget* child : children)
            if (child->isVisible() && child->isEnabled() && (child->focusPolicy() & Qt::TabFocus) == Qt::TabFocus && !qobject_cast<DockTitle*>(child->parentWidget())) {
                child->setFocus(Qt::TabFocusReason);
                return stops[i];
            }
    }
    return nullptr;
}

// --- layouts ---

void DockArea::lay_out_default() {
    for (Dock& entry : m_docks)
        if (entry.dock && entry.pane) take_from_centre(entry);
    m_columns = 1;
    arrange_centre();
    for (const Qt::DockWidgetArea area : {Qt::LeftDockWidgetArea, Qt::RightDockWidgetArea, Qt::BottomDockWidgetArea}) {
        QDockWidget* previous = nullptr;
        QList<QDockWidget*> docks;
        QList<int> extents;
        for (Dock& entry : m_docks) {
            if (!entry.dock || area_of(entry.side) != area || entry.window) continue;
            entry.dock->setVisible(entry.shown_by_default);
            if (const Dock* above = entry.below.isEmpty() ? nullptr : find(entry.below); above && above->dock) {
                splitDockWidget(above->dock, entry.dock, Qt::Vertical);
                resizeDocks({above->dock, entry.dock}, {above->extent - entry.extent, entry.extent}, Qt::Vertical);
                continue;
            }
            if (!previous) addDockWidget(area, entry.dock);
            else if (!entry.shown_by_default) tabifyDockWidget(previous, entry.dock);
            else splitDockWidget(previous, entry.dock, area == Qt::BottomDockWidgetArea ? Qt::Horizontal : Qt::Vertical);
            if (entry.shown_by_default) {
                previous = entry.dock;
                docks << entry.dock;
                extents << entry.extent;
            }
        }
        if (docks.isEmpty()) continue;
        if (area == Qt::BottomDockWidgetArea) {
            resizeDocks({docks.first()}, {extents.first()}, Qt::Vertical);
            if (docks.size() > 1) resizeDocks(docks, QList<int>(docks.size(), 100), Qt::Horizontal);
        } else {
            resizeDocks({docks.first()}, {extents.first()}, Qt::Horizontal);
        }
    }
    m_laid_out = true;
}

/// A dock that comes later joins the others of its side; the user's arrangement stays.
void DockArea::place_new(Dock& entry) {
    if (!entry.dock) return;
    if (m_is_small) restoreState(m_full_state, kLayoutVersion);
    m_is_small = false;
    if (!restoreDockWidget(entry.dock)) {
        QDockWidget* last = nullptr;
        for (const Dock& other : m_docks)
            if (other.dock && other.dock != entry.dock && !other.dock->isHidden() && dockWidgetArea(other.dock) == area_of(entry.side)) last = other.dock;
        if (last && !entry.shown_by_default) tabifyDockWidget(last, entry.dock);
        else if (last) splitDockWidget(last, entry.dock, entry.side == DockSide::bottom ? Qt::Horizontal : Qt::Vertical);
        entry.dock->setVisible(entry.shown_by_default);
    }
    apply_small();
}

void DockArea::showEvent(QShowEvent* event) {
    QMainWindow::showEvent(event);
    if (m_laid_out) return;
    layout()->activate();
    lay_out_default();
    if (!m_restore_when_shown.isEmpty()) {
        apply_centre(m_centre_when_shown);
        restoreState(m_restore_when_shown, kLayoutVersion);
    }
    apply_small();
}

bool DockArea::eventFilter(QObject* object, QEvent* event) {
    if (event->type() == QEvent::Resize && m_laid_out && !m_is_small) m_rest.start();
    return QMainWindow::eventFilter(object, event);
}

QByteArray DockArea::full_state() const { return m_is_small ? m_full_state : saveState(kLayoutVersion); }

Json DockArea::save_layout() const {
    Json ids = Json::array();
    for (const Dock& dock : m_docks) ids.push_back(dock.id.toStdString());
    Json layout = centre_layout();
    layout["state"] = (m_laid_out ? full_state() : m_restore_when_shown).toBase64().toStdString();
    layout["docks"] = std::move(ids);
    return layout;
}

QStringList DockArea::restore_layout(const Json& saved) {
    QStringList unknown;
    if (!saved.is_object() || !saved.contains("state") || !saved["state"].is_string()) return unknown;
    if (const auto ids = saved.find("docks"); ids != saved.end() && ids->is_array())
        for (const Json& id : *ids)
            if (id.is_string() && !find(QString::fromStdString(id.get<std::string>()))) unknown << QString::fromStdString(id.get<std::string>());
    const QByteArray state = QByteArray::fromBase64(QByteArray::fromStdString(saved["state"].get<std::string>()));
    if (state.isEmpty()) return unknown;
    m_centre_when_shown = saved;
    if (m_laid_out) apply_centre(saved);
    if (!m_laid_out) {
        m_restore_when_shown = state;
    } else {
        restoreState(state, kLayoutVersion);
        m_is_small = false;
        apply_small();
    }
    return unknown;
}

void DockArea::reset_layout() {
    m_restore_when_shown.clear();
    m_centre_when_shown = {};
    for (const Dock& dock : m_docks)
        if (dock.window) dock.window->close();
    if (m_is_small) {
        m_is_small = false;
        restoreState(m_full_state, kLayoutVersion);
    }
    change(tr("Reset layout"), [this] { lay_out_default(); });
    apply_small();
}

// --- small windows ---

void DockArea::set_narrow(bool narrow) {
    if (m_narrow == narrow) return;
    m_narrow = narrow;
    apply_small();
}

void DockArea::set_low(bool low) {
    if (m_low == low) return;
    m_low = low;
    apply_small();
}

void DockArea::apply_small() {
    if (!m_laid_out) return;
    const bool small = m_narrow || m_low;
    if (m_is_small) restoreState(m_full_state, kLayoutVersion);
    else if (small) m_full_state = saveState(kLayoutVersion);
    m_is_small = small;
    if (m_narrow)
        for (const Dock& dock : m_docks)
            if (dock.dock && dockWidgetArea(dock.dock) == Qt::RightDockWidgetArea) dock.dock->hide();
    if (m_low) {
        QDockWidget* first = nullptr;
        for (const Dock& dock : m_docks) {
            if (!dock.dock || dock.dock->isHidden() || dockWidgetArea(dock.dock) != Qt::BottomDockWidgetArea) continue;
            if (first) tabifyDockWidget(first, dock.dock);
            else first = dock.dock;
        }
        if (first) {
            first->raise();
            resizeDocks({first}, {200}, Qt::Vertical);
        }
    }
    Q_EMIT docks_changed();
}

QList<DockArea::Dock> DockArea::right_docks() const {
    QList<Dock> found;
    for (const Dock& dock : m_docks)
        if (dock.dock && dock.shown_by_default && dockWidgetArea(dock.dock) == Qt::RightDockWidgetArea && !dock.window && !dock.pane) found << dock;
    return found;
}

QWidget* DockArea::lend(const QString& id) {
    Dock* dock = known(id);
    if (!dock || !dock->dock || !dock->content) return nullptr;
    dock->content->setParent(nullptr);
    return dock->content;
}

void DockArea::take_back(const QString& id) {
    Dock* dock = known(id);
    if (!dock || !dock->dock || !dock->content) return;
    dock->dock->setWidget(dock->content);
    dock->content->show();
}

}
