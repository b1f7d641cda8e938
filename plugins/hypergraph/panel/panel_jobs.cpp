// The layout, and what is asked for by a button: each method at most once at a time, shown as it comes in its own place.
#include "plugins/hypergraph/panel/build_row.h"
#include "plugins/hypergraph/panel/compare_view.h"
#include "plugins/hypergraph/panel/embedding_view.h"
#include "plugins/hypergraph/panel/graph_pane.h"
#include "plugins/hypergraph/panel/panel.h"
#include "plugins/hypergraph/panel/source_bar.h"
#include "plugins/hypergraph/panel/statistics_view.h"
#include "viewers/graph_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/kept_view.h"
#include "widgets/parameter_form.h"
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QStandardPaths>
#include <algorithm>

namespace lathe::hypergraph {
namespace {

const QString kLayout = QStringLiteral("hypergraph.layout"), kStatistics = QStringLiteral("hypergraph.statistics"), kEmbed = QStringLiteral("hypergraph.embed"), kCompare = QStringLiteral("hypergraph.compare"),
              kExplain = QStringLiteral("hypergraph.explain"), kExport = QStringLiteral("hypergraph.export"), kBuild = QStringLiteral("hypergraph.build");

std::pair<std::vector<float>, std::vector<float>> places_of(const Artifact& artifact, std::int64_t nodes) {
    const std::vector<float> both = floats_of(artifact, nodes, 2);
    std::pair<std::vector<float>, std::vector<float>> out;
    for (std::size_t i = 0; i + 1 < both.size(); i += 2) {
        out.first.push_back(both[i]);
        out.second.push_back(both[i + 1]);
    }
    return out;
}

struct ExportFormat {
    const char* id;
    QString filter, suffix;                                // of the dialog; without the dot
};

/// All that hypergraph.export writes. Two share an ending: the first of them is taken where only the ending is known.
QList<ExportFormat> export_formats() {
    return {{"hif", Panel::tr("HIF (*.json)"), QStringLiteral("json")}, {"graphml", Panel::tr("GraphML (*.graphml)"), QStringLiteral("graphml")}, {"csv", Panel::tr("Folder of CSV tables (*.csv)"), QStringLiteral("csv")},
        {"safetensors", Panel::tr("Tensors (*.safetensors)"), QStringLiteral("safetensors")}, {"mtx_incidence", Panel::tr("MatrixMarket, incidence (*.mtx)"), QStringLiteral("mtx")},
        {"mtx_adjacency", Panel::tr("MatrixMarket, adjacency of the simple edges (*.mtx)"), QStringLiteral("mtx")}, {"hgr", Panel::tr("hMETIS (*.hgr)"), QStringLiteral("hgr")},
        {"positions", Panel::tr("Positions as on the screen (*.csv)"), QStringLiteral("csv")}};
}

/// How a file is written, by its ending; one without is a folder.
QString format_of(const QString& file) {
    const QString suffix = QFileInfo(file).suffix().toLower();
    if (suffix.isEmpty()) return QStringLiteral("csv");
    for (const ExportFormat& format : export_formats())
        if (format.suffix == suffix) return QString::fromLatin1(format.id);
    return QStringLiteral("hif");
}

}

// --- layout

/// While it runs: stops it. live: nothing was asked for, so it is no run of the project.
void Panel::start_layout(bool live) {
    if (!m_layout.isEmpty()) {
        m_context.cancel(m_layout);
        if (!live) return;
    }
    if (!m_graph || !m_context.catalogue().find("hypergraph.layout")) {
        if (!live) m_context.show_message(QStringLiteral("warn"), m_graph ? tr("This engine does not know hypergraph.layout.") : tr("There is no graph to lay out."), {}, m_graph ? tr("Help > Plugins says what is loaded.") : tr("Open a file or a folder."));
        return;
    }
    RunRequest asked = request("hypergraph.layout", live);
    asked.params.update(m_options.of(kLayout)->values());
    if (asked.params.value("layout.hold_moved", false)) {
        Json rows = Json::array();
        for (const auto& [node, place] : m_moved) rows.push_back({node, place.first, place.second});
        asked.params["layout.moved"] = {{"columns", {"node", "x", "y"}}, {"rows", rows}};
    }
    asked.seed = asked.params.value("layout.seed", std::int64_t{0});
    m_layout = m_context.submit(asked, assets(), live ? kLayout : QString());
    m_layout_is_live = live;
    if (!m_layout.isEmpty()) m_pane->set_layout_running(tr("settling…"));
}

/// One that is under way is of another graph, or is not needed any more.
void Panel::forget_layout() {
    if (m_layout.isEmpty()) return;
    m_context.cancel(m_layout);
    m_layout.clear();
    m_pane->set_layout_running({});
}

void Panel::take_layout(const RunEvent& event) {
    const auto* made = std::get_if<event::ArtifactMade>(&event.body);
    if (made && made->artifact.key == "positions") {
        take_places(made->artifact);
        m_pane->set_layout_running(tr("step %1 · streaming").arg(made->artifact.step));
    } else if (made && made->artifact.key == "hyperedge_positions") {
        take_hyperedge_places(made->artifact);
    }
}

void Panel::take_places(const Artifact& artifact) {
    m_places = places_of(artifact, m_graph ? m_graph->data->nodes : -1);
    m_places_key = m_graph ? m_graph_key.value("data", Json()) : Json(data_path().toStdString());
    m_hyperedge_places = {};   // those of this layout come after it
    m_hyperedge_places_key = {};
    m_kept_places.clear();
    if (!m_moved.empty() && !m_options.of(kLayout)->values().value("layout.hold_moved", false)) {
        m_moved.clear();
        m_kept_view->loaded();   // a layout is nothing to undo
    }
    show_places();
}

void Panel::take_hyperedge_places(const Artifact& artifact) {
    m_hyperedge_places = places_of(artifact, m_graph ? m_graph->data->hyperedges : -1);
    m_hyperedge_places_key = m_graph ? m_graph_key : graph_key();
    m_kept_places.clear();
    show_places();
}

void Panel::show_places() {
    if (!m_graph || std::int64_t(m_places.first.size()) != m_graph->data->nodes) return;
    Places shown = m_places;
    for (const auto& [node, place] : m_moved)
        if (node >= 0 && std::size_t(node) < shown.first.size()) shown.first[std::size_t(node)] = place.first, shown.second[std::size_t(node)] = place.second;
    m_pane->set_places(std::move(shown.first), std::move(shown.second));
    const bool fits = m_hyperedge_places_key == m_graph_key && std::int64_t(m_hyperedge_places.first.size()) == m_graph->data->hyperedges;
    m_pane->set_hyperedge_places(fits ? m_hyperedge_places.first : std::vector<float>(), fits ? m_hyperedge_places.second : std::vector<float>());
}

void Panel::move_node(int node, double x, double y) {
    m_moved[node] = {float(x), float(y)};
    viewed(tr("Move %1").arg(m_graph ? m_graph->node_name(node) : QString::number(node)));
}

// --- jobs

/// While it runs: cancels it. False where nothing was started.
bool Panel::start_job(const char* method, const Json& extra, const Assets& more) {
    const QString id = QString::fromLatin1(method);
    if (const QString uuid = m_jobs.value(id); !uuid.isEmpty()) {
        m_context.cancel(uuid);
        return false;
    }
    if (!m_context.catalogue().find(method)) {
        m_context.show_message(QStringLiteral("warn"), tr("This engine does not know %1.").arg(id), {}, tr("Help > Plugins says what is loaded."));
        return false;
    }
    if (data_path().isEmpty()) {
        m_context.show_message(QStringLiteral("warn"), tr("There is no graph."), {}, tr("Open a file or a folder, or drop one on the window."));
        return false;
    }
    RunRequest asked = job_request(id, extra);
    if (id == kCompare) {
        if (can_resume()) asked.resume = m_unfinished.uuid.toStdString();
        m_unfinished = {};
        m_compare_asked = asked.params;
        m_compare_has_parts = false;
    }
    const QString uuid = m_context.submit(asked, assets() + more, asked.lane == Lane::live ? id : QString());
    if (uuid.isEmpty()) return false;
    m_jobs.insert(id, uuid);
    m_job_keys.insert(id, graph_key());
    job_progress(id, tr("Waiting for the engine…"));
    return true;
}

RunRequest Panel::job_request(const QString& method, const Json& extra) const {
    RunRequest asked = request(method.toLatin1().constData(), method == kExplain || method == kBuild);
    if (const MethodOptions* own = m_options.of(method)) asked.params.update(own->values());
    asked.params.update(extra);
    for (const char* seed : {"statistics.seed", "embed.seed"})   // one called seed is the run's anyway
        if (asked.params.contains(seed)) asked.seed = asked.params.value(seed, std::int64_t{0});
    return asked;
}

/// A comparison of just this ended early.
bool Panel::can_resume() const { return !m_unfinished.uuid.isEmpty() && m_unfinished.data == data_path() && m_unfinished.params == job_request(kCompare, Json::object()).params; }

QString Panel::job_of(const QString& uuid) const { return uuid.isEmpty() ? QString() : m_jobs.key(uuid); }

void Panel::take_job(const QString& method, const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take_job_artifact(method, made->artifact);
    if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
        job_progress(method, tr("%1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
    else if (progress && !progress->note.empty())
        job_progress(method, QString::fromStdString(progress->note));
    if (const auto* done = std::get_if<event::Finished>(&event.body)) job_finished(method, done->summary.is_object() ? done->summary : Json::object());
}

void Panel::take_job_artifact(const QString& method, const Artifact& artifact) {
    if (method == kStatistics) {
        m_statistics->take(artifact);
        if (artifact.key == "nodes") {
            m_values.set_statistics(std::make_shared<CsvTable>(table_of(artifact)));
            m_statistics_key = m_job_keys.value(method);
            m_pane->set_colours(m_values);
            m_selected->show_graph(m_graph, m_values);
            show_rows();
        }
    } else if (method == kEmbed && artifact.key == "positions") {
        auto [x, y] = places_of(artifact, m_graph ? m_graph->data->nodes : -1);
        m_embedding->set_places(std::move(x), std::move(y));
        m_embedding_key = m_job_keys.value(method);
        show_stale();
    } else if (method == kCompare) {
        m_compare->take(artifact);
        m_compare_has_parts = m_compare_has_parts || artifact.key == "results";
        m_compare_key = m_job_keys.value(method);
    } else if (method == kBuild) {
        m_build->take(artifact);
    } else if (method == kExplain) {
        if (artifact.key == "neighbours") m_explaining.neighbours = table_of(artifact);
        if (artifact.key == "hyperedges") m_explaining.hyperedges = table_of(artifact);
        if (artifact.key == "members") m_explaining.members = table_of(artifact);
    }
}

void Panel::job_finished(const QString& method, const Json& summary) {
    if (method == kBuild) {
        m_build_key = m_job_keys.value(method);
        m_build->finish(summary);
    } else if (method == kExplain) {
        m_explaining.summary = summary;
        m_selected->show_explanation(m_explaining);
        show_stale();
    } else if (method == kExport) {
        const QStringList left_out = texts_fact(summary, "left_out");
        m_context.show_message(left_out.isEmpty() ? QStringLiteral("info") : QStringLiteral("warn"), tr("The graph was exported."), text_fact(summary, "path"), left_out.join(u' '));
    }
}

/// An empty text: it does not run any more.
void Panel::job_progress(const QString& method, const QString& text) {
    if (method == kStatistics) m_statistics->set_running(text);
    else if (method == kEmbed) m_embedding->set_running(text);
    else if (method == kCompare) m_compare->set_running(text);
    else if (method == kBuild) m_build->set_running(text);
    else if (method == kExplain) m_selected->set_explaining(text);
    else if (method == kExport) m_pane->set_exporting(text);
}

void Panel::explain(int node) {
    if (m_jobs.contains(kExplain)) {
        m_context.cancel(m_jobs[kExplain]);
        return;
    }
    if (node < 0 || !m_training || !m_training->model || !m_values.training()) {
        m_context.show_message(QStringLiteral("info"), node < 0 ? tr("No node is selected.") : tr("There is no trained network to ask."), {}, node < 0 ? tr("Click one in the graph, or a row of the table of nodes.") : tr("Run trains one."));
        return;
    }
    const QString model = kept_file(m_training->model, QStringLiteral("model"));
    if (model.isEmpty() || !start_job("hypergraph.explain", {{"node", node}}, {{QStringLiteral("model"), model}})) return;
    m_explaining = {};
    m_explaining.node = node;
    m_explained_training = m_training->uuid;
}

void Panel::embed() {
    Assets more;
    if (const Training* training = m_values.training(); training && training->embedding && m_embedding->uses_learnt() && !m_jobs.contains(kEmbed)) {
        const QString file = kept_file(training->embedding, QStringLiteral("embedding"));
        if (file.isEmpty()) return;
        more << std::pair(QStringLiteral("embedding"), file);
    }
    if (start_job("hypergraph.embed", Json::object(), more)) m_job_keys[kEmbed] = embedding_key(m_form->values(), more.isEmpty() ? QString() : QFileInfo(more.first().second).fileName());
}

/// Hyperedges are nothing to features.
Json Panel::embedding_key(const Json& params, const QString& file) const {
    Json key = graph_key_of(params);
    for (auto own = key["params"].begin(); own != key["params"].end();) own = own.key().starts_with("hyperedges.") ? key["params"].erase(own) : std::next(own);
    key["of"] = file.toStdString();
    return key;
}

bool Panel::is_embedding_stale() const {
    const QString of = text_fact(m_embedding_key, "of");
    return m_embedding_key.is_object() && (m_embedding_key != embedding_key(m_form->values(), of) || (!of.isEmpty() && (!m_values.training() || m_values.training()->embedding_name != of)));
}

// --- files

/// In the user's data folder, once for each content.
QString Panel::kept_file(const Bytes& bytes, const QString& name) {
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + QStringLiteral("/lathe/hypergraph");
    QDir().mkpath(folder);
    const QString file = folder + u'/' + kept_name(bytes, name);
    return QFileInfo::exists(file) || write_file(file, QByteArray(bytes->data(), qsizetype(bytes->size()))) ? file : QString();
}

void Panel::export_graph() {
    if (data_path().isEmpty()) {
        start_job("hypergraph.export");   // says what is missing
        return;
    }
    if (m_jobs.contains(kExport)) return cancel_export();
    QStringList filters;
    const QList<ExportFormat> formats = export_formats();
    for (const ExportFormat& format : formats) filters << format.filter;
    QString chosen = filters.first();
    QString file = QFileDialog::getSaveFileName(window(), tr("Export the graph"), QFileInfo(data_path()).completeBaseName() + QStringLiteral(".hif.json"), filters.join(QStringLiteral(";;")), &chosen);
    if (file.isEmpty()) return;
    // The kind that was chosen, unless the ending that was typed is that of another.
    const ExportFormat& format = formats[std::max<qsizetype>(0, filters.indexOf(chosen))];
    const QString suffix = QFileInfo(file).suffix().toLower();
    const bool is_other = suffix != format.suffix && std::ranges::find(formats, suffix, &ExportFormat::suffix) != formats.end();
    if (suffix.isEmpty() && qstrcmp(format.id, "csv") != 0) file += u'.' + format.suffix;
    write_graph(file, is_other ? QString() : QString::fromLatin1(format.id));
}

bool Panel::write_graph(const QString& file, const QString& format) {
    const QString chosen = format.isEmpty() ? format_of(file) : format;
    Json extra{{"export.path", file.toStdString()}, {"export.format", chosen.toStdString()}};
    if (chosen == u"positions") {
        const QString positions = kept_positions();
        if (positions.isEmpty()) return false;
        extra["export.positions"] = positions.toStdString();
    }
    return start_job("hypergraph.export", extra);
}

QString Panel::kept_positions() {
    const GraphPlacesPtr places = m_pane->graph_view()->places();
    if (!places) {
        m_context.show_message(QStringLiteral("info"), tr("The nodes have no positions yet."), {}, tr("Lay the graph out first."));
        return {};
    }
    return kept_file(positions_bytes(places->x, places->y), QStringLiteral("positions"));
}

void Panel::cancel_export() {
    for (GraphView* view : {m_pane->graph_view(), m_embedding->view()}) view->cancel_export();
    if (const QString uuid = m_jobs.value(kExport); !uuid.isEmpty()) m_context.cancel(uuid);
}

}
