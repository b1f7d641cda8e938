// Panel halves that do not fit are listed with the reason, and are not loaded.
#include "app/gui/plugin_files.h"
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using namespace lathe;

class TestPanelFiles : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void panels_that_do_not_fit_are_listed() {
        const QTemporaryDir folder;
        QVERIFY(QFile::copy(QStringLiteral(LATHE_OTHER_PANEL), folder.filePath("lathe_other_panel.so")));
        QFile text(folder.filePath("lathe_text_panel.so"));
        QVERIFY(text.open(QFile::WriteOnly) && text.write("not a library") > 0);
        text.close();
        const QString loaded = folder.filePath("loaded");
        qputenv("LATHE_TEST_LOADED", loaded.toUtf8());
        qputenv("LATHE_PLUGIN_PATH", folder.path().toUtf8());
        std::map<QString, PanelFile> found;
        for (const PanelFile& panel : find_panels()) found[panel.id] = panel;
        qunsetenv("LATHE_PLUGIN_PATH");
        const QString other = found.at("other").reason;
        QVERIFY2(other.contains("plugin API 9") && other.contains("Build it again"), qPrintable(other));
        QVERIFY(found.at("other").file.startsWith(folder.path()));
        QVERIFY2(found.at("lathe_text_panel").reason.contains("no plugin data"), qPrintable(found.at("lathe_text_panel").reason));
        QVERIFY(found.at("delta_cache").ok());
        QVERIFY(!QFile::exists(loaded));
    }
};

QTEST_GUILESS_MAIN(TestPanelFiles)
#include "test_panel_files.moc"
