#pragma once
// Accuracy and storage against m, lambda, tau or temperature, along the path between two models and over the plane of three. What was swept stays for each axis. GUI thread only.
#include "plugins/vit_merge/panel/description.h"
#include <QHash>
#include <QWidget>

class QComboBox;
class QPushButton;
class QStackedWidget;

namespace lathe {
class DockTitle;
class HeatMapView;
class PlotViewer;
class SegmentedControl;
class TextLabel;
}

namespace lathe::vit_merge {

class SweepView : public QWidget {
    Q_OBJECT
public:
    explicit SweepView(QWidget* options, QWidget* parent = nullptr);
    static const QStringList& axes();                      ///< m, lambda, tau, temperature, path, plane
    QString axis() const;
    void set_axis(const QString& axis);                    ///< no signal
    void take(const QString& axis, const Artifact& artifact, const Json& key);   ///< table sweep
    void show_storage(const QList<StoragePoint>& storage, double separate);
    void set_now(double m, double lambda, double tau, double temperature);   ///< the cursor
    void set_running(const QString& text);                 ///< empty: it does not run
    void set_keys(const QHash<QString, Json>& keys);       ///< what is chosen now, by axis: sweeps of something else are stale
    void forget();
    PlotViewer* accuracy() { return m_accuracy; }
    PlotViewer* storage() { return m_storage; }
    HeatMapView* plane() { return m_plane; }
    QString note() const;
    QString as_csv() const;                                ///< of the axis that is shown
Q_SIGNALS:
    void axis_changed(QString axis);                       ///< by the user
    void run_requested();                                  ///< of the axis that is shown; while it runs: cancel
    void value_chosen(QString axis, double value);         ///< a point was clicked
protected:
    bool eventFilter(QObject* object, QEvent* event) override;   // the plots became wider
private:
    struct Sweep { CsvTable table; Json key; };
    void show_axis();
    void show_curves(const Sweep& sweep, bool stale);
    void show_plane(const Sweep& sweep, bool stale);
    void show_cursor();
    void align_plots();                                    // both have their axes at the same pixels
    QHash<QString, Sweep> m_sweeps;
    QHash<QString, double> m_now;
    QList<StoragePoint> m_points;
    double m_separate = 0;
    QHash<QString, Json> m_keys;
    QString m_running;
    DockTitle* m_title;
    SegmentedControl* m_axis;
    QPushButton* m_run;
    QComboBox* m_of;
    TextLabel* m_note;
    QStackedWidget* m_pages;
    PlotViewer *m_accuracy, *m_storage;
    HeatMapView* m_plane;
};

}
