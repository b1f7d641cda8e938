#include "plugins/quantization/panel/layer_table.h"
#include "viewers/view_export.h"
#include "widgets/lathe_style.h"
#include "widgets/simple_table.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QStyledItemDelegate>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr int kNumberWidth = 30, kSliderPad = 10;

/// Where the track of a bit slider lies in its cell.
QRectF track_in(const QRectF& cell) { return {cell.left() + kSliderPad, cell.top(), std::max(30.0, cell.width() - 2 * kSliderPad - kNumberWidth), cell.height()}; }

double slot_x(const QRectF& track, int slot) { return track.left() + track.width() * slot / (LayerModel::kSlots - 1); }

void draw_bits(QPainter& painter, const QRectF& cell, int bits, bool is_bold, bool is_on) {
    const ThemeColours& c = theme_colours();
    const QRectF track = track_in(cell);
    const int slot = LayerModel::slot_of(bits);
    const double y = track.center().y(), x = slot_x(track, slot);
    painter.setRenderHint(QPainter::Antialiasing);
    if (is_on) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(c.line);
        painter.drawRoundedRect(QRectF(track.left(), y - 1.5, track.width(), 3), 1.5, 1.5);
        painter.setBrush(c.accent);
        painter.drawRoundedRect(QRectF(track.left(), y - 1.5, x - track.left(), 3), 1.5, 1.5);
        for (int i = 0; i < LayerModel::kSlots; ++i) {
            painter.setBrush(i <= slot ? c.accent : c.edge);
            painter.drawEllipse(QPointF(slot_x(track, i), y), 1.6, 1.6);
        }
        painter.setPen(QPen(c.accent, 2));
        painter.setBrush(c.input);
        painter.drawEllipse(QPointF(x, y), 5.5, 5.5);
    }
    painter.setPen(is_on ? c.text : c.text3);
    painter.setFont(Theme::instance().font(12, is_bold));
    painter.drawText(QRectF(cell.right() - kNumberWidth - 4, cell.top(), kNumberWidth, cell.height()), Qt::AlignRight | Qt::AlignVCenter, is_on ? bits_text(bits) : QStringLiteral("–"));
}

/// Counts as bars on a log scale; what lies outside of the clip range in the colour of warnings.
void draw_strip(QPainter& painter, const QRectF& cell, const RangeFacts& facts, bool quantized) {
    if (!facts.is_known()) return;
    const ThemeColours& c = theme_colours();
    const QRectF area = cell.adjusted(8, 4, -8, -4);
    constexpr int kBars = 32;
    std::vector<double> bars(kBars, 0);
    for (std::size_t i = 0; i < facts.counts.size(); ++i) bars[i * kBars / facts.counts.size()] += double(facts.counts[i]);
    const double most = std::log1p(*std::ranges::max_element(bars));
    if (most <= 0) return;
    painter.setPen(Qt::NoPen);
    painter.setRenderHint(QPainter::Antialiasing, false);
    const double step = area.width() / kBars;
    for (int i = 0; i < kBars; ++i) {
        if (bars[std::size_t(i)] <= 0) continue;
        const double middle = facts.low + (facts.high - facts.low) * (i + 0.5) / kBars, height = std::max(1.0, area.height() * std::log1p(bars[std::size_t(i)]) / most);
        const bool out = quantized && !std::isnan(facts.clip_low) && (middle < facts.clip_low || middle > facts.clip_high);
        painter.fillRect(QRectF(area.left() + i * step, area.bottom() - height, std::max(1.0, step - 0.6), height), out ? theme_colours().series[4] : c.axis);
    }
}

