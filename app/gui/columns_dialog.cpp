#include "app/gui/columns_dialog.h"
#include "widgets/small_widgets.h"
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe {

ColumnsDialog::ColumnsDialog(const std::vector<RunColumn>& shown, const std::vector<std::string>& parameters, const std::vector<std::string>& metrics, const Catalogue& catalogue, QWidget* parent)
    : QDialog(parent), m_all(shown) {
    setWindowTitle(tr("Columns"));
    resize(420, 560);
    auto add = [this](RunColumn column) {
        if (std::none_of(m_all.begin(), m_all.end(), [&](const RunColumn& other) { return other.id() == column.id(); })) m_all.push_back(std::move(column));
    };
    for (int kind = RunColumn::swatch; kind < RunColumn::parameter; ++kind) add(fixed_column(RunColumn::Kind(kind)));
    for (const std::string& path : parameters) add(parameter_column(path, catalogue));
    for (const std::string& key : metrics) add(metric_column(key, nullptr, catalogue));

    auto* column = new QVBoxLayout(this);
    auto* filter = new QLineEdit(this);
    filter->setPlaceholderText(tr("Filter"));
    filter->setAccessibleName(tr("Filter the columns"));
    m_list = new QListWidget(this);
    m_list->setDragDropMode(QAbstractItemView::InternalMove);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTextElideMode(Qt::ElideRight);
    m_list->setAccessibleName(tr("Columns"));
    for (std::size_t i = 0; i < m_all.size(); ++i) {
        const RunColumn& entry = m_all[i];
        const QString title = entry.kind == RunColumn::swatch ? tr("Colour of compared runs") : entry.head() == entry.id() || entry.kind < RunColumn::parameter ? entry.head() : QStringLiteral("%1   (%2)").arg(entry.head(), entry.id());
        auto* item = new QListWidgetItem(title, m_list);
        item->setData(Qt::UserRole, int(i));
        item->setFlags(item->flags() | Qt::ItemIsUserCheckable);
        item->setCheckState(i < shown.size() ? Qt::Checked : Qt::Unchecked);
    }
    auto* order = new QHBoxLayout;
    auto* up = new IconButton(QStringLiteral("chevron-up"), tr("Further to the left"), this);
    auto* down = new IconButton(QStringLiteral("chevron-down"), tr("Further to the right"), this);
    order->addWidget(filter, 1);
    order->addWidget(up);
    order->addWidget(down);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel | QDialogButtonBox::RestoreDefaults, this);
    column->addLayout(order);
    column->addWidget(m_list, 1);
    column->addWidget(buttons);
    connect(filter, &QLineEdit::textChanged, this, [this](const QString& text) {
        for (int i = 0; i < m_list->count(); ++i) m_list->item(i)->setHidden(!m_list->item(i)->text().contains(text, Qt::CaseInsensitive));
    });
    connect(up, &QToolButton::clicked, this, [this] { move(-1); });
    connect(down, &QToolButton::clicked, this, [this] { move(1); });
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(buttons->button(QDialogButtonBox::RestoreDefaults), &QPushButton::clicked, this, [this] {
        m_default = true;
        accept();
    });
}

void ColumnsDialog::move(int by) {
    const int row = m_list->currentRow(), to = row + by;
    if (row < 0 || to < 0 || to >= m_list->count()) return;
    m_list->insertItem(to, m_list->takeItem(row));
    m_list->setCurrentRow(to);
}

std::vector<RunColumn> ColumnsDialog::columns() const {
    std::vector<RunColumn> chosen;
    for (int i = 0; i < m_list->count() && !m_default; ++i)
        if (m_list->item(i)->checkState() == Qt::Checked) chosen.push_back(m_all[std::size_t(m_list->item(i)->data(Qt::UserRole).toInt())]);
    return chosen;
}

}
