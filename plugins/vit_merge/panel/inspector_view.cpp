#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/attention_view.h"
#include "plugins/vit_merge/panel/block_curves.h"
#include "viewers/image_data.h"
#include "widgets/simple_table.h"
#include "widgets/text_label.h"
#include <QHeaderView>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::vit_merge {
namespace {
const QString kMerged = QStringLiteral("merged");
constexpr int kRanks = 3;
}

InspectorView::InspectorView(QWidget* parent)
    : QWidget(parent), m_title(new TextLabel({}, 13, true, TextRole::normal, this)), m_hint(new TextLabel({}, 12, false, TextRole::secondary, this)), m_attention_title(new TextLabel({}, 12, true, TextRole::normal, this)),
      m_difference_title(new TextLabel({}, 12, true, TextRole::normal, this)), m_top(new SimpleTable({tr("Model"), tr("Gate"), tr("Likeliest"), tr("Second"), tr("Third")}, this)), m_attention(new AttentionView(this)), m_difference(new PlotViewer(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 6, 0, 6);
    column->setSpacing(4);
    for (TextLabel* label : {m_title, m_hint, m_attention_title, m_difference_title}) {
        label->setContentsMargins(12, 0, 12, 0);
        label->setWordWrap(true);
    }
    column->addWidget(m_title);
    column->addWidget(m_hint);
    m_top->setAccessibleName(tr("Likeliest classes of each model"));
    m_top->set_text_columns({0, 2, 3, 4});
    m_top->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_top->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    for (const int whole : {0, 1, 2}) m_top->horizontalHeader()->setSectionResizeMode(whole, QHeaderView::ResizeToContents);
    m_top->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);   // long names of classes are cut, with all of it as tooltip
    column->addWidget(m_top);
    column->addSpacing(4);
    column->addWidget(m_attention_title);
    m_attention->setMinimumHeight(200);
    column->addWidget(m_attention, 3);
    column->addSpacing(4);
    column->addWidget(m_difference_title);
    m_difference->setAccessibleName(tr("Difference of the weights from the base"));
    m_difference->set_titles(tr("Block"), tr("Relative L2"));
    m_difference->set_empty_text(tr("Choose a model in the list."));
    m_difference->setMinimumHeight(130);
    column->addWidget(m_difference, 2);
    connect(m_top, &QTableWidget::cellClicked, this, [this](int row, int) {
        if (row < m_models.size()) Q_EMIT model_chosen(m_models[row]);
    });
    connect(m_top, &QTableWidget::cellActivated, this, [this](int row, int) {
        if (row < m_models.size()) Q_EMIT model_chosen(m_models[row]);
    });
    show_picture(nullptr);
    set_model({});
}

QString InspectorView::title() const { return m_title->text(); }

void InspectorView::show_picture(const StripPicture* picture) {
    const PictureKey key = picture ? picture->key : PictureKey();
    if (!(key == m_key)) {
        m_rows = m_gate = CsvTable();
        m_attention->forget();
    }
    m_key = key;
    m_picture_title = picture ? picture->name() : QString();
    m_truth = picture ? picture->label : QString();
    m_attention->show_picture(picture ? picture->picture : QImage());
    show_title();
    show_top();
}

void InspectorView::show_title() {
    m_title->setText(m_picture_title.isEmpty() ? tr("No picture is picked") : m_truth.isEmpty() ? m_picture_title : tr("%1 · %2").arg(m_picture_title, m_truth));
    m_hint->setText(m_picture_title.isEmpty() ? tr("Click one in the strip: every model says what it sees.") : QString());
    m_hint->setVisible(!m_hint->text().isEmpty());
}

void InspectorView::take(const Artifact& artifact) {
    if (artifact.key == "top") m_rows = table_of(artifact);
    else if (artifact.key == "gate") m_gate = table_of(artifact);
    else if (artifact.key == "picture") return m_attention->show_picture(ImageData::from_artifact(artifact).to_image());
    else return m_attention->take(artifact);
    show_top();
}

void InspectorView::set_model(const QString& name) {
    m_model = name;
    m_attention_title->setText(name.isEmpty() ? tr("Where the merged model looks") : tr("Where %1 looks").arg(name));
    if (name.isEmpty()) m_difference->clear();
    m_difference_title->setText(name.isEmpty() ? tr("Weights against the base") : tr("Weights of %1 against the base").arg(name));
    const int row = int(m_models.indexOf(name));
    if (row >= 0) m_top->selectRow(row);
    else m_top->clearSelection();
}

void InspectorView::show_difference(const Artifact& layers, const QString& name) {
    if (name != m_model) return;                           // another was chosen meanwhile
    m_difference->set_curves(block_curves(table_of(layers), "relative_l2", false));
    m_difference->autoscale();
}

void InspectorView::set_running(bool running) {
    if (running && m_rows.rows.empty() && !m_picture_title.isEmpty()) {
        m_hint->setText(tr("Every model is asked…"));
        m_hint->show();
    } else {
        show_title();
    }
}

void InspectorView::set_stale(bool stale) {
    m_top->set_stale(stale);
    m_attention->set_stale(stale);
}

/// Where the dock is narrow the third class goes before a number is cut.
void InspectorView::resizeEvent(QResizeEvent* event) {
    constexpr int kAllColumns = 350;
    QWidget::resizeEvent(event);
    m_top->setColumnHidden(m_top->columnCount() - 1, width() < kAllColumns);
}

/// A row for each model, the merged one first, since that is what is asked about.
void InspectorView::show_top() {
    m_models.clear();
    QHash<QString, QStringList> classes;
    for (std::size_t r = 0; r < m_rows.rows.size(); ++r) {
        const QString model = text_in(m_rows, r, "model"), name = model == kMerged ? QString() : model;
        if (!m_models.contains(name)) m_models << name;
        const double probability = number_or_nan(m_rows, r, "probability");
        classes[name] << (std::isnan(probability) ? text_in(m_rows, r, "class") : tr("%1 %2").arg(percent(probability, 0), text_in(m_rows, r, "class")));
    }
    if (m_models.removeAll(QString()) > 0) m_models.prepend(QString());
    QHash<QString, QString> gate;
    for (std::size_t r = 0; r < m_gate.rows.size(); ++r) gate.insert(text_in(m_gate, r, "model"), percent(number_or_nan(m_gate, r, "probability"), 0));
    QList<QStringList> rows;
    for (const QString& name : std::as_const(m_models)) {
        QStringList row{name.isEmpty() ? tr("Merged") : name, name.isEmpty() ? QString() : gate.value(name)};
        for (int rank = 0; rank < kRanks; ++rank) row << classes[name].value(rank);
        rows << row;
    }
    m_top->set_rows(rows);
    for (int r = 0; r < m_top->rowCount(); ++r)
        for (int c = 0; c < m_top->columnCount(); ++c)
            if (QTableWidgetItem* item = m_top->item(r, c)) item->setToolTip(item->text());
    if (!rows.isEmpty() && m_models.first().isEmpty())
        for (int c = 0; c < m_top->columnCount(); ++c) m_top->set_tone(0, c, CellTone::strong);
    m_top->setVisible(!rows.isEmpty());
    if (const int row = int(m_models.indexOf(m_model)); row >= 0) m_top->selectRow(row);
}

}