class LayerDelegate : public QStyledItemDelegate {
public:
    LayerDelegate(LayerTable* table) : QStyledItemDelegate(table), m_table(table) {}
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const int column = index.column();
        const bool is_own = column == LayerModel::weight_bits || column == LayerModel::activation_bits || column == LayerModel::weight_strip || column == LayerModel::input_strip;
        if (!is_own) return QStyledItemDelegate::paint(painter, option, index);
        QStyleOptionViewItem bare = option;
        initStyleOption(&bare, index);
        bare.text.clear();
        m_table->style()->drawControl(QStyle::CE_ItemViewItem, &bare, painter, m_table);
        const ShownLayer* layer = m_table->layer_model()->at(m_table->sort_model()->mapToSource(index));
        if (!layer) return;
        painter->save();
        if (column == LayerModel::weight_bits) draw_bits(*painter, option.rect, layer->bits.weight, layer->chosen_weight, layer->can_quantize || layer->excluded);
        else if (column == LayerModel::activation_bits) draw_bits(*painter, option.rect, layer->bits.activation, layer->chosen_activation, layer->has_input_quantizer);
        else draw_strip(*painter, option.rect, column == LayerModel::weight_strip ? layer->row.weight : layer->row.activation, column == LayerModel::weight_strip ? layer->bits.weight > 0 : layer->bits.activation > 0);
        painter->restore();
    }
private:
    LayerTable* m_table;
};

}

