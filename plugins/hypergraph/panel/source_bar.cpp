#include "plugins/hypergraph/panel/source_bar.h"
#include "widgets/asset_chooser.h"
#include "widgets/small_widgets.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>

namespace lathe::hypergraph {

SourceBar::SourceBar(QWidget* parent)
    : QWidget(parent), m_data(new AssetChooser(AssetChooser::Kind::file, tr("Graph"), tr("No graph"), tr("Open graph…"),
                           tr("Graphs (*.csv *.tsv *.txt *.edges *.json *.hif *.graphml *.mtx *.hgr *.npz *.safetensors *.gz);;All files (*)"), this)),
      m_chip(new Chip({}, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_data->setToolTip(tr("A graph or hypergraph: edge list, HIF, XGI JSON, GraphML, MatrixMarket, hMETIS, npz, safetensors, or a folder of them"));
    m_data->setMinimumWidth(150);
    row->addWidget(m_data);
    auto* folder = new IconButton(QStringLiteral("folder"), tr("Open a folder as graph…"), this);
    connect(folder, &QToolButton::clicked, this, &SourceBar::ask_folder);
    row->addWidget(folder);
    row->addWidget(m_chip);
    m_chip->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);   // in a narrow bar it says less before a button is cut
    m_chip->setMinimumWidth(96);
    m_chip->hide();
    connect(m_data, &AssetChooser::chosen, this, &SourceBar::source_changed);
}

void SourceBar::set_facts(const QString& text, const QString& tip) {
    m_chip->set_text(text);
    m_chip->setToolTip(tip);
    m_chip->setVisible(!text.isEmpty());
}

QString SourceBar::facts() const { return m_chip->text(); }

void SourceBar::ask_file() { Q_EMIT m_data->activated(m_data->count() - 1); }

void SourceBar::ask_folder() {
    const QString found = QFileDialog::getExistingDirectory(window(), tr("Open a folder as graph"), QFileInfo(m_data->path()).path());
    if (!found.isEmpty()) m_data->choose(found);
}

}
