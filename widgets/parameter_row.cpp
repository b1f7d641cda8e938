#include "widgets/parameter_row.h"
#include "widgets/parameter_form.h"
#include "widgets/tap_sections.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QVBoxLayout>

namespace lathe {
namespace {

constexpr int kUnitWidth = 36, kDotRoom = 12, kWaveRoom = 16;

QString help_of(const Parameter& p) {
    QStringList parts;
    if (!p.help.empty()) parts << QString::fromStdString(p.help);
    if (!p.source.empty()) parts << QObject::tr("Source: %1").arg(QString::fromStdString(p.source));
    parts << QObject::tr("Double-click resets it to %1.").arg(QString::fromStdString(value_text(p.default_value)));
    return parts.join(u'\n');
}

}

RowLabel::RowLabel(const QString& text, bool live, QWidget* parent) : QWidget(parent), m_text(text), m_live(live) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Expanding);
}

int RowLabel::width_for(const QString& text, bool live) {
    return QFontMetrics(Theme::instance().font(13)).horizontalAdvance(text) + kDotRoom + (live ? kWaveRoom : 0) + 2;
}

void RowLabel::set_dot(bool dot) {
    if (dot == m_dot) return;
    m_dot = dot;
    update();
}

void RowLabel::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(Theme::instance().font(13));
    painter.setPen(isEnabled() ? c.text : c.text3);
    const int room = width() - kDotRoom - (m_live ? kWaveRoom : 0);
    const QString shown = painter.fontMetrics().elidedText(m_text, Qt::ElideRight, room);
    painter.drawText(QRect(0, 0, room, height()), Qt::AlignVCenter | Qt::AlignLeft, shown);
    double x = painter.fontMetrics().horizontalAdvance(shown) + 8;
    if (m_dot) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(c.accent);
        painter.drawEllipse(QPointF(x, height() / 2.0 + 0.5), 2.75, 2.75);
    }
    if (m_live) painter.drawPixmap(QPointF(width() - kWaveRoom, (height() - 12) / 2.0), Theme::instance().pixmap(QStringLiteral("wave"), 12, isEnabled() ? c.text3 : c.line2, devicePixelRatioF()));
}

void RowLabel::mouseDoubleClickEvent(QMouseEvent*) { Q_EMIT reset_requested(); }

ParameterRow::ParameterRow(const Parameter& parameter, bool segments, bool with_label, int label_width, ParameterForm& form, QWidget* parent)
    : QWidget(parent), m_parameter(parameter), m_form(form), m_editor(make_parameter_editor(parameter, segments, this)) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);   // rows keep their height where the form is longer than they are
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    const QString id = QString::fromStdString(parameter.id);
    if (m_editor->fills_row() || !with_label) {
        // the dot needs a place here, too: right of the editor
        row->addWidget(m_editor);
        m_label = new RowLabel({}, parameter.live, this);
        m_label->setFixedWidth(RowLabel::width_for({}, parameter.live));
        row->addSpacing(2);
        row->addWidget(m_label);
        row->addStretch();
    } else {
        m_label = new RowLabel(QString::fromStdString(parameter.label), parameter.live, this);
        m_label->setFixedWidth(label_width);
        row->addWidget(m_label);
        row->addWidget(m_editor, 1);
    }
    m_label->setToolTip(help_of(parameter));
    if (m_editor->toolTip().isEmpty()) m_editor->setToolTip(QString::fromStdString(parameter.help));
    m_unit = new TextLabel({}, 12, false, TextRole::secondary, this);
    m_unit->setContentsMargins(6, 0, 0, 0);
    row->addWidget(m_unit);
    auto* fixed = new QWidget(this);
    fixed->setLayout(row);
    fixed->setFixedHeight(std::max(metric::row, m_editor->sizeHint().height() + 4));
    column->addWidget(fixed);
    m_error = new TextLabel({}, 11, false, TextRole::err, this);
    m_error->setWordWrap(true);
    m_error->setContentsMargins(m_editor->fills_row() ? 0 : label_width, 0, 0, 4);
    m_error->hide();
    column->addWidget(m_error);
    refresh_unit();

    connect(m_editor, &ParameterEditor::edited, this, [this, id](const Json& value, bool dragging) {
        try {
            m_form.edit(id, value, dragging);
            if (has_error()) m_form.set_error(id, {});
        } catch (const std::exception& error) {
            m_form.set_error(id, QString::fromUtf8(error.what()));
            m_editor->show_value(m_value);
        }
    });
    connect(m_editor, &ParameterEditor::reset_requested, this, [this, id] { m_form.reset(id); });
    connect(m_label, &RowLabel::reset_requested, this, [this, id] { m_form.reset(id); });
    connect(m_editor, &ParameterEditor::refused, this, [this, id](const QString& reason) { m_form.set_error(id, reason); });
}

void ParameterRow::refresh_unit() {
    QString text = m_hint;
    if (text.isEmpty()) text = QString::fromStdString(m_parameter.unit);
    if (text.isEmpty()) text = m_editor->note(m_value);
    m_unit->setText(text);
    m_unit->setFixedWidth(text.isEmpty() && !m_editor->reserves_unit() ? 0 : std::max(kUnitWidth + 6, m_unit->fontMetrics().horizontalAdvance(text) + 8));
}

void ParameterRow::show_value(const Json& value) {
    m_value = value;
    m_editor->show_value(value);
    if (m_editor->reserves_unit()) refresh_unit();
}

void ParameterRow::set_limits(const EditorLimits& limits) { m_editor->set_limits(limits); }
void ParameterRow::set_differs(bool differs) { m_label->set_dot(differs); }

void ParameterRow::set_hint(const QString& hint) {
    if (hint == m_hint) return;
    m_hint = hint;
    refresh_unit();
}

void ParameterRow::set_error(const QString& text) {
    m_error->setText(text);
    m_error->setVisible(!text.isEmpty());
    m_editor->set_error(!text.isEmpty());
}

void ParameterRow::set_available(bool available, const QString& reason) {
    m_editor->setEnabled(available);
    m_label->setEnabled(available);
    m_unit->setEnabled(available);
    setToolTip(available ? QString() : reason);
}

void ParameterRow::contextMenuEvent(QContextMenuEvent* event) {
    const QString id = QString::fromStdString(m_parameter.id);
    QMenu menu(this);
    menu.addAction(tr("Reset to %1").arg(QString::fromStdString(value_text(m_parameter.default_value)).left(40)), this, [this, id] { m_form.reset(id); });
    menu.addSeparator();
    menu.addAction(tr("Copy value"), this, [this] { QApplication::clipboard()->setText(QString::fromStdString(value_text(m_value))); });
    menu.addAction(tr("Copy as command line"), this, [this] {
        const auto [option, value] = command_option(m_parameter.id, m_value);
        QApplication::clipboard()->setText(QString::fromStdString(option + " " + (option == "--tap" ? "'" + value + "'" : value)));
    });
    menu.addAction(tr("Copy whole command line"), this, [this] { Q_EMIT m_form.copy_command_line_requested(); });
    menu.addSeparator();
    menu.addAction(tr("Help on this"), this, [this, id] { Q_EMIT m_form.help_requested(id); });
    menu.exec(event->globalPos());
}

}
