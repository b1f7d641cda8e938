#pragma once
// Rows in the parameter dock that are no plain parameters: the calibration offset of one camera, what is shown of the detections, and the classes.
#include "core/base/json.h"
#include "plugins/bev/panel/selection.h"
#include <QWidget>

class QCheckBox;
class QComboBox;
class QTableWidgetItem;

namespace lathe {
class NumberField;
class SimpleTable;
class Slider;
class TextLabel;
}

namespace lathe::bev {

/// Slider and field of one number.
class OffsetRow : public QWidget {
    Q_OBJECT
public:
    OffsetRow(const QString& label, double most, double step, const QString& unit, QWidget* parent);
    void set_value(double value);
    double value() const;
Q_SIGNALS:
    void edited(double value, bool dragging);
private:
    Slider* m_slider;
    NumberField* m_field;
};

/// Edits the table parameter "calibration" (columns camera, yaw °, pitch °, roll °, right m, up m, forward m), one camera at a time.
class CalibrationRows : public QWidget {
    Q_OBJECT
public:
    explicit CalibrationRows(QWidget* parent = nullptr);
    void set_cameras(const QStringList& channels);
    void set_value(const Json& table);                     ///< the whole parameter
    void set_note(const QString& text);
    QString camera() const;
    void choose_camera(const QString& channel);
Q_SIGNALS:
    void edited(lathe::Json table, bool dragging, QString undo_text);
private:
    void show_camera();
    void change(std::size_t column, double value, bool dragging);
    Json m_table;
    QComboBox* m_camera;
    std::array<OffsetRow*, 3> m_rows;
    TextLabel* m_note;
    QWidget* m_reset;
};

class DetectionRows : public QWidget {
    Q_OBJECT
public:
    explicit DetectionRows(QWidget* parent = nullptr);
    const Shown& shown() const { return m_shown; }
    void set_shown(const Shown& shown);
Q_SIGNALS:
    void changed(QString undo_text, bool dragging);
private:
    Shown m_shown;
    OffsetRow* m_score;
    QCheckBox *m_truth, *m_predicted, *m_velocity;
};

/// Check boxes by class with the counts of this sample and the last measured AP.
class ClassRows : public QWidget {
    Q_OBJECT
public:
    explicit ClassRows(QWidget* parent = nullptr);
    void show_counts(std::shared_ptr<const Frame> frame, const Shown& shown);   ///< frame may be null
    void set_measured(const std::array<std::optional<double>, 10>& ap, const QString& note);   ///< AP at 2 m
Q_SIGNALS:
    void toggled(int label, bool on);
private:
    SimpleTable* m_table;
    TextLabel* m_note;
    std::array<std::optional<double>, 10> m_ap{};
    std::shared_ptr<const Frame> m_frame;
    Shown m_shown;
    bool m_filling = false;
};

}