LayerTable::LayerTable(QWidget* parent) : TableView(parent), m_layers(new LayerModel(this)) {
    prepare_table(this);
    setAccessibleName(tr("Layers"));
    setSelectionMode(ExtendedSelection);
    setItemDelegate(new LayerDelegate(this));
    set_model(m_layers);
    const std::pair<int, int> widths[] = {{LayerModel::name, 104}, {LayerModel::shape, 88}, {LayerModel::weight_bits, 104}, {LayerModel::activation_bits, 104}, {LayerModel::kilobytes, 88}, {LayerModel::sqnr, 72},
        {LayerModel::loss, 72}, {LayerModel::rmse, 72}, {LayerModel::weight_strip, 56}, {LayerModel::input_strip, 80}, {LayerModel::weight_scheme, 170}, {LayerModel::input_scheme, 170}, {LayerModel::node, 120}};
    for (const auto& [column, width] : widths) setColumnWidth(column, width);
    for (int column = 0; column < LayerModel::column_count; ++column) setColumnHidden(column, !LayerModel::is_shown_at_first(column));
    horizontalHeader()->setStretchLastSection(true);
    connect(m_layers, &QAbstractItemModel::modelReset, this, &LayerTable::apply_filter);
    connect(m_layers, &QAbstractItemModel::dataChanged, this, [this] {
        if (!m_drag.on) apply_filter();   // nothing vanishes below a hand
    });
    connect(sort_model(), &MultiSortModel::layoutChanged, this, &LayerTable::apply_filter);
    connect(sort_model(), &MultiSortModel::sorted, this, &LayerTable::apply_filter);
    connect(selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        if (!m_quiet) Q_EMIT selection_moved();
    });
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
        if (!m_quiet) Q_EMIT selection_moved();
    });
    connect(&Theme::instance(), &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

QStringList LayerTable::selected() const {
    QStringList out;
    const auto* model = static_cast<const MultiSortModel*>(this->model());
    for (int row = 0; row < model->rowCount(); ++row)
        if (!isRowHidden(row) && selectionModel()->isRowSelected(row))
            if (const ShownLayer* layer = m_layers->at(model->mapToSource(model->index(row, 0)))) out << layer->row.node;
    return out;
}

QString LayerTable::current() const {
    const auto* model = static_cast<const MultiSortModel*>(this->model());
    const ShownLayer* layer = m_layers->at(model->mapToSource(currentIndex()));
    return layer ? layer->row.node : QString();
}

void LayerTable::select(const QStringList& nodes, const QString& current) {
    m_quiet = true;
    QItemSelection selection;
    QModelIndex at;
    for (const QString& node : nodes) {
        const int row = m_layers->row_of(node);
        if (row < 0) continue;
        const QModelIndex first = sort_model()->mapFromSource(m_layers->index(row, 0));
        selection.select(first, sort_model()->index(first.row(), LayerModel::column_count - 1));
        if (node == current || !at.isValid()) at = first;
    }
    if (at.isValid()) selectionModel()->setCurrentIndex(sort_model()->index(at.row(), currentIndex().isValid() ? currentIndex().column() : int(LayerModel::weight_bits)), QItemSelectionModel::NoUpdate);
    selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
    if (at.isValid()) scrollTo(at);
    m_quiet = false;
}

void LayerTable::set_filter(const QString& text) {
    m_filter = text;
    apply_filter();
}

/// A condition that cannot be read keeps the last rows.
void LayerTable::apply_filter() {
    m_problem.clear();
    std::vector<bool> hidden;
    for (int row = 0; row < sort_model()->rowCount(); ++row) {
        const ShownLayer* layer = m_layers->at(sort_model()->mapToSource(sort_model()->index(row, 0)));
        hidden.push_back(layer && !passes_filter(*layer, m_filter, &m_problem));
    }
    if (!m_problem.isEmpty()) return;
    for (std::size_t row = 0; row < hidden.size(); ++row) setRowHidden(int(row), hidden[row]);
}

int LayerTable::shown_rows() const {
    int shown = 0;
    for (int row = 0; row < model()->rowCount(); ++row) shown += !isRowHidden(row);
    return shown;
}

QRect LayerTable::slider_rect(const QString& node, bool is_weight) const {
    const int row = m_layers->row_of(node);
    if (row < 0) return {};
    const auto* model = static_cast<const MultiSortModel*>(this->model());
    const QModelIndex index = model->mapFromSource(m_layers->index(row, is_weight ? LayerModel::weight_bits : LayerModel::activation_bits));
    return track_in(visualRect(index)).toRect();
}

// --- moving bits

std::map<QString, int> LayerTable::bits_of_selected(bool is_weight) const {
    std::map<QString, int> out;
    for (const QString& node : selected()) {
        const ShownLayer& layer = m_layers->layers()[m_layers->row_of(node)];
        if (is_weight ? layer.can_quantize || layer.excluded : layer.has_input_quantizer) out[node] = is_weight ? layer.bits.weight : layer.bits.activation;
    }
    return out;
}

int LayerTable::slot_at(const QRectF& track, double x) const { return std::clamp(int(std::lround((x - track.left()) / std::max(1.0, track.width()) * (LayerModel::kSlots - 1))), 0, LayerModel::kSlots - 1); }

/// All selected rows move by as many slots as the one below the pointer. Values have no float slot: that is said for a whole layer.
void LayerTable::move_to(int slot, bool dragging) {
    const int by = slot - m_drag.slot, most = m_drag.is_weight ? LayerModel::kSlots - 1 : LayerModel::kSlots - 2;
    std::map<QString, int> bits;
    for (const auto& [node, before] : m_drag.before) bits[node] = LayerModel::bits_of(std::clamp(LayerModel::slot_of(before) + by, 0, most));
    Q_EMIT bits_moved(m_drag.is_weight, bits, dragging);
}

void LayerTable::mousePressEvent(QMouseEvent* event) {
    const QModelIndex index = indexAt(event->position().toPoint());
    const ShownLayer* layer = index.isValid() ? m_layers->at(sort_model()->mapToSource(index)) : nullptr;
    const bool is_weight = index.column() == LayerModel::weight_bits, is_slider = is_weight || index.column() == LayerModel::activation_bits;
    const bool is_on = layer && (is_weight ? layer->can_quantize || layer->excluded : layer->has_input_quantizer);
    const QRectF track = track_in(visualRect(index));
    if (event->button() != Qt::LeftButton || !is_slider || !is_on || event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier) || event->position().x() < track.left() - 8 || event->position().x() > track.right() + 8)
        return TableView::mousePressEvent(event);
    setFocus(Qt::MouseFocusReason);
    if (!selectionModel()->isRowSelected(index.row())) selectionModel()->select(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    selectionModel()->setCurrentIndex(index, QItemSelectionModel::NoUpdate);
    const int slot = LayerModel::slot_of(is_weight ? layer->bits.weight : layer->bits.activation);
    m_drag = {true, is_weight, slot, slot, bits_of_selected(is_weight)};
    mouseMoveEvent(event);
}

void LayerTable::mouseMoveEvent(QMouseEvent* event) {
    if (!m_drag.on) return TableView::mouseMoveEvent(event);
    const int slot = slot_at(track_in(visualRect(currentIndex())), event->position().x());
    if (slot == m_drag.last) return;
    m_drag.last = slot;
    move_to(slot, true);
}

void LayerTable::mouseReleaseEvent(QMouseEvent* event) {
    if (!m_drag.on) return TableView::mouseReleaseEvent(event);
    m_drag.on = false;
    if (m_drag.last != m_drag.slot) move_to(m_drag.last, false);
    else Q_EMIT bits_moved(m_drag.is_weight, m_drag.before, false);   // back where it was: the drag ends without a step
}

void LayerTable::nudge(bool is_weight, int slots) {
    m_drag = {false, is_weight, 0, 0, bits_of_selected(is_weight)};
    if (!m_drag.before.empty()) move_to(slots, false);
}

/// Left, right, plus and minus move the bits of the selected rows: of the inputs where that column is current, else of the weights. Enter goes on to the other column.
void LayerTable::keyPressEvent(QKeyEvent* event) {
    const int column = currentIndex().column();
    const bool plain = !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier));
    const bool of_weights = column != LayerModel::activation_bits;
    switch (event->key()) {
    case Qt::Key_Left: case Qt::Key_Right:
        if (!plain || (event->modifiers() & Qt::ShiftModifier)) break;
        nudge(of_weights, event->key() == Qt::Key_Right ? 1 : -1);
        return;
    case Qt::Key_Plus: case Qt::Key_Equal: case Qt::Key_Minus:
        if (!plain) break;
        nudge(of_weights, event->key() == Qt::Key_Minus ? -1 : 1);
        return;
    case Qt::Key_Return: case Qt::Key_Enter: {   // on to the other slider
        const int next = column == LayerModel::weight_bits ? LayerModel::activation_bits : LayerModel::weight_bits;
        selectionModel()->setCurrentIndex(sort_model()->index(currentIndex().row(), next), QItemSelectionModel::NoUpdate);
        return;
    }
    case Qt::Key_Delete:
        Q_EMIT exclude_wanted();
        return;
    default: break;
    }
    TableView::keyPressEvent(event);
}

