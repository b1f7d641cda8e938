// The workspace of delta_cache with a context that answers as the engine does: paint, undo, live, stale, results, history.
#include "core/method/parameter.h"
#include "plugins/delta_cache/panel/cost_view.h"
#include "plugins/delta_cache/panel/history_view.h"
#include "plugins/delta_cache/panel/model_chooser.h"
#include "plugins/delta_cache/panel/panel.h"
#include "plugins/delta_cache/panel/roles_view.h"
#include "plugins/delta_cache/panel/schedule_view.h"
#include "tests/gui/fake_panel_context.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/heat_map.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "widgets/cache_map.h"
#include "widgets/dock_title.h"
#include "widgets/number_field.h"
#include "widgets/parameter_form.h"
#include "widgets/parameter_group.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QSignalSpy>
#include <QTemporaryFile>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

using namespace lathe;
using namespace lathe::gui_test;
using lathe::delta_cache::Panel;

namespace {

constexpr int kSide = 28;

/// A boot of grey values that gets clearer with every step; `off` is how far it is from the reference.
Artifact picture(const std::string& key, int step, int steps, double off) {
    std::string bytes;
    unsigned state = 9001u + unsigned(step) * 77u;
    const double noise = 1 - double(step + 1) / steps;
    for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x) {
            state = state * 1664525u + 1013904223u;
            const double random = double(state >> 8) / (1 << 24);
            const bool inside = (x > 12 && x < 25 && y > 4 && y < 24) || (x > 1 && x < 25 && y > 15 && y < 24);
            const double clear = inside ? 0.7 + 0.2 * std::sin(x * 0.6 + y * 0.3) : 0.02, wrong = off * std::sin(x * 0.9 + y * 1.3) * (inside ? 1 : 0.2);
            bytes += char(std::lround(255 * std::clamp((1 - noise) * clear + noise * random + wrong, 0.0, 1.0)));
        }
    Artifact out;
    out.key = key;
    out.kind = "image";
    out.media = "raw/u8";
    out.dtype = "u8";
    out.step = step;
    out.shape = {kSide, kSide, 1};
    out.bytes = std::make_shared<const std::string>(std::move(bytes));
    return out;
}

Json facts() {
    Json classes = Json::array({"T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"});
    return {{"depth", 12}, {"tokens", 49}, {"parameters", 3.7e6}, {"classes", classes}, {"num_classes", 10}};
}

Json summary(double psnr_value, double measured) {
    return {{"psnr", psnr_value}, {"ssim", 0.962}, {"rel_l2", 0.041}, {"bands.low", 0.012}, {"bands.mid", 0.039}, {"bands.high", 0.088}, {"macs_full", 4.21e9}, {"macs_full_reference", 6.88e9},
        {"speedup_predicted", 1.66}, {"speedup_measured", measured}, {"seconds_denoising", 0.62}, {"seconds_reference", 0.98}, {"cache_bytes", 147000}, {"blocks_computed", 145}, {"blocks_total", 240}};
}

struct Bench {
    FakePanelContext context;
    QTemporaryFile model{QDir::tempPath() + "/XXXXXX.safetensors"};
    std::unique_ptr<QWidget> window;
    Panel* panel = nullptr;

