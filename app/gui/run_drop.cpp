#include "app/gui/run_drop.h"
#include "widgets/theme.h"
#include <QDropEvent>
#include <QLabel>
#include <QMimeData>
#include <QWidget>

namespace lathe {
namespace {
const QString kType = QStringLiteral("application/x-lathe-runs");
}

QMimeData* run_mime(const QList<RunId>& runs, const QStringList& names) {
    QByteArray ids;
    for (const RunId run : runs) ids += QByteArray::number(qlonglong(run)) + ' ';
    auto* mime = new QMimeData;
    mime->setData(kType, ids);
    mime->setText(names.join(u'\n'));
    return mime;
}

QList<RunId> runs_of(const QMimeData* mime) {
    QList<RunId> runs;
    if (mime && mime->hasFormat(kType))
        for (const QByteArray& id : mime->data(kType).split(' '))
            if (const RunId run = id.toLongLong(); run > 0) runs << run;
    return runs;
}

QLabel* make_drop_frame(QWidget* view, const QString& sentence) {
    auto* frame = new QLabel(sentence, view);
    frame->setAttribute(Qt::WA_TransparentForMouseEvents);
    frame->setAlignment(Qt::AlignCenter);
    frame->setWordWrap(true);
    frame->setFont(Theme::instance().font(15, true));
    const ThemeColours& c = Theme::instance().colours();
    QColor veil = c.window;
    veil.setAlpha(200);
    frame->setStyleSheet(QStringLiteral("border: 2px solid %1; background: %2; color: %3;").arg(c.accent.name(), veil.name(QColor::HexArgb), c.text.name()));
    frame->setGeometry(view->rect());
    frame->show();
    frame->raise();
    return frame;
}

RunDrop::RunDrop(QWidget* view, const QString& sentence, std::function<void(const QList<RunId>&)> take) : QObject(view), m_view(view), m_sentence(sentence), m_take(std::move(take)) {
    view->setAcceptDrops(true);
    view->installEventFilter(this);
}

void RunDrop::show_frame(bool on) {
    if (m_frame) m_frame->deleteLater();
    m_frame = on ? make_drop_frame(m_view, m_sentence) : nullptr;
}

bool RunDrop::eventFilter(QObject* object, QEvent* event) {
    if (object != m_view) return false;
    switch (event->type()) {
    case QEvent::DragEnter: case QEvent::DragMove: {
        auto* drag = static_cast<QDragMoveEvent*>(event);
        if (runs_of(drag->mimeData()).isEmpty()) return false;
        if (event->type() == QEvent::DragEnter) show_frame(true);
        drag->acceptProposedAction();
        return true;
    }
    case QEvent::DragLeave:
        show_frame(false);
        return false;
    case QEvent::Drop: {
        auto* drop = static_cast<QDropEvent*>(event);
        const QList<RunId> runs = runs_of(drop->mimeData());
        show_frame(false);
        if (runs.isEmpty()) return false;
        drop->acceptProposedAction();
        m_take(runs);
        return true;
    }
    default: return false;
    }
}

}