void LayerTable::mouseDoubleClickEvent(QMouseEvent* event) {
    const QModelIndex index = indexAt(event->position().toPoint());
    const bool is_weight = index.column() == LayerModel::weight_bits;
    if (event->button() == Qt::LeftButton && (is_weight || index.column() == LayerModel::activation_bits)) Q_EMIT bits_reset(is_weight, selected());
    else TableView::mouseDoubleClickEvent(event);
}

void LayerTable::set_selected(bool is_weight, int bits) {
    std::map<QString, int> all = bits_of_selected(is_weight);
    for (auto& [node, value] : all) value = bits;
    if (!all.empty()) Q_EMIT bits_moved(is_weight, all, false);
}

void LayerTable::contextMenuEvent(QContextMenuEvent* event) {
    const bool is_weight = currentIndex().column() != LayerModel::activation_bits;
    const bool any = !selected().isEmpty();
    QMenu menu(this);
    menu.addAction(is_weight ? tr("Weight bits of the backend") : tr("Activation bits of the backend"), this, [this, is_weight] { Q_EMIT bits_reset(is_weight, selected()); })->setEnabled(any);
    for (const int bits : {8, 4}) {
        menu.addAction(tr("Weights %1 bit").arg(bits), this, [this, bits] { set_selected(true, bits); })->setEnabled(any);
        menu.addAction(tr("Activations %1 bit").arg(bits), this, [this, bits] { set_selected(false, bits); })->setEnabled(any);
    }
    menu.addAction(tr("Exclude or include"), this, &LayerTable::exclude_wanted)->setEnabled(any);
    menu.addSeparator();
    menu.addAction(tr("Copy"), this, &LayerTable::copy_selection)->setEnabled(any);
    menu.addAction(tr("Copy all as CSV"), this, [this] { QApplication::clipboard()->setText(as_csv()); });
    menu.addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(window(), tr("Export the layers"), QStringLiteral("layers.csv"), tr("Table (*.csv)"));
        if (!file.isEmpty() && !export_csv(file)) show_export_failed(file);
    });
    menu.addAction(tr("Rows in the order they run"), this, [this] { set_sort_keys({}); })->setEnabled(!sort_model()->keys().isEmpty());
    menu.exec(event->globalPos());
}

}
