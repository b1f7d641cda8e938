#include "app/gui/about_dialogs.h"
#include "app/gui/plugin_files.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/base/process.h"
#include "core/base/version.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QDir>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QScreen>
#include <QSysInfo>
#include <QThread>
#include <QVBoxLayout>
#include <sqlite3.h>

namespace lathe {
namespace {

QList<QStringList> libraries(const Shell& shell) {
    const EngineHello& hello = shell.session->engine().hello();
    return {
        {QStringLiteral("Qt"), QString::fromLatin1(qVersion()), QStringLiteral("LGPL-3.0")},
        {QStringLiteral("QCustomPlot"), QStringLiteral("2.1"), QStringLiteral("GPL-3.0-or-later")},
        {QStringLiteral("SQLite"), QString::fromLatin1(sqlite3_libversion()), QStringLiteral("public domain")},
        {QStringLiteral("nlohmann-json"), QStringLiteral("%1.%2.%3").arg(NLOHMANN_JSON_VERSION_MAJOR).arg(NLOHMANN_JSON_VERSION_MINOR).arg(NLOHMANN_JSON_VERSION_PATCH), QStringLiteral("MIT")},
        {QStringLiteral("OpenSSL libcrypto"), QStringLiteral("3"), QStringLiteral("Apache-2.0")},
        {QStringLiteral("libpng, zlib"), QString(), QStringLiteral("libpng-2.0, Zlib")},
        {QStringLiteral("LibTorch (in the engine)"), hello.torch.empty() ? QStringLiteral("–") : qs(hello.torch), QStringLiteral("BSD-3-Clause")},
        {QStringLiteral("oneDNN, OpenBLAS (in the engine)"), QString(), QStringLiteral("Apache-2.0, BSD-3-Clause")},
        {QStringLiteral("OpenCV (in the engine)"), QString(), QStringLiteral("Apache-2.0")},
        {QStringLiteral("VTK (in the engine)"), QString(), QStringLiteral("BSD-3-Clause")},
    };
}
}

AboutDialog::AboutDialog(const Shell& shell, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("About Lathe"));
    resize(560, 500);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(8);
    auto* logo = new QLabel(this);
    logo->setPixmap(Theme::instance().pixmap(QStringLiteral("lathe"), 48, Theme::instance().colours().brass, devicePixelRatioF()));
    column->addWidget(logo);
    column->addWidget(new TextLabel(tr("Lathe %1").arg(qs(version())), 22, true, TextRole::normal, this));
    auto* what = new TextLabel(tr("A workbench for making vision models smaller and faster, and seeing what that does.\nLicence: GPL-3.0-or-later. It comes without any warranty; you may pass it on and change it under the terms of that licence."), 13, false, TextRole::secondary, this);
    what->setWordWrap(true);
    column->addWidget(what);
    auto* table = new SimpleTable({tr("Library"), tr("Version"), tr("Licence")}, this);
    table->set_text_columns({1, 2});
    table->set_rows(libraries(shell));
    table->set_fit_rows(false);
    table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    column->addWidget(table, 1);
    auto* close = make_button(tr("Close"), {}, true, this);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    column->addWidget(close, 0, Qt::AlignRight);
    close->setFocus();
}

