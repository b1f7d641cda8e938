#pragma once
// The colour of each model, the same in list, strip, plots and tables. After five models the colours repeat with another hatch. GUI thread only.
#include <QBrush>
#include <QColor>
#include <QStringList>
#include <QWidget>

namespace lathe::vit_merge {

QColor model_colour(int index);
QBrush model_brush(int index);                             ///< solid for the first five, then hatched

/// 10 x 10 in the colour and hatch of a model.
class ModelSwatch : public QWidget {
    Q_OBJECT
public:
    explicit ModelSwatch(int index, QWidget* parent = nullptr);
    QSize sizeHint() const override { return {10, 10}; }
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    int m_index;
};

}
