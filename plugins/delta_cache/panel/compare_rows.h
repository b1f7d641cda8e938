#pragma once
// Below the parameters: what the images are compared with, the wanted speed-up, saved presets.
#include "core/base/json.h"
#include <QList>
#include <QWidget>

class QCheckBox;
class QVBoxLayout;

namespace lathe {
class NumberField;
class TextLabel;
}

namespace lathe::delta_cache {

/// Swatch, name and speed-up of the reference, this run and the control.
class CompareRows : public QWidget {
    Q_OBJECT
public:
    explicit CompareRows(QWidget* parent = nullptr);
    void set_this(const QString& name, double speedup);
    void set_control_speedup(double speedup);               ///< NaN: none
    bool wants_control() const;
    void set_wants_control(bool on);                         ///< no signal
Q_SIGNALS:
    void control_toggled(bool on);
private:
    TextLabel *m_name, *m_speedup, *m_control_speedup;
    QCheckBox* m_control;
};

/// "Target 1.60 ×  gives Nc = 9".
class TargetRow : public QWidget {
    Q_OBJECT
public:
    explicit TargetRow(QWidget* parent = nullptr);
    double target() const;
    void set_answer(const QString& text, bool reachable);
Q_SIGNALS:
    void edited(double target);
private:
    NumberField* m_field;
    TextLabel* m_answer;
};

struct Preset { QString name; Json params; double speedup = 1; };

class PresetRows : public QWidget {
    Q_OBJECT
public:
    explicit PresetRows(QWidget* parent = nullptr);
    void set_presets(const QList<Preset>& presets);
Q_SIGNALS:
    void chosen(int index);
    void save_requested();
private:
    QVBoxLayout* m_column;
    QList<QWidget*> m_rows;
};

}
