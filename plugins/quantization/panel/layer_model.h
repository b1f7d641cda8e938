#pragma once
// The rows of the layer table: what the engine measured, the bits that are chosen, and what is estimated at those. GUI thread only.
#include "plugins/quantization/panel/estimate.h"
#include <QAbstractTableModel>

namespace lathe::quantization {

/// A layer as the table shows it.
struct ShownLayer {
    LayerRow row;
    LayerBits bits;                                        ///< in force
    bool chosen_weight = false, chosen_activation = false; ///< it differs from the backend's own
    bool excluded = false, can_quantize = true, has_input_quantizer = true;
    double loss_delta = std::nan("");                      ///< estimated, of its weight at these bits
    bool stale = false;                                    ///< what was measured belongs to other bits
};

class LayerModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { name, shape, weight_bits, activation_bits, kilobytes, sqnr, loss, rmse, weight_strip, clipped, codes, input_strip, input_clipped, input_codes, type, macs, weight_scheme, input_scheme, node, column_count };
    /// Slots of the bit sliders: 2 to 8, 16, float.
    static constexpr int kSlots = 9;
    static int slot_of(int bits);
    static int bits_of(int slot);                          ///< 0: float

    using QAbstractTableModel::QAbstractTableModel;
    void set_layers(const QList<ShownLayer>& layers);      ///< the view keeps its place where the nodes are the same
    const QList<ShownLayer>& layers() const { return m_layers; }
    const ShownLayer* at(const QModelIndex& source_index) const;
    int row_of(const QString& node) const;
    static QString title(int column);
    static bool is_shown_at_first(int column);

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_layers.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(column_count); }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QVariant value(const ShownLayer& layer, int column) const;
    QString text(const ShownLayer& layer, int column) const;
    QList<ShownLayer> m_layers;
};

/// Whether a layer passes: words of its name, type, shape or scheme, and conditions such as "sqnr<12" or "bits<=4" between them. A text that is wrong passes nothing and
/// is said in `problem`.
bool passes_filter(const ShownLayer& layer, const QString& text, QString* problem = nullptr);

}
