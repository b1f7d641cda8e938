// The project file: what goes in comes out, states, the bin, copies, upgrades.
#include "core/base/hash.h"
#include "core/base/process.h"
#include "core/project/redact.h"
#include "core/project/schema.h"
#include "project_fixture.h"
#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();

Schema next_schema(bool fails = false) {
    Schema next = current_schema();
    next.version = 2;
    next.statements.push_back("CREATE TABLE colour(run INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
    next.steps = {{1, "colours of runs", [fails](sql::Database& db) {
                       db.execute("CREATE TABLE colour(run INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
                       db.execute("INSERT INTO colour SELECT id, 'blue' FROM run");
                       if (fails)
                           throw Error(ErrorCode::io, "the step failed on purpose");
                   }}};
    return next;
}

}

class TestProject : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void a_run_goes_in_and_comes_out() {
        Folder folder;
        const auto file = folder / "a.lathe";
        RunId run = 0;
        std::string uuid;
        {
            auto project = Project::create(file);
            QVERIFY(project->read_only_reason().empty());
            AssetRow asset;
            asset.sha256 = sha256_hex("weights");
            asset.kind = "model";
            asset.name = "dit.safetensors";
            asset.rel_path = (folder / "dit.safetensors").string();
            asset.size = 7;
            project->add_asset(asset);
            auto asked = request("demo.sample", {{"steps", 20}, {"cache", {{"range", {0, 21}}, {"on", true}}}, {"policy", "delta"}});
            asked.assets = {{"model", asset.sha256}};
            asked.taps = {{"demo.tap", {{"bits", 8}}}};
            asked.seed = (std::int64_t{1} << 53) - 1;
            asked.threads = 3;
            uuid = asked.uuid;
            run = project->add_run(asked, "first", "engine 1");
            const std::vector<RunEvent> events = {event_of(1, event::Started{{{"cpu", "x"}}}), event_of(2, event::Progress{1, 2, "half"}), points(3, "loss", 0, {1, kNan, kInf, -3}),
                artifact(4, "note", "hello"), event_of(5, event::LogLine{"info", "line"}), event_of(6, event::Finished{1.5, {{"speedup", 1.4}}})};
            project->record(run, events);
            project->set_tags(run, {"paper", "best"});
            project->set_notes(run, "good");
            project->set_pinned(run, true);
        }
        QCOMPARE(files_of(folder, "a.lathe"), QStringList{"a.lathe"});

        auto project = Project::open(file);
        auto reader = project->reader();
        const auto row = reader->run(run);
        QCOMPARE(row.uuid, uuid);
        QCOMPARE(row.state, RunState::finished);
        QCOMPARE(row.seed, (std::int64_t{1} << 53) - 1);
        QCOMPARE(row.tags, (std::vector<std::string>{"best", "paper"}));
        QCOMPARE(row.notes, std::string("good"));
        QVERIFY(row.pinned && row.created > 0 && row.started >= row.created && row.finished >= row.started && row.damage.empty());
        QCOMPARE(row.environment["cpu"], Json("x"));
        QCOMPARE(row.environment["summary"]["speedup"], Json(1.4));
        const auto again = row.request();
        QVERIFY(again.uuid != uuid);
        QCOMPARE(again.params, (Json{{"steps", 20}, {"cache", {{"range", {0, 21}}, {"on", true}}}, {"policy", "delta"}}));
        QCOMPARE(again.threads, 3);
        QCOMPARE(again.taps.at(0).params["bits"], Json(8));
        QCOMPARE(again.assets.at(0).role, std::string("model"));

        const auto series = reader->series(run, "loss");
        QCOMPARE(series.step, (std::vector<double>{0, 1, 2, 3}));
        QCOMPARE(series.time[2], 1.0);
        QVERIFY(series.value[0] == 1 && std::isnan(series.value[1]) && std::isinf(series.value[2]) && series.value[3] == -3);
        const auto summary = reader->metrics(run).at(0);
        QVERIFY(summary.key == "loss" && summary.last == -3 && summary.min == -3 && summary.max == kInf && summary.n == 4);
        const auto made = reader->artifacts(run).at(0);
        QCOMPARE(reader->artifact_bytes(made.id), std::string("hello"));
        QCOMPARE(reader->log(run).at(0).text, std::string("line"));
        QCOMPARE(reader->assets_of(run).at(0).second.rel_path, std::string("dit.safetensors"));
        QCOMPARE(reader->find_run(uuid.substr(0, 8)), std::optional(run));
        QCOMPARE(reader->find_run("#" + std::to_string(run)), std::optional(run));
        QCOMPARE(reader->find_run("nothing like it"), std::optional<RunId>());
        QCOMPARE(reader->parameter_paths(), (std::vector<std::string>{"cache.on", "cache.range", "policy", "steps"}));
        project->check();
    }

    void points_written_again_replace_the_old_ones() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        const RunId run = project->add_run(request(), "", "");
        project->set_state(run, RunState::running);
        project->set_metric_info("loss", "nat", "lower");
        record_one(*project, run, points(1, "loss", 0, {9, 8, 7}));
        record_one(*project, run, points(2, "loss", 1, {1, 2, kNan}));
        const auto summary = project->reader()->metrics(run).at(0);
        QCOMPARE(summary.n, 4);
        QVERIFY(summary.min == 1 && summary.max == 9 && std::isnan(summary.last));
        QVERIFY(summary.unit == "nat" && summary.better == "lower");
        QVERIFY(project->reader()->series(run, "loss").value[1] == 1);
        const auto error = error_of([&] { record_one(*project, run, event_of(3, event::Metrics{{"loss"}, {{5, 0, 0, 0}}})); });
        QCOMPARE(error.code(), ErrorCode::invalid_value);
    }

    void long_series_keep_their_peaks() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        const RunId run = project->add_run(request(), "", "");
        project->set_state(run, RunState::running);
        std::vector<double> values(10'000);
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = std::sin(0.01 * static_cast<double>(i));
        values[4321] = 100;
        values[8765] = -100;
        record_one(*project, run, points(1, "x", 0, values));
        const auto series = project->reader()->series(run, "x", 500);
        QVERIFY(series.step.size() <= 500 && series.step.size() > 400);
        QVERIFY(std::ranges::find(series.value, 100) != series.value.end() && std::ranges::find(series.value, -100) != series.value.end());
        QVERIFY(std::ranges::is_sorted(series.step));
    }

    void every_legal_transition_and_no_other() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        const std::vector<RunState> states = {RunState::queued, RunState::running, RunState::paused, RunState::finished, RunState::failed, RunState::cancelled, RunState::interrupted};
        for (const auto to : states) {
            const RunId run = project->add_run(request(), "", "");
            if (to == RunState::queued || is_legal(RunState::queued, to)) {
                project->set_state(run, to);
                QCOMPARE(project->reader()->run(run).state, to);
            } else {
                QCOMPARE(error_of([&] { project->set_state(run, to); }).code(), ErrorCode::internal);
            }
        }
        for (const auto to : states) {
            const RunId run = project->add_run(request(), "", "");
            project->set_state(run, RunState::running);
            if (to == RunState::running || is_legal(RunState::running, to))
                project->set_state(run, to, {{"what", "why"}});
            else
                QCOMPARE(error_of([&] { project->set_state(run, to); }).code(), ErrorCode::internal);
            if (is_terminal(to))
                QCOMPARE(error_of([&] { project->set_state(run, RunState::running); }).code(), ErrorCode::internal);
        }
        QCOMPARE(error_of([&] { project->set_state(999, RunState::running); }).code(), ErrorCode::not_found);
    }

    void events_after_the_end_are_ignored() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        const RunId run = project->add_run(request(), "", "");
        // Refused before it started.
        record_one(*project, run, event_of(1, event::Failed{ErrorCode::invalid_value, "wrong", "steps", "choose another"}));
        record_one(*project, run, points(2, "loss", 0, {1}));
        record_one(*project, run, event_of(3, event::Finished{}));
        const auto row = project->reader()->run(run);
        QCOMPARE(row.state, RunState::failed);
        QCOMPARE(row.error["hint"], Json("choose another"));
        QVERIFY(project->reader()->metrics(run).empty());
    }

    void large_artifacts_are_cut_into_chunks() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        const RunId run = project->add_run(request(), "", "");
        project->set_state(run, RunState::running);
        std::string large(20u << 20, 'a');
        for (std::size_t i = 0; i < large.size(); i += 997)
            large[i] = static_cast<char>(i);
        record_one(*project, run, artifact(1, "big", large));
        auto checkpoint = std::make_shared<const std::string>(std::string(9u << 20, 'c'));
        record_one(*project, run, event_of(2, event::Checkpoint{checkpoint}));
        record_one(*project, run, event_of(3, event::Checkpoint{std::make_shared<const std::string>("newer")}));
        auto reader = project->reader();
        const auto artifacts = reader->artifacts(run);
        QCOMPARE(artifacts.size(), std::size_t{2});
        QCOMPARE(reader->artifact_bytes(artifacts[0].id) == large, true);
        QCOMPARE(artifacts[1].kind, std::string("state"));
        QCOMPARE(reader->artifact_bytes(artifacts[1].id), std::string("newer"));
        // The old checkpoint's chunks are gone, and no chunk is too large.
        sql::Database db(folder / "a.lathe", sql::Access::query);
        QCOMPARE(db.integer("SELECT count(*) FROM chunk"), 4);
        QVERIFY(db.integer("SELECT max(length(bytes)) FROM chunk") <= 8 << 20);
        QCOMPARE(db.integer("SELECT count(*) FROM artifact"), 2);

        Artifact raw;
        raw.key = "image";
        raw.kind = "image";
        raw.media = "raw/u8";
        raw.bytes = checkpoint;
        QCOMPARE(error_of([&] { record_one(*project, run, event_of(4, event::ArtifactMade{raw})); }).code(), ErrorCode::internal);
    }

    void the_bin_and_live_runs() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        std::vector<RunId> runs;
        for (int i = 0; i < 8; ++i) {
            auto asked = request();
            asked.lane = i < 5 ? Lane::live : Lane::batch;
            runs.push_back(project->add_run(asked, "run", ""));
            project->set_state(runs.back(), RunState::running);
            record_one(*project, runs.back(), points(1, "m", 0, std::vector<double>(30'000, 1.0)));
            record_one(*project, runs.back(), artifact(2, "a", std::string(1000, 'x')));
            if (i != 7)
                record_one(*project, runs.back(), event_of(3, event::Finished{}));
        }
        auto reader = project->reader();
        QCOMPARE(error_of([&] { project->move_to_bin(std::span(&runs[7], 1)); }).code(), ErrorCode::busy);
        project->move_to_bin(std::span(&runs[5], 2));
        RunQuery bin;
        bin.bin = true;
        QCOMPARE(reader->count_runs(bin), 2);
        QCOMPARE(reader->count_runs({}), 6);
        project->restore_from_bin(std::span(&runs[5], 1));
        QCOMPARE(reader->count_runs(bin), 1);
        QVERIFY(project->storage().bin_bytes > 1000);
        project->empty_bin();
        QCOMPARE(reader->count_runs(bin), 0);
        QCOMPARE(error_of([&] { reader->run(runs[6]); }).code(), ErrorCode::not_found);
        QVERIFY(reader->metrics(runs[6]).empty() && reader->series(runs[6], "m").step.empty() && reader->artifacts(runs[6]).empty());

        project->set_pinned(runs[0], true);
        QCOMPARE(reader->live_beyond(2), (std::vector<RunId>{runs[2], runs[1]}));
        project->trim_live(2);
        RunQuery live;
        live.lane = Lane::live;
        QCOMPARE(reader->count_runs(live), 3);
        project->trim_live(50, 0);
        QCOMPARE(reader->count_runs(live), 1);
        const auto before = project->storage();
        QVERIFY(before.free_bytes > 0 && before.live_bytes == 0);
        record_one(*project, runs[7], event_of(3, event::Finished{}));
        project->compact();
        QCOMPARE(project->storage().free_bytes, 0);
        QCOMPARE(reader->count_runs({}), 3);
    }

    void everything_else_that_is_kept() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        auto reader = project->reader();
        project->set_meta("title", "Study");
        project->set_panel_state("delta_cache", 2, {{"n", 3}});
        project->add_snapshot("before", {{"x", 1}});
        const SweepId sweep = project->add_sweep({{"axes", {"n=2,3"}}}, {{{"n", 2}}, {{"n", 3}}});
        const RunId run = project->add_run(request(), "", "", {}, sweep);
        project->set_sweep_cell(sweep, 0, run, "finished");
        project->set_sweep_cell(sweep, 1, run, "failed");
        QCOMPARE(reader->meta("title"), std::string("Study"));
        QCOMPARE(reader->meta("none"), std::string());
        QCOMPARE(reader->panel_state("delta_cache"), (std::optional(std::pair(2, Json{{"n", 3}}))));
        QVERIFY(!reader->panel_state("other"));
        QCOMPARE(reader->snapshots().at(0).name, std::string("before"));
        const auto row = reader->sweeps().at(0);
        QVERIFY(row.total == 2 && row.done == 1 && row.failed == 1 && row.state == "finished");
        QCOMPARE(error_of([&] { project->set_sweep_cell(sweep, 7, run, "failed"); }).code(), ErrorCode::not_found);
    }

    void data_version_rises_with_every_commit() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        auto reader = project->reader();
        const auto seen = reader->data_version(), mine = project->data_version();
        project->set_meta("a", "b");
        QVERIFY(reader->data_version() != seen);
        QVERIFY(project->data_version() > mine);
        auto other = Project::open(folder / "a.lathe");
        const auto before = project->data_version();
        other->set_meta("a", "c");
        QVERIFY(project->data_version() > before);
    }

    void revert_brings_back_the_state_at_opening_data() {
        QTest::addColumn<int>("points_written");
        QTest::newRow("little was written: held in the WAL") << 1000;
        QTest::newRow("much was written: copied to the cache folder") << 3'000'000;
    }
    void revert_brings_back_the_state_at_opening() {
        QFETCH(int, points_written);
        Folder folder;
        const auto file = folder / "a.lathe";
        RunId run = 0;
        {
            auto project = Project::create(file);
            run = project->add_run(request(), "old", "");
            project->set_state(run, RunState::cancelled);
        }
        auto project = Project::open(file);
        auto reader = project->reader();
        project->revert_to_as_opened();   // nothing was written: nothing happens
        project->set_title(run, "new");
        const RunId added = project->add_run(request(), "added", "");
        project->set_state(added, RunState::running);
        QCOMPARE(error_of([&] { project->revert_to_as_opened(); }).code(), ErrorCode::busy);
        for (int first = 0; first < points_written; first += 20'000)
            record_one(*project, added, points(1, "m", first, std::vector<double>(static_cast<std::size_t>(std::min(20'000, points_written)), 0.5)));
        project->set_state(added, RunState::finished);
        project->move_to_bin(std::span(&run, 1));
        for (int round = 0; round < 2; ++round) {   // more than once
            project->revert_to_as_opened();
            QCOMPARE(reader->count_runs({}), 1);
            QCOMPARE(reader->run(run).title, std::string("old"));
            QVERIFY(reader->metrics(added).empty());
            project->set_title(run, "new again");
            record_one(*project, project->add_run(request(), "x", ""), event_of(1, event::Cancelled{}));
        }
        project->check();
        {
            auto other = Project::open(file);
            const auto error = error_of([&] { project->revert_to_as_opened(); });
            QCOMPARE(error.code(), ErrorCode::busy);
        }
        reader.reset();
        project.reset();
        QCOMPARE(files_of(folder, "a.lathe"), QStringList{"a.lathe"});
    }

    void share_strips_what_is_private() {
        Folder folder;
        const auto model = folder / "model.bin";
        write_bytes(model, std::string(9u << 20, 'w'));
        auto project = Project::create(folder / "a.lathe");
        AssetRow asset;
        asset.sha256 = sha256_file(model);
        asset.kind = "model";
        asset.name = "model.bin";
        asset.rel_path = model.string();
        const AssetId asset_id = project->add_asset(asset);
        const std::string secret = "/home/somebody/secret place/data.npz";
        const RunId run = project->add_run(request("demo.run", {{"file", secret}, {"steps", 4}}), "t", "");
        project->record(run, std::vector<RunEvent>{event_of(1, event::Started{{{"host", "workstation-of-bob"}, {"user", "bob"}, {"data", "at " + secret}, {"cpu", "Zen"}}}),
                                 event_of(2, event::LogLine{"info", "log of bob"}), event_of(3, event::Finished{})});
        const RunId binned = project->add_run(request(), "run that was thrown away", "");
        record_one(*project, binned, event_of(1, event::Cancelled{}));
        project->move_to_bin(std::span(&binned, 1));
        project->set_meta("undo", "what bob did");
        double last = 0;
        project->share(folder / "shared.lathe", true, [&](double done) { last = done; return true; });
        QCOMPARE(last, 1.0);
        const std::string bytes = bytes_of(folder / "shared.lathe");
        for (const char* word : {"somebody", "secret place", "bob", "thrown away"})
            QVERIFY2(bytes.find(word) == std::string::npos, word);
        QVERIFY(bytes.find(this_process().boot_id) == std::string::npos);
        QCOMPARE(files_of(folder, "shared.lathe"), QStringList{"shared.lathe"});

        ProjectReader shared(folder / "shared.lathe");
        QCOMPARE(shared.count_runs({}), 1);
        QCOMPARE(shared.run(run).params["file"], Json("data.npz"));
        QCOMPARE(shared.run(run).environment["cpu"], Json("Zen"));
        QVERIFY(shared.log(run).empty());
        QVERIFY(shared.extract_asset(asset_id, folder / "out.bin"));
        QVERIFY(bytes_of(folder / "out.bin") == bytes_of(model));
        QVERIFY(!project->reader()->extract_asset(asset_id, folder / "out2.bin"));

        // Cancelled: nothing is left behind, and the file that was there stays.
        QCOMPARE(error_of([&] { project->share(folder / "shared.lathe", false, [](double) { return false; }); }).code(), ErrorCode::cancelled);
        QVERIFY(bytes_of(folder / "shared.lathe") == bytes);
        QCOMPARE(files_of(folder, "shared.lathe"), QStringList{"shared.lathe"});
        std::filesystem::remove(model);
        QCOMPARE(error_of([&] { project->share(folder / "b.lathe", true); }).code(), ErrorCode::not_found);
        QCOMPARE(error_of([&] { project->share(folder / "a.lathe", false); }).code(), ErrorCode::invalid_value);
        QCOMPARE(error_of([&] { project->share(folder.path() / "none" / "b.lathe", false); }).code(), ErrorCode::io);

        project->save_copy(folder / "copy.lathe");
        auto copy = Project::open(folder / "copy.lathe");
        QCOMPARE(copy->reader()->log(run).size(), std::size_t{1});
        QCOMPARE(copy->reader()->run(run).params["file"], Json(secret));
    }

    void redaction() {
        QCOMPARE(redact("/home/x/my models/a.pt"), std::string("a.pt"));
        QCOMPARE(redact("no file \"/home/x/a.pt\" here"), std::string("no file \"a.pt\" here"));
        QCOMPARE(redact("in /home/x/my models/a.pt (gone)"), std::string("in a.pt (gone)"));
        QCOMPARE(redact("and/or 1 / 2 /3 a/b/c https://example.org/a/b"), std::string("and/or 1 / 2 /3 a/b/c https://example.org/a/b"));
        QCOMPARE(redact("cannot read /one dir/x y: gone"), std::string("cannot read x y: gone"));
        QCOMPARE(redact("from \"/home/ann lee of/old models/a.pt\" and 3 m/s"), std::string("from \"a.pt\" and 3 m/s"));
        QCOMPARE(redact("/home/ann/a.pt has 3 m/s\n"), std::string("a.pt has 3 m/s\n"));
        QCOMPARE(redact("see file:///home/x/a.pt, ~/b/c."), std::string("see a.pt, c."));
        QCOMPARE(redact(Json{{"user", "x"}, {"deep", {{"host", "y"}, {"n", 1}}}}, true), (Json{{"deep", {{"n", 1}}}}));
        QCOMPARE(redact(Json{{"user", "x"}}, false), (Json{{"user", "x"}}));
    }

    void embedding_and_relocating_assets() {
        Folder folder;
        const auto model = folder / "m.bin", other = folder / "other.bin";
        write_bytes(model, "weights");
        write_bytes(other, "something else");
        auto project = Project::create(folder / "a.lathe");
        AssetRow asset;
        asset.sha256 = sha256_file(model);
        asset.name = "m.bin";
        const AssetId id = project->add_asset(asset);
        QCOMPARE(project->add_asset(asset), id);
        QCOMPARE(error_of([&] { project->embed_asset(id, other); }).code(), ErrorCode::wrong_format);
        QCOMPARE(error_of([&] { project->relocate_asset(id, other); }).code(), ErrorCode::wrong_format);
        QCOMPARE(error_of([&] { project->relocate_asset(77, model); }).code(), ErrorCode::not_found);
        asset.sha256 = "not a hash";
        QCOMPARE(error_of([&] { project->add_asset(asset); }).code(), ErrorCode::invalid_value);
        project->relocate_asset(id, model);
        project->embed_asset(id, model);
        project->embed_asset(id, model);   // again: nothing happens
        const auto row = project->reader()->assets().at(0);
        QVERIFY(row.embedded && row.rel_path == "m.bin" && row.size == 7);
        QCOMPARE(project->storage().asset_bytes, 7);
    }

    void importing_a_run() {
        Folder folder;
        auto from = Project::create(folder / "from.lathe");
        const RunId run = from->add_run(request("demo.run", {{"n", 2}}), "imported", "engine");
        from->record(run, std::vector<RunEvent>{event_of(1, event::Started{}), points(2, "loss", 0, {3, kNan, 1}), artifact(3, "a", "bytes"), event_of(4, event::LogLine{"info", "x"})});
        from->set_tags(run, {"t"});
        auto to = Project::create(folder / "to.lathe");
        to->add_run(request(), "own", "");
        const auto reader = from->reader();
        const RunId imported = to->import_run(*reader, run);
        QCOMPARE(to->import_run(*reader, run), imported);
        const auto rows = to->reader();
        QCOMPARE(rows->run(imported).state, RunState::interrupted);   // it runs there, not here
        QCOMPARE(rows->run(imported).tags, std::vector<std::string>{"t"});
        QCOMPARE(rows->series(imported, "loss").step.size(), std::size_t{3});
        QVERIFY(rows->metrics(imported).at(0).min == 1);
        QCOMPARE(rows->artifact_bytes(rows->artifacts(imported).at(0).id), std::string("bytes"));
        QCOMPARE(rows->log(imported).size(), std::size_t{1});
        QCOMPARE(rows->count_runs(compile_query("n = 2", nullptr)), 1);
    }

    void an_older_file_is_upgraded_step_by_step() {
        Folder folder;
        const auto file = folder / "a.lathe";
        Project::create(file)->add_run(request(), "kept", "");
        const std::string old = bytes_of(file);
        {
            sql::Database db(file, sql::Access::write);
            QVERIFY(check_schema(db, next_schema()) == FileVersion::older);
            const auto error = error_of([&] { upgrade(db, next_schema(true)); });
            QCOMPARE(error.code(), ErrorCode::io);
            QVERIFY(QString(error.what()).contains("colours of runs"));
            QVERIFY(check_schema(db, current_schema()) == FileVersion::current);   // as it was
            QVERIFY(std::filesystem::exists(backup_of(file, 1)));
            upgrade(db, next_schema());
            QVERIFY(check_schema(db, next_schema()) == FileVersion::current);
            QCOMPARE(db.text("SELECT name FROM colour"), std::string("blue"));
            QCOMPARE(db.integer("SELECT count(*) FROM run WHERE title = 'kept'"), 1);
            QVERIFY(!std::filesystem::exists(backup_of(file, 1)));
        }
        // This program is the older one now.
        auto project = Project::open(file);
        QVERIFY(QString::fromStdString(project->read_only_reason()).contains("newer version"));
        QCOMPARE(project->reader()->count_runs({}), 1);
        QCOMPARE(error_of([&] { project->set_meta("a", "b"); }).code(), ErrorCode::io);
        // A chain with a missing step is refused.
        Schema far = next_schema();
        far.version = 3;
        sql::Database db(file, sql::Access::query);
        QCOMPARE(error_of([&] { check_schema(db, far); }).code(), ErrorCode::version);
    }

    void the_writer_thread() {
        Folder folder;
        auto project = Project::create(folder / "a.lathe");
        const RunId run = project->add_run(request(), "", ""), other = project->add_run(request(), "", "");
        std::mutex mutex;
        std::map<RunId, std::uint64_t> safe;
        std::vector<Error> failures;
        const auto committed = [&](RunId id, std::uint64_t seq) {
            const std::lock_guard lock(mutex);
            QVERIFY(seq >= safe[id]);
            safe[id] = seq;
        };
        const auto failed = [&](const Error& error) {
            const std::lock_guard lock(mutex);
            failures.push_back(error);
        };
        const auto encode = [](Artifact& made) {
            if (made.key == "broken")
                throw Error(ErrorCode::unsupported, "cannot be encoded");
            made.media = "text/plain";
            made.bytes = std::make_shared<const std::string>("encoded " + *made.bytes);
        };
        {
            RunWriter writer(*project, committed, failed, encode);
            writer.add(run, event_of(1, event::Started{}));
            writer.add(other, event_of(1, event::Started{}));
            writer.add(run, points(2, "m", 0, std::vector<double>(50'000, 2.0)));
            writer.add(run, artifact(3, "a", "x"));
            writer.add(run, artifact(4, "broken", "x"));
            writer.add(12345, points(1, "m", 0, {1}));   // a run that is not there
            writer.flush();
            {
                const std::lock_guard lock(mutex);
                QVERIFY(safe[run] == 4 && safe[other] == 1 && safe[12345] == 0);
                QCOMPARE(failures.size(), std::size_t{2});
            }
            QCOMPARE(project->reader()->metrics(run).at(0).n, 50'000);
            writer.add(run, event_of(5, event::Finished{}));
            writer.add(other, points(2, "m", 0, {1}));
        }   // commits what is queued
        QVERIFY(safe[run] == 5 && safe[other] == 2);
        auto reader = project->reader();
        QCOMPARE(reader->run(run).state, RunState::finished);
        QCOMPARE(reader->artifact_bytes(reader->artifacts(run).at(0).id), std::string("encoded x"));
        QVERIFY(QString::fromStdString(reader->log(run).at(0).text).contains("broken"));
    }

    void creating_where_it_cannot_be() {
        Folder folder;
        write_bytes(folder / "there.lathe", "something");
        QCOMPARE(error_of([&] { Project::create(folder / "there.lathe"); }).code(), ErrorCode::io);
        QCOMPARE(bytes_of(folder / "there.lathe"), std::string("something"));
        QCOMPARE(error_of([&] { Project::create(folder.path() / "no" / "a.lathe"); }).code(), ErrorCode::io);
        QCOMPARE(error_of([&] { Project::open(folder / "none.lathe"); }).code(), ErrorCode::not_found);
        QCOMPARE(error_of([&] { Project::open(folder.path()); }).code(), ErrorCode::wrong_format);
        const auto odd = folder / "100% #1? ü.lathe";
        Project::create(odd)->set_meta("a", "b");
        QCOMPARE(Project::open(odd, OpenMode::read_only)->reader()->meta("a"), std::string("b"));
    }
};

QTEST_GUILESS_MAIN(TestProject)
#include "test_project.moc"
