#include "widgets/grid_editor.h"
#include "core/base/error.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QDialog>
#include <QHBoxLayout>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe {
namespace {
bool is_grid(const Json& value) { return value.is_object() && value.contains("rows") && value.contains("cols") && value.contains("data") && value["data"].is_array(); }
}

GridEditor::GridEditor(const Parameter& parameter, QWidget* parent) : ParameterEditor(parent), m_parameter(parameter) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    m_summary = new ElidedLabel({}, 12, false, TextRole::secondary, this);
    auto* button = make_button(tr("Edit…"), QStringLiteral("edit"), false, this);
    button->setAccessibleName(tr("Edit %1").arg(QString::fromStdString(parameter.label)));
    button->setToolTip(QString::fromStdString(parameter.help));
    row->addWidget(m_summary, 1);
    row->addWidget(button);
    connect(button, &QPushButton::clicked, this, &GridEditor::edit);
    setFocusProxy(button);
}

QString GridEditor::summary(const Json& value) {
    if (!is_grid(value)) return tr("none");
    const auto& data = value["data"];
    const auto set = std::count_if(data.begin(), data.end(), [](const Json& cell) { return cell.is_number() && cell.get<double>() != 0; });
    return tr("%1 × %2, %n cell(s) set", nullptr, int(set)).arg(value["rows"].get<int>()).arg(value["cols"].get<int>());
}

QString GridEditor::to_text(const Json& value) {
    if (!is_grid(value)) return {};
    const auto cols = value["cols"].get<std::size_t>();
    const Json& data = value["data"];
    QString text;
    for (std::size_t i = 0; i < data.size(); ++i) text += QString::fromStdString(data[i].dump()) + (cols > 0 && (i + 1) % cols == 0 ? u'\n' : u' ');
    return text;
}

Json GridEditor::from_text(const QString& text, const std::string& dtype) {
    static const QRegularExpression gaps(QStringLiteral("[\\s,;]+"));
    Json data = Json::array();
    std::size_t rows = 0, cols = 0;
    const QStringList lines = text.split(u'\n');
    for (qsizetype at = 0; at < lines.size(); ++at) {
        const QStringList cells = lines[at].split(gaps, Qt::SkipEmptyParts);
        if (cells.isEmpty()) continue;
        const std::string where = "line " + std::to_string(at + 1);
        if (rows++ == 0) cols = std::size_t(cells.size());
        if (std::size_t(cells.size()) != cols) throw Error(ErrorCode::invalid_value, "The rows differ in length: " + std::to_string(cells.size()) + " numbers, not " + std::to_string(cols) + ".", where, "Give every row the same number of cells.");
        for (const QString& cell : cells) {
            bool whole = false, number = false;
            const qlonglong integer = cell.toLongLong(&whole);
            const double real = cell.toDouble(&number);
            if (!number) throw Error(ErrorCode::invalid_value, "“" + cell.toStdString() + "” is no number.", where, "Write numbers with spaces between them.");
            data.push_back(whole ? Json(integer) : Json(real));
        }
    }
    if (rows == 0) return nullptr;
    return {{"rows", rows}, {"cols", cols}, {"dtype", dtype}, {"data", std::move(data)}};
}

void GridEditor::show_value(const Json& value) {
    m_value = value;
    m_summary->setText(summary(value));
}

void GridEditor::edit() {
    auto* dialog = new QDialog(window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(QString::fromStdString(m_parameter.label));
    dialog->resize(560, 380);
    auto* column = new QVBoxLayout(dialog);
    auto* help = new TextLabel(QString::fromStdString(m_parameter.help) + tr(" One line a row, numbers with spaces between them."), 12, false, TextRole::secondary, dialog);
    help->setWordWrap(true);
    auto* text = new QPlainTextEdit(to_text(m_value), dialog);
    text->setFont(Theme::instance().mono(12));
    text->setLineWrapMode(QPlainTextEdit::NoWrap);
    text->setTabChangesFocus(true);
    text->setAccessibleName(tr("Numbers of the grid"));
    auto* problem = new TextLabel({}, 12, false, TextRole::err, dialog);
    problem->setWordWrap(true);
    problem->hide();
    auto* cancel = make_button(tr("Cancel"), {}, false, dialog);
    auto* take = make_button(tr("Take over"), {}, true, dialog);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(take);
    column->addWidget(help);
    column->addWidget(text, 1);
    column->addWidget(problem);
    column->addLayout(buttons);
    connect(cancel, &QPushButton::clicked, dialog, &QDialog::reject);
    connect(take, &QPushButton::clicked, dialog, [this, dialog, text, problem] {
        try {
            const Json grid = from_text(text->toPlainText(), is_grid(m_value) ? m_value.value("dtype", std::string("u8")) : "u8");
            Q_EMIT edited(grid, false);
            dialog->accept();
        } catch (const Error& error) {
            problem->setText(QString::fromUtf8(error.what()));
            problem->show();
        }
    });
    dialog->open();
}

}
