#include "widgets/method_options.h"
#include "widgets/parameter_form.h"
#include <QDialog>
#include <QHBoxLayout>
#include <QPushButton>
#include <QUndoStack>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe {

std::vector<Parameter> own_parameters(const MethodInfo& method, const MethodInfo& other) {
    std::vector<Parameter> own;
    for (const Parameter& parameter : method.parameters) {
        const auto same = std::ranges::find(other.parameters, parameter.id, &Parameter::id);
        if (same == other.parameters.end() || same->default_value != parameter.default_value) own.push_back(parameter);
    }
    return own;
}

MethodOptions::MethodOptions(const QString& method, QUndoStack* undo, QWidget* parent)
    : IconButton(QStringLiteral("sliders"), tr("Options…"), parent), m_method(method), m_undo(undo), m_dialog(new QDialog(this)), m_form(new ParameterForm(m_dialog)) {
    setEnabled(false);
    m_form->set_undo_name(QStringLiteral("form.") + method);
    m_form->set_undo_stack(undo);
    m_form->setMinimumSize(340, 120);
    auto* column = new QVBoxLayout(m_dialog);
    column->setContentsMargins(0, 8, 0, 12);
    column->addWidget(m_form, 1);
    auto* reset = make_button(tr("Defaults"), QStringLiteral("reset"), false, m_dialog);
    auto* close = make_button(tr("Close"), {}, false, m_dialog);
    close->setDefault(true);
    auto* buttons = new QHBoxLayout;
    buttons->setContentsMargins(12, 0, 12, 0);
    buttons->addWidget(reset);
    buttons->addStretch(1);
    buttons->addWidget(close);
    column->addLayout(buttons);
    connect(reset, &QPushButton::clicked, m_form, &ParameterForm::reset_all);
    connect(close, &QPushButton::clicked, m_dialog, &QDialog::accept);
    connect(this, &QAbstractButton::clicked, this, &MethodOptions::open);
    connect(m_form, &ParameterForm::changed, this, [this](const QString&, const Json&, const Json&, bool dragging) {
        if (!dragging) Q_EMIT changed();
    });
}

void MethodOptions::set_parameters(const QString& title, std::vector<Parameter> own) {
    setEnabled(!own.empty());
    m_dialog->setWindowTitle(title);
    setToolTip(title.isEmpty() ? tr("Options…") : tr("%1: options").arg(title));
    m_form->set_parameters(std::move(own));
}

Json MethodOptions::values() const { return m_form->values(); }

void MethodOptions::set_values(const Json& values) {
    if (!values.is_object()) return;
    Json known = Json::object();
    for (const Parameter& parameter : m_form->parameters())
        if (values.contains(parameter.id)) known[parameter.id] = values[parameter.id];
    m_form->set_undo_stack(nullptr);
    m_form->set_values(known, {});
    m_form->set_undo_stack(m_undo);
}

void MethodOptions::open() {
    constexpr int kRow = 34, kRest = 110, kHighest = 640;
    m_dialog->resize(380, std::min(kHighest, kRest + kRow * int(m_form->parameters().size())));
    m_dialog->open();
}

// --- those of a panel

PanelOptions::PanelOptions(QUndoStack* undo, QObject* parent) : QObject(parent), m_undo(undo) {}

MethodOptions* PanelOptions::add(const char* method) {
    auto* options = new MethodOptions(QString::fromLatin1(method), m_undo);
    m_options.insert(options->method(), options);
    connect(options, &MethodOptions::changed, this, &PanelOptions::changed);
    return options;
}

void PanelOptions::take_catalogue(const Catalogue& catalogue, const MethodInfo& form) {
    for (MethodOptions* options : std::as_const(m_options)) {
        const MethodInfo* method = catalogue.find(options->method().toStdString());
        options->set_parameters(method ? QString::fromStdString(method->title) : QString(), method ? own_parameters(*method, form) : std::vector<Parameter>());
    }
}

Json PanelOptions::values() const {
    Json out = Json::object();
    for (const MethodOptions* options : m_options) out[options->method().toStdString()] = options->values();
    return out;
}

void PanelOptions::set_values(const Json& values) {
    if (!values.is_object()) return;
    for (MethodOptions* options : std::as_const(m_options)) options->set_values(values.value(options->method().toStdString(), Json()));
}

}
