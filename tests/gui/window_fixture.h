#pragma once
// The real window with a real engine, for the tests that drive it: pictures of it, runs of the engine's self test, and hands for the dialogs it opens.
#include "app/gui/action_registry.h"
#include "app/gui/application.h"
#include "app/gui/english_plurals.h"
#include "app/gui/engine_watch.h"
#include "app/gui/main_window.h"
#include "app/gui/runs_page.h"
#include "app/gui/runs_table.h"
#include "app/gui/text.h"
#include "core/base/uuid.h"
#include "tests/gui/gui_fixture.h"
#include <QFileDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <memory>

namespace lathe::gui_test {

class WindowFixture : public QObject {
protected:
    QTemporaryDir m_folder;
    std::unique_ptr<MainWindow> m_window;

    void open_window() {
        QVERIFY(m_folder.isValid());
        StartOptions options;
        options.size = QSize(1600, 1000);
        m_window = std::make_unique<MainWindow>(options);
        QSignalSpy painted(m_window.get(), &MainWindow::first_painted);
        m_window->show();
        QVERIFY(painted.wait(60'000));
        QVERIFY(activate());
    }
    bool activate() { return QTest::qWaitFor([this] { m_window->activateWindow(); return m_window->isActiveWindow(); }, 60'000); }   // the window manager may be late
    MainWindow& window() { return *m_window; }
    QAction* action(const char* id) { return window().actions().action(QLatin1String(id)); }
    bool shot(const QString& name) {
        QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);   // as the loop does before it paints
        return window().grab().save(picture_folder() + u'/' + name + QStringLiteral(".png"));
    }
    bool shots(const QString& name) {
        bool good = true;
        for (const ThemeMode mode : {ThemeMode::light, ThemeMode::dark}) {
            Theme::instance().set_mode(mode);
            QTest::qWait(50);
            good = good && shot(name + (mode == ThemeMode::light ? QStringLiteral("-light") : QStringLiteral("-dark")));
        }
        return good;
    }
    QString last_message() {
        const QList<UserMessage>& all = window().messages().history();
        return all.isEmpty() ? QString() : all.last().text();
    }
    bool has_message(const QString& part) {
        for (const UserMessage& message : window().messages().history())
            if (message.text().contains(part, Qt::CaseInsensitive)) return true;
        return false;
    }
    QString start_run(const Json& params, const std::string& title) {
        RunRequest request;
        request.uuid = make_uuid();
        request.method = "engine.selftest";
        request.params = params;
        return qs(window().session().submit(request, {}, title));
    }
    RunState state_of(const QString& uuid) {
        RunState state = RunState::queued;
        window().projects().with_reader([&](const ProjectReader& reader) {
            if (const auto run = reader.find_run(ss(uuid))) state = reader.run(*run).state;
        });
        return state;
    }
    RunRow row_of(const QString& uuid) {
        RunRow row;
        window().projects().with_reader([&](const ProjectReader& reader) {
            if (const auto run = reader.find_run(ss(uuid))) row = reader.run(*run);
        });
        return row;
    }
    int rows() { return window().runs().model().rowCount(); }
    bool select(const QString& uuid) {
        if (!activate()) return false;   // a dialog may just have closed
        const RunId run = row_of(uuid).id;
        if (!QTest::qWaitFor([&] { return window().runs().model().row_of(run) >= 0; }, 60'000)) return false;
        window().runs().table()->select({run});
        return QTest::qWaitFor([&] { return window().runs().table()->selected() == QList<RunId>{run}; }, 60'000);
    }
    bool open(const QString& file) {
        QSignalSpy opened(&window().projects(), &ProjectHost::opened), failed(&window().projects(), &ProjectHost::failed);
        window().open_files({file});
        return QTest::qWaitFor([&] { return opened.count() + failed.count() > 0; }, 60'000) && opened.count() == 1;
    }
    bool close_project() {
        action("project.close")->trigger();
        return QTest::qWaitFor([&] { return !window().projects().is_open(); }, 60'000);
    }
    /// `answer` is given the modal dialog that `show` opens, once it is there; a picture of it is kept where it has a name. False: no dialog came.
    template <class Dialog> bool with_dialog(const QString& name, const std::function<void()>& show, const std::function<void(Dialog&)>& answer) {
        bool seen = false;
        QTimer poll;
        poll.setInterval(50);
        QObject::connect(&poll, &QTimer::timeout, &poll, [&] {
            auto* dialog = qobject_cast<Dialog*>(QApplication::activeModalWidget());
            if (!dialog || !dialog->isVisible()) return;
            poll.stop();
            seen = name.isEmpty() || dialog->grab().save(picture_folder() + u'/' + name + QStringLiteral(".png"));
            answer(*dialog);
        });
        poll.start();
        show();
        return QTest::qWaitFor([&] { return seen; }, 60'000);
    }
    bool dialog_shot(const QString& name, const std::function<void()>& show) {
        return with_dialog<QDialog>(name, show, [](QDialog& dialog) { dialog.close(); }) && QTest::qWaitFor([] { return !QApplication::activeModalWidget(); }, 60'000);
    }
    /// The file dialog that `show` opens gets this file or folder.
    bool choose_file(const QString& file, const std::function<void()>& show, const QString& picture = {}) {
        return with_dialog<QFileDialog>(picture, show, [&](QFileDialog& dialog) {
            type_file(dialog, file);
        });
    }
    /// As a user does it: selectFile() leaves the name that stands in a field with the focus.
    static void type_file(QFileDialog& dialog, const QString& file) {
        dialog.findChild<QLineEdit*>(QStringLiteral("fileNameEdit"))->setText(file);
        static_cast<QDialog&>(dialog).accept();
    }
    static bool press(QWidget& in, const QString& text) {
        for (QPushButton* button : in.findChildren<QPushButton*>())
            if (QString(button->text()).remove(u'&') == text && button->isVisible() && button->isEnabled()) {
                QTest::mouseClick(button, Qt::LeftButton);
                return true;
            }
        return false;
    }
};

/// A main() with settings of its own.
template <class Test> int run_window_test(int argc, char** argv) {
    const QTemporaryDir home;
    for (const char* name : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}) qputenv(name, home.filePath(QLatin1String(name)).toUtf8());   // not the user's settings
    prepare_platform();
    Application app(argc, argv);
    EnglishPlurals plurals;
    QCoreApplication::installTranslator(&plurals);
    Theme::instance().apply(app, ThemeMode::dark);
    Test test;
    return QTest::qExec(&test, argc, argv);
}

}
