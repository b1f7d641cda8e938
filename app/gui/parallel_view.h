#pragma once
// Compared runs as lines over parallel axes: one axis for each shown column in which they differ.
#include "app/gui/runs_model.h"
#include <QList>
#include <QWidget>

namespace lathe {

class ParallelView : public QWidget {
    Q_OBJECT
public:
    explicit ParallelView(RunsLook& look, QWidget* parent = nullptr);
    void set_runs(const QList<ListedRun>& runs);
    QSize sizeHint() const override { return {360, 120}; }
    QSize minimumSizeHint() const override { return {160, 80}; }
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    struct Axis { QString title; QList<double> positions; QStringList texts; };   ///< positions 0 to 1, NaN: no value
    QList<Axis> axes() const;
    RunsLook& m_look;
    QList<ListedRun> m_runs;
};

}
