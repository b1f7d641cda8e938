#include "plugins/bev/panel/side_rows.h"
#include "widgets/number_field.h"
#include "widgets/simple_table.h"
#include "widgets/slider.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::bev {
namespace {

constexpr int kLabelWidth = 52;
// Places in the columns of the parameter "calibration".
constexpr std::array<std::size_t, 3> kColumns{1, 2, 5};
const std::array<double, 3> kScale{1, 1, 0.01};            // degrees, degrees, centimetres to metres

Json row_of(const Json& table, const QString& camera) {
    if (table.is_object())
        if (const auto rows = table.find("rows"); rows != table.end() && rows->is_array())
            for (const Json& row : *rows)
                if (row.is_array() && row.size() == 7 && row[0] == camera.toStdString()) return row;
    return Json::array({camera.toStdString(), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0});
}

double cell_of(const Json& row, std::size_t column) { return row[column].is_number() ? row[column].get<double>() : 0; }

}

OffsetRow::OffsetRow(const QString& label, double most, double step, const QString& unit, QWidget* parent) : QWidget(parent), m_slider(new Slider(this)), m_field(new NumberField(this)) {
    setFixedHeight(32);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    auto* name = new TextLabel(label, 13, false, TextRole::normal, this);
    name->setFixedWidth(kLabelWidth);
    row->addWidget(name);
    const double least = unit.isEmpty() ? 0 : -most;
    m_slider->set_range(least, most);
    m_slider->set_step(step);
    m_slider->setAccessibleName(label);
    row->addWidget(m_slider, 1);
    m_field->set_limits(least, most);
    m_field->set_decimals(step < 0.1 ? 2 : 1);
    m_field->set_step(step);
    m_field->setFixedWidth(58);
    m_field->setAccessibleName(label);
    row->addWidget(m_field);
    if (!unit.isEmpty()) {
        auto* after = new TextLabel(unit, 12, false, TextRole::secondary, this);
        after->setFixedWidth(20);
        row->addWidget(after);
    }
    connect(m_slider, &Slider::moved, this, [this](double value, bool dragging) {
        m_field->set_value(value);
        Q_EMIT edited(value, dragging);
    });
    connect(m_slider, &Slider::reset_requested, this, [this] {
        set_value(0);
        Q_EMIT edited(0, false);
    });
    connect(m_field, &NumberField::value_edited, this, [this](double value) {
        m_slider->set_value(value);
        Q_EMIT edited(value, false);
    });
}

void OffsetRow::set_value(double value) {
    if (!m_slider->is_dragging()) m_slider->set_value(value);
    m_field->set_value(value);
}

double OffsetRow::value() const { return m_field->value(); }

CalibrationRows::CalibrationRows(QWidget* parent) : QWidget(parent), m_camera(new QComboBox(this)), m_note(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* line = new QHBoxLayout;
    line->setSpacing(8);
    auto* name = new TextLabel(tr("Camera"), 13, false, TextRole::normal, this);
    name->setFixedWidth(kLabelWidth);
    line->addWidget(name);
    m_camera->setAccessibleName(tr("Camera that is moved"));
    m_camera->setMinimumWidth(110);
    line->addWidget(m_camera, 1);
    auto* reset = new QPushButton(tr("Reset"), this);
    reset->setFlat(true);
    reset->setToolTip(tr("No offset for any camera"));
    m_reset = reset;
    line->addWidget(reset);
    column->addLayout(line);
    m_rows = {new OffsetRow(tr("Yaw"), 10, 0.05, QStringLiteral("°"), this), new OffsetRow(tr("Pitch"), 10, 0.05, QStringLiteral("°"), this), new OffsetRow(tr("Height"), 100, 1, QStringLiteral("cm"), this)};
    for (std::size_t i = 0; i < 3; ++i) {
        column->addWidget(m_rows[i]);
        connect(m_rows[i], &OffsetRow::edited, this, [this, i](double value, bool dragging) { change(kColumns[i], value * kScale[i], dragging); });
    }
    m_note->setWordWrap(true);
    column->addWidget(m_note);
    connect(m_camera, &QComboBox::currentIndexChanged, this, &CalibrationRows::show_camera);
    connect(reset, &QPushButton::clicked, this, [this] {
        Json table = m_table;
        table["rows"] = Json::array();
        Q_EMIT edited(table, false, tr("No calibration offset"));
    });
    set_cameras({});
}

void CalibrationRows::set_cameras(const QStringList& channels) {
    const QString before = camera();
    {
        const QSignalBlocker quiet(m_camera);
        m_camera->clear();
        for (const QString& channel : channels) {
            QPixmap chip(10, 10);
            chip.fill(camera_colour(channel, m_camera->count()));
            m_camera->addItem(chip, short_name(channel), channel);
        }
        m_camera->setCurrentIndex(std::max(0, m_camera->findData(before)));
    }
    setEnabled(!channels.isEmpty());
    show_camera();
}

QString CalibrationRows::camera() const { return m_camera->currentData().toString(); }

void CalibrationRows::choose_camera(const QString& channel) {
    if (const int at = m_camera->findData(channel); at >= 0) m_camera->setCurrentIndex(at);
}

void CalibrationRows::set_value(const Json& table) {
    m_table = table;
    show_camera();
}

void CalibrationRows::set_note(const QString& text) { m_note->setText(text); }

