// Palette, keys, help, messages and focus of the real window.
#include "app/gui/dock_area.h"
#include "app/gui/help_window.h"
#include "app/gui/images_view.h"
#include "app/gui/query_field.h"
#include "app/gui/settings.h"
#include "app/gui/settings_dialog.h"
#include "app/gui/shortcut_editor.h"
#include "app/gui/viewer_keys.h"
#include "app/gui/workspace.h"
#include "tests/gui/shell_fixture.h"
#include "viewers/image_compare.h"
#include "widgets/command_palette.h"
#include "widgets/parameter_form.h"
#include "widgets/parameter_row.h"
#include "widgets/text_label.h"
#include <QDockWidget>
#include <QKeySequenceEdit>
#include <QTableView>
#include <QTextBlock>
#include <QTextBrowser>
#include <QTreeWidget>
#include <QUndoStack>

using namespace lathe;
using namespace lathe::gui_test;

class TestShellKeys : public ShellFixture {
    Q_OBJECT

    QWidget* help_window() {
        for (QWidget* top : QApplication::topLevelWidgets())
            if (top->isVisible() && qobject_cast<HelpWindow*>(top)) return top;
        return nullptr;
    }

private Q_SLOTS:
    void initTestCase() { open_with_runs(); }
    void cleanupTestCase() { m_window.reset(); }

