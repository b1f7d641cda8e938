#include "app/gui/run_dialog.h"
#include "app/gui/job_list.h"
#include "app/gui/project_host.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "core/base/uuid.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

namespace lathe {

RunDialog::RunDialog(const Shell& shell, JobList& jobs, QWidget* parent) : QDialog(parent), m_shell(shell), m_jobs(jobs) {
    setWindowTitle(tr("New run"));
    resize(520, 640);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(8);
    m_method = new QComboBox(this);
    m_method->setAccessibleName(tr("Method"));
    for (const MethodInfo& method : shell.catalogue().methods) m_method->addItem(QStringLiteral("%1   %2").arg(qs(method.title), qs(method.id)), qs(method.id));
    m_help = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_help->setWordWrap(true);
    m_title = new QLineEdit(this);
    m_title->setPlaceholderText(tr("Name of the run (may stay empty)"));
    m_title->setAccessibleName(tr("Name of the run"));
    m_inputs = new QWidget(this);
    m_input_rows = new QFormLayout(m_inputs);
    m_input_rows->setContentsMargins(0, 0, 0, 0);
    m_form = new ParameterForm(this);
    m_error = new TextLabel({}, 12, false, TextRole::err, this);
    m_error->setWordWrap(true);
    m_error->hide();
    auto* copy = make_button(tr("Copy as command line"), QStringLiteral("terminal"), false, this);
    auto* cancel = make_button(tr("Cancel"), {}, false, this);
    m_run = make_button(tr("Run"), QStringLiteral("run"), true, this);
    m_run->setDefault(true);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(copy);
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(m_run);
    column->addWidget(m_method);
    column->addWidget(m_help);
    column->addWidget(m_title);
    column->addWidget(m_inputs);
    column->addWidget(m_form, 1);
    column->addWidget(m_error);
    column->addLayout(buttons);
    connect(m_method, &QComboBox::currentIndexChanged, this, &RunDialog::show_method);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_run, &QPushButton::clicked, this, &RunDialog::run);
    connect(copy, &QPushButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(command_line_of(request(), assets(), m_shell.projects->file(), m_shell.catalogue().find(request().method)));
    });
    show_method();
}

void RunDialog::choose(const QString& method, const Json& params, const AssetPaths& assets) {
    if (const int index = m_method->findData(method); index >= 0) m_method->setCurrentIndex(index);
    const QStringList skipped = m_form->set_values(params, tr("Parameters of the run"));
    for (const auto& [role, path] : assets)
        if (const auto field = m_fields.find(role); field != m_fields.end()) field->second->setText(path);
    if (!skipped.isEmpty()) {
        m_error->setText(tr("Not taken over: %1").arg(skipped.join(QStringLiteral("; "))));
        m_error->show();
    }
}

void RunDialog::show_method() {
    while (m_input_rows->rowCount() > 0) m_input_rows->removeRow(0);
    m_fields.clear();
    const MethodInfo* method = m_shell.catalogue().find(ss(m_method->currentData().toString()));
    if (!method) {
        m_run->setEnabled(false);
        m_run->setToolTip(tr("The engine has no method yet."));
        return;
    }
    m_help->setText(qs(method->help));
    for (const InputSlot& input : method->inputs) {
        auto* row = new QWidget(m_inputs);
        auto* line = new QHBoxLayout(row);
        line->setContentsMargins(0, 0, 0, 0);
        auto* field = new QLineEdit(row);
        field->setPlaceholderText(input.required ? tr("file or folder, or the name of one that is built in") : tr("may stay empty"));
        field->setToolTip(qs(input.help));
        field->setAccessibleName(qs(input.label));
        auto* browse = new IconButton(QStringLiteral("folder"), tr("Choose a file…"), row);
        line->addWidget(field, 1);
        line->addWidget(browse);
        connect(browse, &QToolButton::clicked, this, [this, field] {
            const QString file = QFileDialog::getOpenFileName(this, tr("Choose a file"), field->text());
            if (!file.isEmpty()) field->setText(file);
        });
        m_fields[qs(input.role)] = field;
        m_input_rows->addRow(qs(input.label.empty() ? input.role : input.label), row);
    }
    m_inputs->setVisible(!method->inputs.empty());
    m_form->set_parameters(method->parameters);
    m_run->setEnabled(true);
}

RunRequest RunDialog::request() const {
    RunRequest request;
    request.uuid = make_uuid();
    request.method = ss(m_method->currentData().toString());
    if (const MethodInfo* method = m_shell.catalogue().find(request.method)) request.version = method->version;
    request.params = m_form->values();
    request.threads = Settings::instance().value(QStringLiteral("engine/threads")).toInt();
    request.lane = Lane::batch;
    return request;
}

AssetPaths RunDialog::assets() const {
    AssetPaths list;
    for (const auto& [role, field] : m_fields)
        if (!field->text().trimmed().isEmpty()) list << std::pair(role, field->text().trimmed());
    return list;
}

void RunDialog::run() {
    try {
        std::vector<std::pair<std::string, std::string>> paths;
        for (const auto& [role, path] : assets()) paths.emplace_back(ss(role), ss(path));
        const RunRequest wanted = request();
        const QString uuid = qs(m_shell.session->submit(wanted, paths, ss(m_title->text())));
        m_jobs.set_info(uuid, qs(wanted.method), m_title->text(), false);
        Q_EMIT submitted(uuid);
        accept();
    } catch (...) {
        m_error->setText(qs(current_error("starting the run").what()));
        m_error->show();
    }
}

}
