#include "app/gui/sweep_dialog.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/sweep_runner.h"
#include "app/gui/text.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace lathe {

SweepDialog::SweepDialog(const Shell& shell, SweepRunner& runner, QWidget* parent) : QDialog(parent), m_shell(shell), m_runner(runner) {
    setWindowTitle(tr("New sweep"));
    resize(520, 460);
    auto* column = new QVBoxLayout(this);
    auto* rows = new QFormLayout;
    m_method = new QComboBox(this);
    for (const MethodInfo& method : shell.catalogue().methods) m_method->addItem(QStringLiteral("%1   %2").arg(qs(method.title), qs(method.id)), qs(method.id));
    m_method->setAccessibleName(tr("Method"));
    m_title = new QLineEdit(this);
    m_title->setAccessibleName(tr("Name of the sweep"));
    m_title->setPlaceholderText(tr("Name of the sweep"));
    m_assets = new QLineEdit(this);
    m_assets->setAccessibleName(tr("Inputs"));
    m_assets->setPlaceholderText(tr("role=path, separated by spaces; may stay empty"));
    m_axes = new QPlainTextEdit(this);
    m_axes->setFont(Theme::instance().mono(12));
    m_axes->setPlaceholderText(QStringLiteral("interval=2,3\nnc=4..10:2\nseed=0..9"));
    m_axes->setAccessibleName(tr("One line for each parameter: name and values"));
    m_axes->setTabChangesFocus(true);
    m_names = new TextLabel({}, 11, false, TextRole::secondary, this);
    m_names->setWordWrap(true);
    m_count = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_count->setWordWrap(true);
    rows->addRow(tr("Method"), m_method);
    rows->addRow(tr("Name"), m_title);
    rows->addRow(tr("Inputs"), m_assets);
    column->addLayout(rows);
    column->addWidget(new GroupTitle(tr("Values, one parameter a line"), this));
    column->addWidget(m_axes, 1);
    column->addWidget(m_names);
    column->addWidget(m_count);
    auto* cancel = make_button(tr("Cancel"), {}, false, this);
    m_start = make_button(tr("Start"), QStringLiteral("sweep"), true, this);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(m_start);
    column->addLayout(buttons);
    connect(m_axes, &QPlainTextEdit::textChanged, this, &SweepDialog::check);
    connect(m_method, &QComboBox::currentIndexChanged, this, &SweepDialog::check);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_start, &QPushButton::clicked, this, &SweepDialog::start);
    check();
}

void SweepDialog::check() {
    m_cells.clear();
    const MethodInfo* method = m_shell.catalogue().find(ss(m_method->currentData().toString()));
    QStringList names;
    if (method)
        for (const Parameter& parameter : method->parameters) names << qs(parameter.id);
    m_names->setText(tr("Parameters: %1").arg(names.join(QStringLiteral(", "))));
    QString problem;
    try {
        std::vector<SweepAxis> axes;
        for (const QString& line : m_axes->toPlainText().split(u'\n', Qt::SkipEmptyParts))
            if (!line.trimmed().isEmpty()) axes.push_back(sweep_axis_from(ss(line.trimmed())));
        if (axes.empty()) problem = tr("Write at least one line, for example: seed=0..9");
        else m_cells = sweep_cells(axes);
        for (Json& cell : m_cells) cell = complete_parameters(method ? method->parameters : std::vector<Parameter>(), cell);
    } catch (const Error& error) {
        problem = qs(error.what());
        m_cells.clear();
    }
    m_count->set_role(problem.isEmpty() || m_axes->toPlainText().isEmpty() ? TextRole::secondary : TextRole::err);
    m_count->setText(problem.isEmpty() ? tr("%n run(s)", nullptr, int(m_cells.size())) : problem);
    layout()->activate();   // the text may have more lines than before
    m_start->setEnabled(!m_cells.empty());
    m_start->setToolTip(m_cells.empty() ? problem : QString());
}

void SweepDialog::start() {
    std::vector<std::pair<std::string, std::string>> assets;
    for (const QString& part : m_assets->text().split(u' ', Qt::SkipEmptyParts))
        if (const qsizetype at = part.indexOf(u'='); at > 0) assets.emplace_back(ss(part.left(at)), ss(part.mid(at + 1)));
    const MethodInfo* method = m_shell.catalogue().find(ss(m_method->currentData().toString()));
    if (!method) return;
    RunRequest base;
    base.method = method->id;
    base.version = method->version;
    base.threads = Settings::instance().value(QStringLiteral("engine/threads")).toInt();
    m_runner.start(m_title->text().trimmed(), ss(m_axes->toPlainText()), base, m_cells, assets);
    accept();
}

}
