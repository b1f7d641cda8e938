#include "app/gui/engine_page.h"
#include "app/gui/action_registry.h"
#include "app/gui/dock_area.h"
#include "app/gui/engine_watch.h"
#include "app/gui/job_list.h"
#include "app/gui/log_view.h"
#include "app/gui/plugin_files.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "app/gui/workspace.h"
#include "app/gui/workspace_bar.h"
#include "core/base/process.h"
#include "core/base/version.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QGridLayout>
#include <QHeaderView>
#include <QScrollArea>
#include <QTableView>
#include <QVBoxLayout>

namespace lathe {
namespace {
QString rate(double value, const char* unit) { return value > 0 ? QStringLiteral("%1 %2").arg(qRound64(value)).arg(QLatin1String(unit)) : EnginePage::tr("not measured yet"); }
}

EnginePage::EnginePage(const Shell& shell, EngineWatch& watch, QWidget* parent) : QWidget(parent), m_shell(shell), m_watch(watch) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 20, 24, 20);
    column->setSpacing(8);
    m_state = new TextLabel({}, 22, true, TextRole::normal, this);
    m_facts = new TextLabel({}, 13, false, TextRole::secondary, this);
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_warn = new TextLabel({}, 13, false, TextRole::warn, this);
    m_warn->setWordWrap(true);
    column->addWidget(m_state);
    column->addWidget(m_facts);
    column->addWidget(m_warn);
    column->addSpacing(10);

    auto* both = new QHBoxLayout;
    both->setSpacing(40);
    auto* left = new QVBoxLayout;
    left->setSpacing(10);
    left->addWidget(new GroupTitle(tr("Measured on this machine"), this));
    m_gemm = new StatRow(tr("fp32 matrix product"), true, this);
    m_bf16 = new StatRow(tr("bf16 matrix product"), true, this);
    m_int8 = new StatRow(tr("int8 matrix product"), true, this);
    m_bandwidth = new StatRow(tr("memory"), true, this);
    m_memory = new StatRow(tr("Memory of the engine"), true, this);
    for (StatRow* row : {m_gemm, m_bf16, m_int8, m_bandwidth, m_memory}) left->addWidget(row);
    left->addStretch(1);
    auto* right = new QVBoxLayout;
    right->setSpacing(10);
    right->addWidget(new GroupTitle(tr("Plugins of the engine"), this));
    m_plugins = new SimpleTable({tr("Plugin"), tr("Version"), tr("State")}, this);
    m_plugins->set_text_columns({1, 2});
    right->addWidget(m_plugins);
    right->addStretch(1);
    both->addLayout(left, 2);
    both->addLayout(right, 3);
    column->addLayout(both);
    column->addStretch(1);

    auto recolour = [this] {
        for (StatRow* row : {m_gemm, m_bf16, m_int8, m_bandwidth}) row->set_bar_colour(Theme::instance().colours().brass);
    };
    recolour();
    connect(&Theme::instance(), &Theme::changed, this, recolour);
    connect(&watch, &EngineWatch::changed, this, &EnginePage::refresh);
    refresh();
}

void EnginePage::refresh() {
    EngineProcess& engine = m_shell.session->engine();
    m_state->setText(EngineWatch::state_text(engine.state()));
    m_state->set_role(engine.state() == EngineState::failed || engine.state() == EngineState::lost ? TextRole::err : TextRole::normal);
    const EngineHello& hello = engine.hello();
    QStringList facts;
    if (!m_watch.device_text().isEmpty()) facts << m_watch.device_text();
    for (const DeviceInfo& device : hello.devices) facts << QStringLiteral("%1 (%2)").arg(qs(device.name), size_text(device.bytes));
    if (!hello.torch.empty()) facts << tr("LibTorch %1").arg(qs(hello.torch));
    if (!hello.engine.empty()) facts << tr("engine %1").arg(qs(hello.engine));
    if (hello.pid) facts << tr("process %1").arg(hello.pid);
    const QString launcher = Settings::instance().value(QStringLiteral("engine/launcher")).toString();
    facts << (launcher.isEmpty() ? tr("on this computer") : tr("started by: %1").arg(launcher));
    m_facts->setText(facts.join(QStringLiteral(" · ")));
    const auto& rates = engine.rates();
    m_warn->setText(rates ? qs(rates->warn) : QString());
    m_warn->setVisible(rates && !rates->warn.empty());
    const Rates r = rates.value_or(Rates{});
    const double best = std::max({r.gemm_f32, r.gemm_bf16, r.int8, 1.0});
    m_gemm->set_value(rate(r.gemm_f32, "GFLOPS"), r.gemm_f32 / best, qs(r.blas));
    m_bf16->set_value(rate(r.gemm_bf16, "GFLOPS"), r.gemm_bf16 / best);
    m_int8->set_value(rate(r.int8, "GOPS"), r.int8 / best);
    m_bandwidth->set_value(rate(r.bytes_per_s / 1e9, "GB/s"), std::min(1.0, r.bytes_per_s / 100e9), tr("bar: of 100 GB/s"));
    const double used = double(engine.resident_bytes()), total = double(std::max<std::int64_t>(total_memory_bytes(), 1));
    m_memory->set_value(used > 0 ? tr("%1 of %2").arg(size_text(qint64(used)), size_text(qint64(total))) : tr("not running"), used / total);
    refresh_plugins();
}

void EnginePage::refresh_plugins() {
    QList<QStringList> rows;
    QList<bool> fine;
    for (const PluginStatus& plugin : m_shell.session->engine().hello().plugins) {
        rows << QStringList{qs(plugin.id), qs(plugin.version), plugin.ok ? tr("loaded") : qs(plugin.reason)};
        fine << plugin.ok;
    }
    QString key;
    for (const QStringList& row : rows) key += row.join(u'|');
    if (key == m_shown_plugins) return;
    m_shown_plugins = key;
    m_plugins->set_rows(rows);
    for (int i = 0; i < rows.size(); ++i)
        if (!fine[i]) m_plugins->set_tone(i, 2, CellTone::err);
}

void build_engine_workspace(Workspace& workspace, const Shell& shell, EngineWatch& watch, JobList& jobs) {
    DockArea* docks = workspace.use_docks();
    auto* scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setWidget(new EnginePage(shell, watch));
    docks->set_centre(scroll);
    auto* job_table = new QTableView;
    job_table->setModel(&jobs);
    prepare_table(job_table);
    job_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    job_table->setAccessibleName(EnginePage::tr("Jobs"));
    job_table->horizontalHeader()->setSectionResizeMode(3, QHeaderView::Stretch);
    job_table->horizontalHeader()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    QObject::connect(job_table, &QTableView::doubleClicked, &jobs, [&jobs, &shell](const QModelIndex& index) {
        const Job& job = jobs.job(index.row());
        shell.restore_run(job.uuid, job.method);
    });
    docks->add_dock(job_table, QStringLiteral("engine.jobs"), EnginePage::tr("Jobs"), EnginePage::tr("runs since the window opened"), DockSide::bottom, 260);
    docks->add_dock(new LogView, QStringLiteral("engine.log"), EnginePage::tr("Log"), {}, DockSide::bottom, 260);
    for (const char* id : {"engine.restart", "engine.drop_cache"})
        if (QAction* action = shell.actions->action(QLatin1String(id))) workspace.bar()->add_right(action, QLatin1String(id) == QLatin1String("engine.restart") ? QStringLiteral("retry") : QStringLiteral("trash"));
}

}