    explicit Bench(bool opened = true) {
        QFile file(qEnvironmentVariable("LATHE_TEST_DATA") + "/delta_cache_catalogue.json");
        if (!file.open(QIODevice::ReadOnly)) qFatal("the catalogue of the tests is missing");
        context.methods = catalogue_from(parse_json(file.readAll().toStdString(), "catalogue"));
        if (!model.open()) qFatal("no temporary file");
        window = std::make_unique<QWidget>();
        panel = new Panel(context);
        auto* all = new QVBoxLayout(window.get());
        all->setContentsMargins(0, 0, 0, 0);
        all->setSpacing(0);
        auto* bar = new QHBoxLayout;
        bar->setContentsMargins(12, 6, 12, 6);
        bar->addWidget(new TextLabel("Δ-Cache", 15, true));
        bar->addWidget(context.bar);
        bar->addStretch(1);
        all->addLayout(bar);
        auto* row = new QHBoxLayout;
        row->setSpacing(1);
        all->addLayout(row, 1);
        auto* left = new QVBoxLayout;
        auto* centre = new QVBoxLayout;
        auto* right = new QVBoxLayout;
        for (auto* column : {left, centre, right}) column->setSpacing(0);
        row->addLayout(left);
        row->addLayout(centre, 1);
        row->addLayout(right);
        centre->addWidget(panel, 1);
        for (const QString& id : {QStringLiteral("parameters"), QStringLiteral("schedule"), QStringLiteral("cost"), QStringLiteral("roles"), QStringLiteral("history")}) {
            const auto& dock = context.docks[id];
            auto* column = dock.side == DockSide::left ? left : dock.side == DockSide::right ? right : centre;
            column->addWidget(new DockTitle(dock.title, dock.hint));
            if (dock.side != DockSide::bottom) dock.content->setFixedWidth(dock.extent);
            else dock.content->setFixedHeight(dock.extent);
            column->addWidget(dock.content, id == u"history" || dock.side == DockSide::left ? 1 : 0);
        }
        window->resize(1528, 900);
        Q_EMIT context.live_toggled(true);
        if (opened) open();
    }
    void show() {
        window->show();
        window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(window.get()));
    }
    /// The model is chosen and the engine has described it.
    void open() {
        Q_EMIT context.model_dropped(model.fileName());
        context.play(context.last("delta_cache.describe").request.uuid, event::Finished{0.1, {{"model", facts()}, {"macs_block", 1e7}, {"macs_outside", 1e6}}});
    }
    ParameterForm& form() { return *panel->form(); }
    CacheMap& map() { return *panel->schedule()->map(); }
    std::string live_uuid() const { return context.last("delta_cache.sample").request.uuid; }
    void stream(const std::string& uuid, int from, int to, double off = 0.06) {
        for (int s = from; s < to; ++s) {
            context.play(uuid, event::ArtifactMade{picture("reference.step", s, 20, 0)});
            context.play(uuid, event::ArtifactMade{picture("variant.step", s, 20, off)});
            context.play(uuid, event::Metrics{{"deviation.rel_l2"}, {{0, s, 0.01 * s, off * 0.6 * (s + 1) / 20 + (s % 2 ? 0.003 : 0)}}});
        }
    }
    void finish(const std::string& uuid, double psnr_value = 31.8, double off = 0.06) {
        stream(uuid, 0, 20, off);
        context.play(uuid, event::ArtifactMade{picture("image.reference", 0, 1, 0)});
        context.play(uuid, event::ArtifactMade{picture("image.variant", 0, 1, off)});
        context.play(uuid, event::Finished{0.7, summary(psnr_value, 1.58)});
        Q_EMIT context.run_ended(QString::fromStdString(uuid), RunState::finished);
        QTRY_VERIFY_WITH_TIMEOUT(panel->is_drawn(), 60'000);
    }
    /// The live run that `change` brings about, once it is asked for.
    std::string asked_by(const std::function<void()>& change) {
        const std::string before = live_uuid();
        change();
        if (!QTest::qWaitFor([&] { return live_uuid() != before; }, 60'000)) qFatal("no live run was asked for");
        return live_uuid();
    }
    QPoint cell(int step, int block) { return map().cell_rect(step, block).center().toPoint(); }
};

}

class TestDeltaCachePanel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::dark); }

    void the_rule_is_drawn_as_the_engine_runs_it() {
        using namespace lathe::delta_cache;
        Json params{{"policy", "delta"}, {"cache.mode", "stage"}, {"cache.interval", 2}, {"cache.count", 9}, {"cache.switch", 10}};
        const Schedule stage = schedule_of(params, 20, 12);
        QCOMPARE(stage.reused(), 90);
        QCOMPARE(stage.cells[std::size_t(3 * 20 + 1)], 1);    // rear block 3 at step 1
        QCOMPARE(stage.cells[std::size_t(2 * 20 + 1)], 0);
        QCOMPARE(stage.cells[std::size_t(0 * 20 + 11)], 1);   // front block 0 at step 11
        QCOMPARE(stage.cells[std::size_t(9 * 20 + 11)], 0);
        QVERIFY(std::abs(stage.speedup() - 240.0 / 150) < 1e-12);
        params["cache.refresh"] = true;
        QCOMPARE(schedule_of(params, 20, 12).reused(), 90);   // step 10 is full anyway
        params["cache.switch"] = 11;
        QCOMPARE(schedule_of(params, 20, 12).reused(), 81);
        params["cache.store_both"] = false;
        params["cache.refresh"] = false;
        QCOMPARE(schedule_of(params, 20, 12).reused(), 81);   // the first cached step after the switch has nothing to reuse
        QCOMPARE(blocks_for_speedup(1.6, 2, 20, 12), 9);
        QVERIFY(blocks_for_speedup(2.4, 2, 20, 12) > 12);
        QCOMPARE(schedule_of({{"policy", "painted"}, {"cache.map", {{"rows", 3}, {"cols", 2}, {"data", {1}}}}}, 20, 12).reused(), 0);   // another shape
    }

    void a_model_is_described_before_it_draws() {
        Bench bench(false);
        QCOMPARE(bench.context.count("delta_cache.sample"), 0);
        bench.open();
        const auto describe = bench.context.last("delta_cache.describe");
        QCOMPARE(describe.assets.first(), (std::pair<QString, QString>(QStringLiteral("model"), bench.model.fileName())));
        QCOMPARE(bench.map().blocks(), 12);
        QVERIFY(bench.context.bar->findChild<Chip*>()->text().startsWith("12 blocks · 49 tokens · 3.7 M"));
        // Live is on and nothing was drawn yet: the first image is asked for at once.
        const auto first = bench.context.last("delta_cache.sample");
        QCOMPARE(first.live_key, QStringLiteral("delta_cache.sample"));
        QCOMPARE(first.request.lane, Lane::live);
        QCOMPARE(bench.context.docks.size(), 5);
        QVERIFY(bench.context.actions.size() >= 3);
    }

    void painting_is_one_undo_step_and_a_live_request() {
        Bench bench;
        bench.show();
        bench.finish(bench.live_uuid());
        const int asked = bench.context.count("delta_cache.sample");
        bench.form().set_values({{"policy", "painted"}}, "painted");
        const int before = bench.context.undo.count();
        drag(&bench.map(), bench.cell(5, 2), bench.cell(5, 6));
        QCOMPARE(bench.context.undo.count(), before + 1);
        QCOMPARE(bench.context.undo.undoText(), QStringLiteral("Paint the map"));
        for (int block = 2; block <= 6; ++block) QVERIFY(bench.map().reuses(5, block));
        // The change of the policy may go out before what is painted.
        const auto params_now = [&] { return bench.context.last("delta_cache.sample").request.params; };
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.count("delta_cache.sample") > asked && params_now()["policy"] == "painted" && params_now()["cache.map"]["data"][4 * 20 + 5] == 1, 60'000);
        const Json params = params_now();
        QCOMPARE(params["cache.map"]["rows"].get<int>(), 12);
        QCOMPARE(params["cache.map"]["cols"].get<int>(), 20);
        QCOMPARE(params["cache.map"]["data"][4 * 20 + 5].get<int>(), 1);
        QVERIFY(params.contains("seed") && params.contains("guidance") && !params.contains("width"));
        bench.context.undo.undo();
        QVERIFY(!bench.map().reuses(5, 4));
        bench.context.undo.redo();
        QVERIFY(bench.map().reuses(5, 4));
    }

    void painting_over_a_rule_makes_it_a_painted_map() {
        Bench bench;
        bench.show();
        QCOMPARE(QString::fromStdString(bench.form().values()["policy"].get<std::string>()), QStringLiteral("delta"));
        QVERIFY(bench.map().reuses(1, 5));
        drag(&bench.map(), bench.cell(2, 4), bench.cell(2, 8));
        QCOMPARE(QString::fromStdString(bench.form().values()["policy"].get<std::string>()), QStringLiteral("painted"));
        QVERIFY(bench.map().reuses(1, 5) && bench.map().reuses(2, 6));
        bench.context.undo.undo();
        QCOMPARE(QString::fromStdString(bench.form().values()["policy"].get<std::string>()), QStringLiteral("delta"));
        QVERIFY(!bench.map().reuses(2, 6) && bench.map().reuses(1, 5));
    }

    void old_results_are_marked_until_new_ones_come() {
        Bench bench;
        bench.show();
        bench.finish(bench.live_uuid());
        QVERIFY(!bench.panel->is_stale());
        QCOMPARE(bench.panel->images()->images().size(), std::size_t(2));
        QVERIFY(!bench.panel->images()->images()[1].stale);
        bench.form().edit("guidance", 6.0);
        QVERIFY(bench.panel->is_stale());
        QVERIFY(bench.panel->images()->images()[1].stale);
        QCOMPARE(bench.context.docks["cost"].hint, QStringLiteral("stale"));
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.last("delta_cache.sample").request.params["guidance"].get<double>() == 6.0, 60'000);
        const std::string newer = bench.live_uuid();
        bench.stream(newer, 0, 8, 0.1);
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->is_drawn(), 60'000);
        QVERIFY(!bench.panel->images()->images()[1].stale);
        QVERIFY(bench.panel->images()->images()[1].note.contains("step 8 of 20"));
        bench.finish(newer, 30.7, 0.1);
        auto* quality = bench.context.docks["cost"].content->findChild<SimpleTable*>();
        QCOMPARE(quality->item(0, 1)->text(), QStringLiteral("30.7 dB"));
        QCOMPARE(quality->item(0, 2)->text(), QStringLiteral("−1.1"));
        QCOMPARE(bench.panel->schedule()->plot()->curves().size(), 2);   // this and, dotted, the last
        QCOMPARE(static_cast<delta_cache::HistoryView*>(bench.context.docks["history"].content)->count(), 2);
        // Events of a run that was replaced change nothing.
        bench.context.play("another", event::ArtifactMade{picture("image.variant", 0, 1, 0.5)});
        QCOMPARE(QString::fromStdString(newer), bench.panel->result()->uuid);
    }

    void a_run_that_is_cut_off_stays_and_is_asked_again() {
        Bench bench;
        bench.show();
        const std::string first = bench.live_uuid();
        bench.finish(first);
        bench.form().edit("guidance", 6.0);
        QTRY_VERIFY_WITH_TIMEOUT(bench.live_uuid() != first, 60'000);
        const std::string lost = bench.live_uuid();
        bench.stream(lost, 0, 8, 0.1);
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->images()->images()[1].note.contains("streaming"), 60'000);
        Q_EMIT bench.context.run_ended(QString::fromStdString(lost), RunState::interrupted);   // the engine was killed
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->images()->images()[1].note.contains("stopped at step 8 of 20"), 60'000);
        QVERIFY(!bench.panel->images()->images()[1].data.is_null());
        const int asked = bench.context.count("delta_cache.sample");
        Q_EMIT bench.context.catalogue_changed();   // it is back, and describes the model again
        bench.context.play(bench.context.last("delta_cache.describe").request.uuid, event::Finished{0.1, {{"model", facts()}, {"macs_block", 1e7}, {"macs_outside", 1e6}}});
        QCOMPARE(bench.context.count("delta_cache.sample"), asked + 1);
        bench.finish(bench.live_uuid());
        QVERIFY(bench.panel->result()->finished);
    }

    void the_first_picture_is_shown_at_once() {
        Bench bench;
        bench.show();
        bench.stream(bench.live_uuid(), 0, 1);
        QCOMPARE(bench.panel->images()->images().size(), std::size_t(2));   // without a turn of the event loop
        bench.stream(bench.live_uuid(), 1, 20);
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->images()->images()[1].note.contains("step 20 of 20"), 60'000);   // and none of the later ones is forgotten
        for (int step = 0; step < 20; ++step) QVERIFY(bench.map().has_preview(step));
    }

    void live_off_waits_for_run() {
        Bench bench;
        bench.finish(bench.live_uuid());
        Q_EMIT bench.context.live_toggled(false);
        const int asked = bench.context.count("delta_cache.sample");
        bench.form().edit("steps", 12);
        QTest::qWait(250);
        QCOMPARE(bench.context.count("delta_cache.sample"), asked);
        QVERIFY(bench.context.docks["cost"].hint.contains("wait for Run"));
        QCOMPARE(bench.map().steps(), 12);
        Q_EMIT bench.context.run_pressed();
        QCOMPARE(bench.context.count("delta_cache.sample"), asked + 1);
        QCOMPARE(bench.context.last("delta_cache.sample").request.lane, Lane::batch);
        QVERIFY(bench.context.last("delta_cache.sample").live_key.isEmpty());
    }

    void a_cell_shows_its_step_everywhere() {
        Bench bench;
        bench.show();
        bench.finish(bench.live_uuid());
        QSignalSpy chosen(bench.panel->schedule(), &delta_cache::ScheduleView::step_chosen);
        Q_EMIT bench.map().step_chosen(13);
        QCOMPARE(bench.map().current_step(), 13);
        QCOMPARE(bench.panel->images()->step(), 13);
        const ImageData shown = bench.panel->images()->images()[1].data;
        QCOMPARE(shown.at(3, 3, 0), ImageData::from_artifact(picture("variant.step", 13, 20, 0.06)).at(3, 3, 0));
        bench.panel->images()->setFocus();
        QTest::keyClick(bench.panel->images(), Qt::Key_BracketLeft);
        QCOMPARE(bench.map().current_step(), 12);
        QTest::keyClick(bench.panel->images(), Qt::Key_End);
        QCOMPARE(bench.map().current_step(), 19);
    }

    void a_target_sets_the_number_of_blocks() {
        Bench bench;
        auto* field = named<NumberField>(*bench.window, "Target speed-up");
        bench.form().edit("cache.count", 4);
        Q_EMIT field->value_edited(1.6);
        QCOMPARE(bench.form().values()["cache.count"].get<int>(), 9);
        bench.context.undo.undo();
        QCOMPARE(bench.form().values()["cache.count"].get<int>(), 4);
    }

    void the_study_fills_the_map_of_roles() {
        Bench bench;
        bench.show();
        auto* roles = static_cast<delta_cache::RolesView*>(bench.context.docks["roles"].content);
        Q_EMIT roles->study_requested();
        const auto study = bench.context.last("delta_cache.study");
        QCOMPARE(study.request.lane, Lane::batch);
        Artifact table;
        table.key = "roles";
        table.kind = "table";
        std::string csv = "first_block,end_block,outline_error,texture_error,detail_error,rel_l2,images\r\n";
        for (int w = 0; w < 10; ++w) csv += std::to_string(w) + "," + std::to_string(w + 3) + "," + std::to_string(0.14 - 0.012 * w) + ",0.05," + std::to_string(0.02 + 0.011 * w) + ",0.1,64\r\n";
        table.bytes = std::make_shared<const std::string>(csv);
        bench.context.play(study.request.uuid, event::ArtifactMade{table});
        QVERIFY(roles->has_roles());
        QVERIFY(roles->heat_map()->as_csv().contains("Outline,14,"));
        Q_EMIT bench.context.run_ended(QString::fromStdString(study.request.uuid), RunState::finished);
        Q_EMIT roles->heat_map()->clicked(0, 2);
        QCOMPARE(bench.form().values()["cache.range"], Json({2, 5}));
        table.bytes = std::make_shared<const std::string>("nothing");
        Q_EMIT roles->study_requested();
        bench.context.play(bench.context.last("delta_cache.study").request.uuid, event::ArtifactMade{table});
        QVERIFY(bench.context.messages.last().contains("The study cannot be shown."));
    }

    void failures_say_which_field() {
        Bench bench;
        bench.finish(bench.live_uuid());
        bench.form().edit("guidance", 19.0);
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.last("delta_cache.sample").request.params["guidance"].get<double>() == 19.0, 60'000);
        bench.context.play(bench.live_uuid(), event::Failed{ErrorCode::invalid_value, "The image holds NaN.", "guidance 19", "Lower it."});
        QVERIFY(bench.context.messages.last().startsWith("err|The image holds NaN.|guidance 19"));
        QVERIFY(bench.form().has_errors());
        QVERIFY(bench.panel->result() && bench.panel->result()->finished);   // the last good content stays
    }

    void history_pins_and_takes_back() {
        Bench bench;
        bench.show();
        const std::string first = bench.live_uuid();
        bench.finish(first);
        bench.form().edit("guidance", 2.0);
        QTRY_VERIFY_WITH_TIMEOUT(bench.live_uuid() != first, 60'000);
        bench.finish(bench.live_uuid(), 29);
        auto* history = static_cast<delta_cache::HistoryView*>(bench.context.docks["history"].content);
        Q_EMIT history->chosen(QString::fromStdString(first));
        QCOMPARE(bench.form().values()["guidance"].get<double>(), 4.0);
        QCOMPARE(bench.panel->result()->uuid, QString::fromStdString(first));
        Q_EMIT history->pin_requested();
        QCOMPARE(bench.context.pinned, QStringList{QString::fromStdString(first)});
    }

    void state_and_runs_come_back() {
        Json saved;
        {
            Bench bench;
            bench.form().edit("seed", 777);
            static_cast<delta_cache::HistoryView*>(bench.context.docks["history"].content)->set_note("see step 16");
            QTRY_VERIFY_WITH_TIMEOUT(bench.context.state.is_object(), 60'000);
            bench.form().edit("seed", 778);
            QTRY_VERIFY_WITH_TIMEOUT(bench.context.state["params"]["seed"] == 778, 60'000);
            saved = bench.context.state;
        }
        QCOMPARE(saved["version"].get<int>(), 1);
        Bench bench(false);
        bench.context.state = saved;
        Q_EMIT bench.context.project_changed();
        QCOMPARE(bench.form().values()["seed"].get<int>(), 778);
        QCOMPARE(static_cast<delta_cache::HistoryView*>(bench.context.docks["history"].content)->note(), QStringLiteral("see step 16"));
        Json params = bench.form().values();
        params["seed"] = 5;
        bench.context.recorded << PanelRun{"run-5", 5, "Fifth", "delta_cache.sample", RunState::finished, params, summary(30.1, 1.5), {}, {}};
        bench.context.recorded_artifacts["run-5"] = {picture("image.reference", 0, 1, 0), picture("image.variant", 0, 1, 0.05), picture("variant.step", 3, 20, 0.05)};
        bench.context.recorded_series["run-5/deviation.rel_l2"] = {{0, 0.01}, {1, 0.02}};
        Q_EMIT bench.context.restore_run("run-5");
        QTRY_COMPARE_WITH_TIMEOUT(bench.form().values()["seed"].get<int>(), 5, 60'000);
        QCOMPARE(bench.panel->result()->deviation.size(), 2);
        QCOMPARE(bench.context.docks["cost"].content->findChild<SimpleTable*>()->item(0, 1)->text(), QStringLiteral("30.1 dB"));
        QCOMPARE(bench.panel->images()->images().size(), std::size_t(2));
        bench.context.state = "broken";
        Q_EMIT bench.context.project_changed();
        QCOMPARE(bench.form().values()["seed"].get<int>(), 5);
    }

    void taps_are_sections_of_the_form() {
        const std::string on = "tap.quantization.fake_quant", bits = on + ".weight_bits", others = on + ".activation_bits";
        Bench bench;
        bench.show();
        QVERIFY(!bench.form().values().contains(on));
        bench.context.methods.taps = {{"quantization.fake_quant", "Quantization (simulated)", "Puts values on a grid.",
            {Parameter::integer("weight_bits", 8).range(0, 16).with_label("Weight bits").is_live(), Parameter::integer("activation_bits", 8).range(0, "$param.weight_bits").with_label("Activation bits").is_live()}}};
        Q_EMIT bench.context.catalogue_changed();
        QCOMPARE(bench.form().values()[on], Json(false));
        ParameterGroup* section = nullptr;
        for (ParameterGroup* group : bench.form().findChildren<ParameterGroup*>())
            if (group->name() == u"Quantization (simulated)") section = group;
        QVERIFY(section && section->is_folded());
        section->set_folded(false);
        QVERIFY(section->isVisible());

        const std::string plain = bench.asked_by([&] { bench.form().edit("seed", 41); });
        QVERIFY(bench.context.last("delta_cache.sample").request.taps.empty());
        bench.finish(plain);
        const std::string quantized = bench.asked_by([&] { bench.form().edit(QString::fromStdString(on), true); });
        QVERIFY(bench.panel->is_stale());
        auto taps = bench.context.last("delta_cache.sample").request.taps;
        QCOMPARE(taps.size(), std::size_t{1});
        QCOMPARE(taps[0].id, std::string("quantization.fake_quant"));
        QCOMPARE(taps[0].params, (Json{{"weight_bits", 8}, {"activation_bits", 8}}));
        QVERIFY(!bench.context.last("delta_cache.sample").request.params.contains(on));
        bench.finish(quantized);
        QVERIFY(!bench.panel->is_stale());
        bench.form().ensureWidgetVisible(section);
        QVERIFY(save_pictures(*bench.window, "delta-cache-tap"));
        bench.asked_by([&] { bench.form().edit(QString::fromStdString(bits), 4); });
        QCOMPARE(bench.context.last("delta_cache.sample").request.taps[0].params, (Json{{"weight_bits", 4}, {"activation_bits", 4}}));   // its limit is the tap's own parameter
        bench.context.undo.undo();
        QCOMPARE(bench.form().values()[bits], Json(8));
        bench.context.undo.undo();
        QCOMPARE(bench.form().values()[on], Json(false));
        bench.context.undo.redo();
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.state["params"][on], Json(true), 60'000);   // kept with the project
        const Json saved = bench.context.state;

        bench.context.state = {{"version", 1}, {"params", {{"seed", 3}}}};   // a project from before there were taps
        Q_EMIT bench.context.project_changed();
        QCOMPARE(bench.form().values()[on], Json(false));
        bench.context.state = saved;
        Q_EMIT bench.context.project_changed();
        QCOMPARE(bench.form().values()[on], Json(true));

        Json params = bench.form().values();
        params.erase(on);
        params["seed"] = 6;
        bench.context.recorded << PanelRun{"run-6", 6, "Sixth", "delta_cache.sample", RunState::finished, params, summary(30.1, 1.5), {}, {}, Json::array({{{"id", "quantization.fake_quant"}, {"params", {{"weight_bits", 5}, {"activation_bits", 3}}}}})};
        bench.context.recorded << PanelRun{"run-7", 7, "Seventh", "delta_cache.sample", RunState::finished, params, summary(30.1, 1.5), {}, {}, {}};
        for (const char* name : {"run-6", "run-7"}) bench.context.recorded_artifacts[name] = {picture("image.reference", 0, 1, 0), picture("image.variant", 0, 1, 0.05), picture("variant.step", 3, 20, 0.05)};
        Q_EMIT bench.context.restore_run("run-6");
        QTRY_COMPARE_WITH_TIMEOUT(bench.form().values()[bits], Json(5), 60'000);
        QCOMPARE(bench.form().values()[others], Json(3));
        QCOMPARE(bench.form().values()[on], Json(true));
        Q_EMIT bench.context.restore_run("run-7");
        QTRY_COMPARE_WITH_TIMEOUT(bench.form().values()[on], Json(false), 60'000);
    }

    void it_looks_as_drawn() {
        Bench bench;
        bench.show();
        bench.finish(bench.asked_by([&] { bench.form().set_values({{"class", "Ankle boot"}}, "class"); }), 32.9, 0.05);
        the_study(bench);
        const std::string newest = bench.asked_by([&] { drag(&bench.map(), bench.cell(16, 2), bench.cell(16, 6)); });
        bench.stream(newest, 0, 14);
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->is_drawn(), 60'000);
        bench.panel->images()->pick({9, 17});
        QVERIFY(save_pictures(*bench.window, "delta-cache-streaming"));
        bench.finish(newest);
        QVERIFY(save_pictures(*bench.window, "delta-cache"));
    }

private:
    static void the_study(Bench& bench) {
        auto* roles = static_cast<delta_cache::RolesView*>(bench.context.docks["roles"].content);
        Artifact table;
        table.key = "roles";
        std::string csv = "first_block,end_block,outline_error,texture_error,detail_error,rel_l2,images\r\n";
        for (int w = 0; w < 10; ++w) csv += std::to_string(w) + "," + std::to_string(w + 3) + "," + std::to_string(0.14 - 0.012 * w) + ",0.05," + std::to_string(0.02 + 0.011 * w) + ",0.1,64\r\n";
        table.bytes = std::make_shared<const std::string>(csv);
        roles->show_roles(table);
    }
};

QTEST_MAIN(TestDeltaCachePanel)
#include "test_delta_cache_panel.moc"