PluginsDialog::PluginsDialog(const Shell& shell, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Plugins"));
    resize(720, 380);
    auto* column = new QVBoxLayout(this);
    auto* table = new SimpleTable({tr("Plugin"), tr("Version"), tr("Half"), tr("State")}, this);
    table->setAccessibleName(tr("Plugins"));
    table->set_text_columns({1, 2, 3});
    table->set_fit_rows(false);
    table->setWordWrap(true);
    table->horizontalHeader()->setSectionResizeMode(3, QHeaderView::Stretch);
    QList<QStringList> rows;
    QList<bool> fine;
    const auto& engine_half = shell.session->engine().hello().plugins;
    for (const PanelFile& panel : *shell.plugins) {
        QString state = panel.ok() ? tr("ready") : panel.reason;
        bool has_engine = panel.engine.isEmpty() || !shell.has_catalogue();
        for (const PluginStatus& status : engine_half) has_engine = has_engine || (status.id == ss(panel.id) && status.ok);
        if (panel.ok() && !has_engine) state = tr("Its engine half is missing: the panel opens, but nothing can be run.");
        rows << QStringList{panel.title.isEmpty() ? panel.id : panel.title, panel.version, tr("panel"), state};
        fine << (panel.ok() && has_engine);
    }
    for (const PluginStatus& status : engine_half) {
        rows << QStringList{qs(status.id), qs(status.version), tr("engine"), status.ok ? tr("loaded") : qs(status.reason)};
        fine << status.ok;
    }
    table->set_rows(rows);
    for (int i = 0; i < rows.size(); ++i) table->set_tone(i, 3, fine[i] ? CellTone::ok : CellTone::err);
    column->addWidget(table, 1);
    QStringList folders;
    for (const auto& folder : plugin_folders()) folders << short_path(path_text(folder));
    auto* note = new TextLabel(tr("Looked for in: %1").arg(folders.join(QStringLiteral(", "))), 12, false, TextRole::secondary, this);
    note->setWordWrap(true);
    column->addWidget(note);
    auto* close = make_button(tr("Close"), {}, true, this);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    column->addWidget(close, 0, Qt::AlignRight);
}

QString diagnostics(const Shell& shell) {
    const EngineProcess& engine = shell.session->engine();
    QStringList lines;
    lines << QStringLiteral("Lathe %1 (%2), Qt %3").arg(qs(version()), qs(compiler_abi()), QString::fromLatin1(qVersion()));
    lines << QStringLiteral("%1, kernel %2, %3, %4 cores, %5 memory").arg(QSysInfo::prettyProductName(), QSysInfo::kernelVersion(), QSysInfo::currentCpuArchitecture()).arg(QThread::idealThreadCount()).arg(size_text(total_memory_bytes()));
    lines << QStringLiteral("Window system: %1").arg(QGuiApplication::platformName());
    for (const QScreen* screen : QGuiApplication::screens()) lines << QStringLiteral("Screen: %1x%2, scale %3").arg(screen->size().width()).arg(screen->size().height()).arg(screen->devicePixelRatio());
    lines << QStringLiteral("Engine: %1, LibTorch %2, %3").arg(qs(engine.hello().engine), qs(engine.hello().torch), qs(name(engine.state())));
    if (const auto& rates = engine.rates()) lines << QStringLiteral("Rates: fp32 %1, bf16 %2 GFLOPS, int8 %3 GOPS, %4 GB/s, %5, %6 threads %7").arg(rates->gemm_f32).arg(rates->gemm_bf16).arg(rates->int8).arg(rates->bytes_per_s / 1e9).arg(qs(rates->blas)).arg(rates->threads).arg(qs(rates->warn));
    for (const PanelFile& panel : *shell.plugins) lines << QStringLiteral("Panel %1 %2: %3").arg(panel.id, panel.version, panel.ok() ? QStringLiteral("ok") : panel.reason);
    for (const PluginStatus& status : engine.hello().plugins) lines << QStringLiteral("Engine plugin %1 %2: %3").arg(qs(status.id), qs(status.version), status.ok ? QStringLiteral("ok") : qs(status.reason));
    for (const SettingInfo& info : Settings::instance().declared())
        if (Settings::instance().value(info.key) != info.default_value && info.key != u"engine/launcher") lines << QStringLiteral("Setting %1 = %2").arg(info.key, Settings::instance().value(info.key).toString());
    QString log = qs(recent_log(100));
    log.replace(QDir::homePath(), QStringLiteral("~"));
    lines << QString() << log;
    return lines.join(u'\n');
}

}
