#pragma once
// The window with a project of three finished runs, for the tests of the shell; and things let go over it.
#include "app/gui/runs_page.h"
#include "tests/gui/window_fixture.h"
#include <QDragEnterEvent>
#include <QMimeData>

namespace lathe::gui_test {

class ShellFixture : public WindowFixture {
protected:
    QString m_first, m_second, m_third, m_project;

    void open_with_runs() {
        open_window();
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 160'000);
        m_project = m_folder.filePath("shell.lathe");
        QSignalSpy opened(&window().projects(), &ProjectHost::opened);
        window().projects().create(m_project);
        QVERIFY(opened.wait(60'000));
        window().show_workspace("runs");
        m_first = start_run({{"steps", 20}, {"metrics", 2}, {"images", 2}, {"height", 48}, {"width", 48}}, "first");
        m_second = start_run({{"steps", 30}, {"metrics", 2}, {"images", 2}, {"height", 48}, {"width", 48}}, "second");
        m_third = start_run({{"steps", 40}, {"metrics", 2}, {"images", 2}, {"height", 48}, {"width", 48}}, "third");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(m_third), RunState::finished, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, 60'000);
        const auto is_shown_finished = [&](int row) {   // the table is read again after the project has changed
            const ListedRun* entry = window().runs().model().entry(row);
            return entry && entry->run.state == RunState::finished;
        };
        QTRY_VERIFY_WITH_TIMEOUT(is_shown_finished(0) && is_shown_finished(1) && is_shown_finished(2), 60'000);
    }
    void drop(QWidget* on, QMimeData* mime, const QString& picture = {}) {
        const QPointF at(on->width() / 2.0, on->height() / 2.0);
        QDragEnterEvent enter(at.toPoint(), Qt::CopyAction, mime, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(on, &enter);
        QVERIFY(enter.isAccepted());
        if (!picture.isEmpty()) QVERIFY(shot(picture));
        QDropEvent let_go(at, Qt::CopyAction, mime, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(on, &let_go);
    }
    void drop_file(const QString& file, const QString& picture = {}) {
        QMimeData mime;
        mime.setUrls({QUrl::fromLocalFile(file)});
        drop(&window(), &mime, picture);
    }
};

}
