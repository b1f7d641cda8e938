#pragma once
// How alike the blocks of the models are, attention and MLP apart: the full weights on a relative range with four digits, and the cosine of the task vectors beside. Blocks that the
// gate merges are marked; a click on a block moves m so that it is gated, or is no more. GUI thread only.
#include "plugins/vit_merge/panel/description.h"
#include "viewers/heat_map.h"

namespace lathe {
class DockTitle;
class ElidedLabel;
class TextLabel;
}

namespace lathe::vit_merge {

/// A heat map of blocks (rows) by kind (columns) with the numbers in its cells and a mark where a cell is gated.
class SimilarityMap : public HeatMapView {
    Q_OBJECT
public:
    explicit SimilarityMap(QWidget* parent = nullptr);
    void show_values(const std::vector<double>& attention, const std::vector<double>& mlp);
    void set_gated(const GatedBlocks& gated);
    bool is_gated(int block, int kind) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    QSize minimumSizeHint() const override { return {120, 100}; }
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    std::vector<double> m_shown;                           // row-major
    GatedBlocks m_gated;
};

class SimilarityView : public QWidget {
    Q_OBJECT
public:
    explicit SimilarityView(QWidget* parent = nullptr);
    void show_description(const Description& description);
    void show_gated(const GatedBlocks& gated, int m, double tau);
    void set_block(int block);                             ///< marked; no signal
    void set_stale(bool stale);
    SimilarityMap* full() { return m_full; }
    SimilarityMap* tasks() { return m_tasks; }
    QString note() const;
    void show_as_table();
Q_SIGNALS:
    void block_clicked(int block, bool is_attention);
private:
    DockTitle* m_title;
    SimilarityMap *m_full, *m_tasks;
    ElidedLabel *m_full_note, *m_tasks_note;
    TextLabel* m_note;
    QList<BlockFacts> m_blocks;
    GatedBlocks m_gated;
};

}
