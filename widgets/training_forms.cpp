#include "widgets/training_forms.h"
#include "widgets/parameter_form.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe {
namespace {

QStringList titles_of(const QList<TrainingMethod>& methods) {
    QStringList titles;
    for (const TrainingMethod& method : methods) titles << method.title;
    return titles;
}

}

TrainingForms::TrainingForms(QUndoStack* undo, const QList<TrainingMethod>& methods, QWidget* parent)
    : QWidget(parent), m_undo(undo), m_which(new SegmentedControl(titles_of(methods), this)), m_pages(new QStackedWidget(this)), m_start(make_button(tr("Start"), QStringLiteral("run"), false, this)),
      m_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_buttons(new QHBoxLayout) {
    auto* column = new QVBoxLayout(this);
    column->setSpacing(6);
    for (const TrainingMethod& method : methods) {
        m_ids << method.id;
        auto* form = new ParameterForm;
        form->set_undo_name(QStringLiteral("form.") + method.id);
        form->set_undo_stack(undo);
        connect(form, &ParameterForm::changed, this, [this](const QString&, const Json&, const Json&, bool dragging) {
            if (!dragging) Q_EMIT values_changed();
        });
        m_forms.insert(method.id, form);
        m_pages->addWidget(form);
    }
    m_which->set_tool_size(true);
    m_which->set_current(0);
    for (int i = 0; i < methods.size(); ++i) m_which->set_tool_tip(i, methods[i].tool_tip);
    m_start->setProperty("lathe_tool", true);
    auto* heads = new QHBoxLayout;
    heads->setContentsMargins(12, 0, 8, 0);
    heads->addWidget(m_which);
    heads->addStretch(1);
    heads->addWidget(m_start);
    column->addLayout(heads);
    column->addWidget(m_pages, 1);
    m_note->setWordWrap(true);
    m_note->setContentsMargins(12, 0, 8, 0);
    column->addWidget(m_note);
    m_buttons->setContentsMargins(12, 0, 8, 0);
    m_buttons->setSpacing(6);
    m_buttons->addStretch(1);
    column->addLayout(m_buttons);
    connect(m_which, &SegmentedControl::chosen, this, [this] {
        show_current();
        Q_EMIT current_changed(current());
    });
    connect(m_start, &QPushButton::clicked, this, [this] { Q_EMIT start_requested(current()); });
    show_current();
}

void TrainingForms::add_button(QPushButton* button) {
    button->setProperty("lathe_tool", true);
    m_buttons->insertWidget(m_buttons->count() - 1, button);   // before the stretch
}

void TrainingForms::set_parameters(const QString& method, std::vector<Parameter> own) {
    if (ParameterForm* form = m_forms.value(method)) form->set_parameters(std::move(own));
    show_current();
}

Json TrainingForms::values(const QString& method) const { return m_forms.contains(method) ? m_forms[method]->values() : Json::object(); }

void TrainingForms::set_values(const QString& method, const Json& values, const QString& undo_text) {
    ParameterForm* form = m_forms.value(method);
    if (!form || !values.is_object()) return;
    if (undo_text.isEmpty()) form->set_undo_stack(nullptr);
    form->set_values(values, undo_text);
    form->set_undo_stack(m_undo);
}

QString TrainingForms::current() const { return m_ids.value(m_which->current(), m_ids.first()); }

void TrainingForms::set_current(const QString& method) {
    m_which->set_current(int(std::max<qsizetype>(0, m_ids.indexOf(method))));
    show_current();
}

void TrainingForms::set_running(const QString& method, const QString& text) {
    if (text.isEmpty()) m_running.remove(method);
    else m_running.insert(method, text);
    if (method == current()) show_current();
}

void TrainingForms::set_note(const QString& text) {
    m_told = text;
    show_current();
}

QString TrainingForms::note() const { return m_note->text(); }
QString TrainingForms::stopped_text() { return tr("It was stopped. Resume it in Runs: it goes on from its last checkpoint."); }

void TrainingForms::show_current() {
    const QString method = current();
    ParameterForm* form = m_forms[method];
    m_pages->setCurrentWidget(form);
    const QString unknown = form->parameters().empty() ? tr("This engine does not know %1.").arg(method) : QString();
    m_start->setText(is_running(method) ? tr("Cancel") : tr("Start"));
    m_start->setEnabled(unknown.isEmpty());
    m_start->setToolTip(unknown);
    m_note->setText(is_running(method) ? m_running.value(method) : m_told.isEmpty() ? unknown : m_told);
}

}
