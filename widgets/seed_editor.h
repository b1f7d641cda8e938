#pragma once
// A seed in the code font, a die that draws a new one, and a lock: an unlocked seed is drawn again at every recorded run.
#include "widgets/parameter_editors.h"

class QToolButton;

namespace lathe {

class NumberField;

class SeedEditor : public ParameterEditor {
    Q_OBJECT
public:
    SeedEditor(const Parameter& parameter, QWidget* parent);
    void show_value(const Json& value) override;
    void set_error(bool error) override;
    bool is_locked() const;
    void roll();
private:
    NumberField* m_field;
    QToolButton* m_lock;
};

}
