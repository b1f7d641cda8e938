#pragma once
// Models against each other: two of them layer by layer (weights, spectra, representations, keys), or all in pairs, and their features as points. GUI thread only.
#include "plugins/vit_merge/panel/description.h"
#include <QWidget>

class QComboBox;
class QPushButton;
class QStackedWidget;

namespace lathe {
class HeatMapView;
class PlotViewer;
class SegmentedControl;
class TableView;
class ElidedLabel;
}

namespace lathe::vit_merge {

class CompareView : public QWidget {
    Q_OBJECT
public:
    enum class Page { layers, cka, spectra, keys, pairs, embedding };
    explicit CompareView(QWidget* options, QWidget* parent = nullptr);
    void show_description(const Description& description);   ///< names to choose from, and what is known of all pairs
    void take(const Artifact& artifact);                   ///< layers, cka, spectra, keys, pairs, embedding
    void begin();                                          ///< what was there is of another pair
    void set_running(const QString& text);
    void set_stale(bool stale);
    void set_block(int block);                             ///< its rows are selected
    QString first() const;                                 ///< empty: the base
    QString second() const;
    void choose(const QString& first, const QString& second);   ///< no signal
    Page page() const;
    void set_page(Page page);                              ///< no signal
    TableView* layers() { return m_layer_table; }
    PlotViewer* layer_plot() { return m_layer_plot; }
    HeatMapView* cka() { return m_cka; }
    HeatMapView* pairs() { return m_pairs; }
    PlotViewer* spectra() { return m_spectra; }
    PlotViewer* embedding() { return m_embedding; }
    TableView* keys() { return m_key_table; }
    QString note() const;
Q_SIGNALS:
    void run_requested();                                  ///< while it runs: cancel
    void choice_changed();                                 ///< by the user: page or models
    void block_chosen(int block);
    void model_chosen(QString name);
private:
    QWidget* build_layers();
    QWidget* build_with_choice(QWidget* view, QComboBox* box, const QString& name);   ///< box may be null
    void show_layers();
    void show_spectra();
    void show_pairs();
    void show_embedding();
    void show_note();
    CsvTable m_layers, m_spectrum, m_pair_rows, m_points;
    Description m_set;
    QString m_running;
    bool m_stale = false;
    QComboBox *m_first, *m_second, *m_measure, *m_key, *m_pair_measure, *m_model;
    QPushButton* m_run;
    SegmentedControl* m_switch;
    QStackedWidget* m_pages;
    ElidedLabel* m_note;
    TableView *m_layer_table, *m_key_table;
    PlotViewer *m_layer_plot, *m_spectra, *m_embedding;
    HeatMapView *m_cka, *m_pairs;
};

}