void CalibrationRows::show_camera() {
    const Json row = row_of(m_table, camera());
    for (std::size_t i = 0; i < 3; ++i) m_rows[i]->set_value(cell_of(row, kColumns[i]) / kScale[i]);
    const auto rows = m_table.is_object() ? m_table.find("rows") : m_table.end();
    m_reset->setVisible(m_table.is_object() && rows != m_table.end() && rows->is_array() && !rows->empty());
}

/// A camera without any offset has no row.
void CalibrationRows::change(std::size_t column, double value, bool dragging) {
    const QString channel = camera();
    if (channel.isEmpty() || !m_table.is_object()) return;
    Json row = row_of(m_table, channel), rows = Json::array();
    row[column] = value;
    const Json old = m_table.value("rows", Json::array());
    for (const Json& other : old)
        if (other.is_array() && !other.empty() && other[0] != row[0]) rows.push_back(other);
    bool any = false;
    for (std::size_t i = 1; i < 7; ++i) any = any || cell_of(row, i) != 0;
    if (any) rows.push_back(row);
    m_table["rows"] = rows;
    Q_EMIT edited(m_table, dragging, tr("Move %1").arg(short_name(channel)));
}

// --- detections

DetectionRows::DetectionRows(QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    column->addWidget(m_score = new OffsetRow(tr("Score"), 1, 0.01, {}, this));
    m_score->setToolTip(tr("Boxes with a smaller score are not shown; nothing is computed again."));
    const auto box = [&](const QString& text, const QColor& colour) {
        auto* line = new QWidget(this);
        auto* row = new QHBoxLayout(line);
        row->setContentsMargins(0, 0, 0, 0);
        auto* check = new QCheckBox(text, line);
        row->addWidget(check, 1);
        if (colour.isValid()) {
            auto* swatch = new Swatch(line);
            swatch->set_block(colour);
            row->addWidget(swatch);
        }
        line->setFixedHeight(26);
        column->addWidget(line);
        return check;
    };
    m_truth = box(tr("Ground truth"), kTruthColour);
    m_predicted = box(tr("Prediction"), kBoxColour);
    m_velocity = box(tr("Velocity arrows"), {});
    set_shown(m_shown);
    connect(m_score, &OffsetRow::edited, this, [this](double value, bool dragging) {
        m_shown.score = value;
        Q_EMIT changed(tr("Score above %1").arg(value, 0, 'f', 2), dragging);
    });
    for (const auto& [check, member] : {std::pair(m_truth, &Shown::truth), std::pair(m_predicted, &Shown::predicted), std::pair(m_velocity, &Shown::velocity)})
        connect(check, &QCheckBox::toggled, this, [this, check, member](bool on) {
            m_shown.*member = on;
            Q_EMIT changed(on ? tr("Show %1").arg(check->text()) : tr("Hide %1").arg(check->text()), false);
        });
}

void DetectionRows::set_shown(const Shown& shown) {
    m_shown = shown;
    const QSignalBlocker a(m_truth), b(m_predicted), c(m_velocity);
    m_score->set_value(shown.score);
    m_truth->setChecked(shown.truth);
    m_predicted->setChecked(shown.predicted);
    m_velocity->setChecked(shown.velocity);
}

// --- classes

ClassRows::ClassRows(QWidget* parent) : QWidget(parent), m_table(new SimpleTable({tr("Class"), tr("GT"), tr("Pred"), tr("AP@2m")}, this)), m_note(new TextLabel({}, 11, false, TextRole::hint, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    m_table->setAccessibleName(tr("Classes"));
    m_table->setSizePolicy(QSizePolicy::Ignored, m_table->sizePolicy().verticalPolicy());   // long names are cut, the dock is not widened for them
    column->addWidget(m_table);
    m_note->setWordWrap(true);
    column->addWidget(m_note);
    connect(m_table, &QTableWidget::itemChanged, this, [this](QTableWidgetItem* item) {
        if (!m_filling && item->column() == 0) Q_EMIT toggled(item->row(), item->checkState() == Qt::Checked);
    });
    show_counts(nullptr, {});
}

void ClassRows::show_counts(std::shared_ptr<const Frame> frame, const Shown& shown) {
    m_frame = frame;
    m_shown = shown;
    m_filling = true;
    QList<QStringList> rows;
    std::array<int, 10> truth{}, found{};
    if (frame) {
        for (const SceneObject& o : frame->truth) ++truth[std::size_t(o.label)];
        for (const SceneObject& o : frame->boxes) found[std::size_t(o.label)] += o.score >= shown.score;
    }
    for (int i = 0; i < 10; ++i)
        rows << QStringList{class_names()[i], frame ? QString::number(truth[std::size_t(i)]) : QStringLiteral("–"), frame && frame->has_boxes ? QString::number(found[std::size_t(i)]) : QStringLiteral("–"),
            m_ap[std::size_t(i)] ? QString::number(*m_ap[std::size_t(i)], 'f', 2) : QStringLiteral("–")};
    m_table->set_rows(rows);
    for (int i = 0; i < 10; ++i) {
        QTableWidgetItem* item = m_table->item(i, 0);
        item->setFlags(item->flags() | Qt::ItemIsUserCheckable);
        item->setToolTip(class_names()[i]);
        item->setCheckState(shown.classes[std::size_t(i)] ? Qt::Checked : Qt::Unchecked);
    }
    m_filling = false;
}

void ClassRows::set_measured(const std::array<std::optional<double>, 10>& ap, const QString& note) {
    m_ap = ap;
    m_note->setText(note);
    show_counts(m_frame, m_shown);
}

}
