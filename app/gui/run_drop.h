#pragma once
// Runs dragged from the table onto a view that compares runs: the view shows an accent frame and a sentence, and gets the runs when they are let go.
#include "core/project/project.h"
#include <QList>
#include <QObject>
#include <QPointer>
#include <functional>

class QLabel;
class QMimeData;
class QWidget;

namespace lathe {

QMimeData* run_mime(const QList<RunId>& runs, const QStringList& names);
QList<RunId> runs_of(const QMimeData* mime);       ///< empty: it holds no runs

class RunDrop : public QObject {
    Q_OBJECT
public:
    /// `view` and everything in it takes runs. `sentence` says what letting go would do.
    RunDrop(QWidget* view, const QString& sentence, std::function<void(const QList<RunId>&)> take);
protected:
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    void show_frame(bool on);
    QWidget* m_view;
    QString m_sentence;
    std::function<void(const QList<RunId>&)> m_take;
    QPointer<QLabel> m_frame;
};

/// A 2 px accent frame with a sentence over `view`, for drop targets; it lets the mouse through.
QLabel* make_drop_frame(QWidget* view, const QString& sentence);

}