    // --- palette, keys, help, settings
    void the_palette_has_prefixes_and_reasons() {
        struct Prefix { const char* typed; QChar kind; };
        for (const Prefix& prefix : {Prefix{">undo", u'>'}, Prefix{"#first", u'#'}, Prefix{"@theme", u'@'}}) {
            QTest::keyClick(&window(), Qt::Key_K, Qt::ControlModifier);
            QVERIFY(window().palette().isVisible());
            QTest::keyClicks(window().palette().field(), prefix.typed);
            QVERIFY2(window().palette().model().rowCount() > 0, prefix.typed);
            for (int row = 0; row < window().palette().model().rowCount(); ++row) QCOMPARE(window().palette().model().entry(row).kind, prefix.kind);
            QVERIFY(shot(QStringLiteral("shell-palette-%1").arg(int(prefix.kind.unicode()))));
            QTest::keyClick(window().palette().field(), Qt::Key_Escape);
        }
        window().palette().open(">empty");
        bool grey = false;
        for (int row = 0; row < window().palette().model().rowCount(); ++row) grey = grey || (!window().palette().model().entry(row).enabled && !window().palette().model().entry(row).reason.isEmpty());
        window().palette().open(">restore");
        for (int row = 0; row < window().palette().model().rowCount(); ++row) grey = grey || (!window().palette().model().entry(row).enabled && !window().palette().model().entry(row).reason.isEmpty());
        QVERIFY(grey);
        QVERIFY(shot("shell-palette-grey"));
        window().palette().close_palette();
        if (!window().workspace_ids().contains("delta_cache")) return;
        window().show_workspace("delta_cache");
        window().palette().open(":steps");
        QVERIFY(window().palette().model().rowCount() > 0);
        QCOMPARE(window().palette().model().entry(0).kind, QChar(u':'));
        QVERIFY(shot("shell-palette-parameter"));
        window().palette().close_palette();
        window().show_workspace("runs");
    }
    void keys_are_changed_with_a_warning() {
        SettingsDialog dialog(window().actions(), window().viewer_keys(), &window());
        dialog.show_setting("shortcuts");
        dialog.show();
        auto* editor = dialog.findChild<ShortcutEditor*>();
        auto* list = editor->findChild<QTreeWidget*>();
        const auto choose = [&](const QString& id) {
            for (int i = 0; i < list->topLevelItemCount(); ++i)
                if (list->topLevelItem(i)->data(0, Qt::UserRole).toString() == id) list->setCurrentItem(list->topLevelItem(i));
        };
        choose("view.jobs");
        editor->findChild<QKeySequenceEdit*>()->setKeySequence(QKeySequence("Ctrl+D"));
        bool warned = false;
        for (const TextLabel* label : editor->findChildren<TextLabel*>()) warned = warned || label->text().contains("Compare selected");
        QVERIFY(warned);
        QTest::qWait(100);
        QVERIFY(dialog.grab().save(picture_folder() + "/dialog-shortcuts.png"));
        editor->findChild<QKeySequenceEdit*>()->setKeySequence(QKeySequence("Ctrl+J"));
        QVERIFY(press(*editor, "Set"));
        QCOMPARE(action("view.jobs")->shortcut(), QKeySequence("Ctrl+J"));
        dialog.close();
        QVERIFY(activate());
        window().show_workspace("runs");
        QTest::keyClick(&window(), Qt::Key_J, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(window().workspace("runs")->docks()->find("shell.jobs") && window().workspace("runs")->docks()->find("shell.jobs")->dock->isVisible(), 60'000);
        QTest::qWait(100);
        QVERIFY(shots("shell-jobs"));
        QTest::keyClick(&window(), Qt::Key_J, Qt::ControlModifier);
        window().actions().reset_keys("view.jobs");
        QVERIFY(action("view.jobs")->shortcut().isEmpty());
    }
    void keys_of_viewers_are_changed_too() {
        SettingsDialog dialog(window().actions(), window().viewer_keys(), &window());
        dialog.show_setting("shortcuts");
        dialog.show();
        auto* editor = dialog.findChild<ShortcutEditor*>();
        const auto choose = [&](const QString& id) {
            for (int i = 0; i < editor->list()->topLevelItemCount(); ++i)
                if (editor->list()->topLevelItem(i)->data(0, Qt::UserRole).toString() == id) editor->list()->setCurrentItem(editor->list()->topLevelItem(i));
        };
        const auto says = [&](const QString& text) {
            for (const TextLabel* label : editor->findChildren<TextLabel*>())
                if (label->text().contains(text)) return true;
            return false;
        };
        choose("viewer.images.split");
        editor->field()->setKeySequence(QKeySequence("Ctrl+X"));
        QVERIFY(says("one key"));
        QVERIFY(!press(*editor, "Set"));
        editor->field()->setKeySequence(QKeySequence("B"));
        QVERIFY(says("Blink"));
        editor->field()->setKeySequence(QKeySequence("X"));
        QVERIFY(!says("also start"));
        QVERIFY(press(*editor, "Set"));
        QVERIFY(dialog.grab().save(picture_folder() + "/dialog-viewer-keys.png"));
        dialog.close();
        QVERIFY(activate());
        window().show_workspace("runs");
        auto* images = window().findChild<ImagesView*>()->viewer();
        QVERIFY(select(m_third));
        QTRY_VERIFY_WITH_TIMEOUT(!images->images().empty(), 60'000);
        images->setFocus();
        const CompareMode before = images->mode();
        QTest::keyClick(images, Qt::Key_S);
        QCOMPARE(images->mode(), before);
        QTest::keyClick(images, Qt::Key_X);
        QCOMPARE(images->mode(), CompareMode::split);
        QTest::keyClick(images, Qt::Key_X);
        QVERIFY(window().viewer_keys().set_key("viewer.images.split", QKeySequence("S")));
        QTest::keyClick(images, Qt::Key_S);
        QCOMPARE(images->mode(), CompareMode::split);
        QTest::keyClick(images, Qt::Key_S);
    }
    void help_is_about_what_has_the_focus() {
        QVERIFY(activate());
        window().runs().query_field()->setFocus();
        QTest::keyClick(&window(), Qt::Key_F1);
        QWidget* help = nullptr;
        QTRY_VERIFY_WITH_TIMEOUT((help = help_window()) != nullptr, 60'000);
        auto* text = static_cast<HelpWindow*>(help)->browser();
        QVERIFY(text->toPlainText().contains("The query language"));
        QCOMPARE(text->textCursor().block().text(), QStringLiteral("The query language"));
        QVERIFY(help->grab().save(picture_folder() + "/help-query.png"));
        if (window().workspace_ids().contains("delta_cache")) {
            QVERIFY(activate());
            window().show_workspace("delta_cache");
            auto* form = window().workspace("delta_cache")->findChild<ParameterForm*>();
            QVERIFY(form);
            ParameterRow* steps = nullptr;
            for (ParameterRow* row : form->findChildren<ParameterRow*>())
                if (row->id() == "steps") steps = row;
            QVERIFY(steps);
            steps->editor()->setFocus();
            window().show_help();
            QVERIFY2(text->toPlainText().contains("--set steps="), qPrintable(text->toPlainText()));
            QVERIFY(help->grab().save(picture_folder() + "/help-parameter.png"));
            window().show_workspace("runs");
        }
        help->close();
        QVERIFY(activate());
    }
    void messages_wait_and_go_by_themselves() {
        window().messages().clear();
        window().messages().set_hold(700, 300);
        window().shell().say("err", "Checkpoint not opened.", "`dit-xl.pt`, tensor `blocks.3.attn.qkv.weight` is [3456, 1152]; DiT-L/2 needs [3072, 1024].", "Open it as DiT-XL/2, or choose another file.");
        window().shell().say("err", "Calibration not used.", "`calibrated_sensor.json`, field `camera_intrinsic`: singular.", "Leave this camera out.");
        QVERIFY(shots("shell-messages"));
        window().messages().clear();
        window().shell().say("info", "Exported.", "x.png");
        QVERIFY(window().messages().isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(!window().messages().isVisible(), 60'000);
        window().messages().set_hold(20'000, 6000);
    }
    void single_letters_can_be_switched_off() {
        auto* images = window().findChild<ImagesView*>()->viewer();
        QVERIFY(select(m_third));
        QTRY_VERIFY_WITH_TIMEOUT(!images->images().empty(), 60'000);
        Settings::instance().set_value("appearance/single_keys", false);
        images->setFocus();
        const CompareMode before = images->mode();
        QTest::keyClick(images, Qt::Key_S);
        QCOMPARE(images->mode(), before);
        Settings::instance().set_value("appearance/single_keys", true);
        QTest::keyClick(images, Qt::Key_S);
        QVERIFY(images->mode() != before);
        QTest::keyClick(images, Qt::Key_S);
    }
    void docks_are_walked_with_f6_and_fields_with_tab() {
        QVERIFY(activate());
        window().show_workspace("runs");
        window().runs().query_field()->setFocus(Qt::TabFocusReason);
        QSet<QString> reached;
        QList<QWidget*> stops;
        for (int i = 0; i < 6; ++i) {
            QTest::keyClick(&window(), Qt::Key_F6);
            QWidget* focus = QApplication::focusWidget();
            QVERIFY(focus);
            stops << focus;
            for (QWidget* widget = focus; widget; widget = widget->parentWidget())
                if (auto* dock = qobject_cast<QDockWidget*>(widget)) reached << dock->objectName();
            if (i == 0) QVERIFY(shot("shell-focus"));
        }
        QVERIFY2(reached.contains("runs.library") && reached.contains("runs.curves") && reached.contains("runs.images"), qPrintable(QStringList(reached.values()).join(' ')));
        QTest::keyClick(&window(), Qt::Key_F6, Qt::ShiftModifier);
        QCOMPARE(QApplication::focusWidget(), stops[4]);
        window().runs().table()->list()->setFocus();   // no trap: Tab leaves the table
        QTest::keyClick(window().runs().table()->list(), Qt::Key_Tab);
        QVERIFY(QApplication::focusWidget() != window().runs().table()->list());
    }
};

int main(int argc, char** argv) { return run_window_test<TestShellKeys>(argc, argv); }
#include "test_shell_keys.moc"
