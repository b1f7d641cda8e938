#include "viewers/table_view.h"
#include <QFontMetrics>
#include <QPainter>
#include <cmath>

namespace lathe {
namespace {

bool is_number(const QVariant& value) {
    switch (value.typeId()) {
    case QMetaType::Double: case QMetaType::Float: case QMetaType::Int: case QMetaType::UInt: case QMetaType::LongLong: case QMetaType::ULongLong: case QMetaType::Bool: return true;
    default: return false;
    }
}

/// Decimals that show the numbers of a column with about four figures, all with the same.
int decimals_for(const QList<QVariantList>& rows, int column) {
    double largest = 0;
    bool whole = true, any = false;
    for (const QVariantList& row : rows) {
        const QVariant value = row.value(column);
        if (value.typeId() != QMetaType::Double && value.typeId() != QMetaType::Float) continue;
        const double v = value.toDouble();
        if (!std::isfinite(v)) continue;
        any = true;
        largest = std::max(largest, std::abs(v));
        whole = whole && v == std::floor(v);
    }
    if (!any || whole) return 0;
    return largest <= 0 ? 0 : std::clamp(3 - int(std::floor(std::log10(largest))), 0, 8);
}

}

// --- head

SortHeader::SortHeader(QWidget* parent) : QHeaderView(Qt::Horizontal, parent) {
    setSectionsClickable(true);
    setHighlightSections(false);
    setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
}

void SortHeader::set_keys(const QList<SortKey>& keys) {
    m_keys = keys;
    viewport()->update();
}

QSize SortHeader::sectionSizeFromContents(int section) const { return QHeaderView::sectionSizeFromContents(section) + QSize(18, 0); }

void SortHeader::paintSection(QPainter* painter, const QRect& rect, int section) const {
    painter->save();
    QHeaderView::paintSection(painter, rect, section);
    painter->restore();
    for (qsizetype i = 0; i < m_keys.size(); ++i) {
        if (m_keys[i].column != section) continue;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const double x = rect.right() - 12, y = rect.center().y() + 0.5, up = m_keys[i].order == Qt::AscendingOrder ? -1 : 1;
        painter->setPen(QPen(palette().color(QPalette::Accent), 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter->drawPolyline(QPolygonF{QPointF(x - 3.5, y - up * 2), QPointF(x, y + up * 2), QPointF(x + 3.5, y - up * 2)});
        if (m_keys.size() > 1) {
            QFont small = font();
            small.setPixelSize(std::max(9, QFontMetrics(font()).height() - 7));
            painter->setFont(small);
            painter->drawText(QRectF(x - 16, rect.top(), 10, rect.height()), Qt::AlignCenter, QString::number(i + 1));
        }
        painter->restore();
    }
}

// --- rows

void RowsModel::set_table(const QStringList& heads, const QList<QVariantList>& rows) {
    beginResetModel();
    m_heads = heads;
    m_rows = rows;
    m_precision.clear();
    for (int c = 0; c < heads.size(); ++c) m_precision << decimals_for(rows, c);
    endResetModel();
}

void RowsModel::set_precision(int column, int decimals) {
    if (column < 0 || column >= m_precision.size()) return;
    m_precision[column] = decimals;
    if (!m_rows.isEmpty()) Q_EMIT dataChanged(index(0, column), index(int(m_rows.size()) - 1, column));
}

QVariant RowsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= m_rows.size()) return {};
    QVariant value = m_rows[index.row()].value(index.column());
    if (role == Qt::EditRole) return value;
    if (role == Qt::TextAlignmentRole) return int((is_number(value) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    if (value.typeId() == QMetaType::Double || value.typeId() == QMetaType::Float) {
        const double v = value.toDouble();
        if (std::isnan(v)) return QString();
        const int decimals = m_precision.value(index.column());
        const bool vanishes = v != 0 && (std::abs(v) < std::pow(10.0, -decimals) || std::abs(v) >= 1e9);
        return (vanishes ? QString::number(v, 'g', 4) : QString::number(v, 'f', decimals)).replace(u'-', QChar(0x2212));
    }
    return value.toString();
}

QVariant RowsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::DisplayRole) return m_heads.value(section);
    if (role == Qt::TextAlignmentRole) return int((!m_rows.isEmpty() && is_number(m_rows.first().value(section)) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    return {};
}

// --- text

QString csv_cell(const QString& text) {
    QString cell = text;
    if (!cell.isEmpty() && QStringLiteral("=+-@\t\r").contains(cell.front())) {
        bool number = false;
        cell.toDouble(&number);
        if (!number) cell.prepend(u'\'');
    }
    if (!cell.contains(u',') && !cell.contains(u'"') && !cell.contains(u'\n') && !cell.contains(u'\r')) return cell;
    return u'"' + cell.replace(u'"', QStringLiteral("\"\"")) + u'"';
}

}
