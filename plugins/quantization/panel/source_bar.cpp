#include "plugins/quantization/panel/source_bar.h"
#include "core/base/paths.h"
#include "widgets/asset_chooser.h"
#include "widgets/small_widgets.h"
#include <QFileInfo>
#include <QHBoxLayout>

namespace lathe::quantization {
namespace {

/// Where the Debian package dataset-fashion-mnist puts its files; empty: it is not installed.
QString fashion_folder() {
    const QString folder = QStringLiteral("/usr/share/datasets/fashion-mnist");
    return QFileInfo::exists(folder) ? folder : QString();
}

}

QString shipped_classifier() {
    const QString file = QString::fromStdString(resource("models/fashion-resnet.safetensors").string());
    return QFileInfo::exists(file) ? file : QString();
}

SourceBar::SourceBar(QWidget* parent)
    : QWidget(parent), m_model(new AssetChooser(AssetChooser::Kind::file, tr("Model"), tr("No model"), tr("Open model…"), tr("Checkpoints (*.safetensors *.pth *.pt *.th *.bin);;All files (*)"), this)),
      m_data(new AssetChooser(AssetChooser::Kind::folder, tr("Data set"), tr("No data set"), tr("Open data set…"), {}, this)), m_chip(new Chip({}, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_model->setToolTip(tr("A checkpoint: a classifier is measured, any other network is described."));
    m_data->setToolTip(tr("CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes."));
    if (const QString model = shipped_classifier(); !model.isEmpty()) m_model->set_built_in({{tr("fashion-resnet"), model}});
    if (const QString data = fashion_folder(); !data.isEmpty()) m_data->set_built_in({{tr("Fashion-MNIST"), data}});
    for (AssetChooser* chooser : {m_model, m_data}) {
        chooser->setMinimumWidth(130);
        chooser->setMinimumContentsLength(14);
        row->addWidget(chooser);
        connect(chooser, &AssetChooser::chosen, this, &SourceBar::source_changed);
    }
    row->addWidget(m_chip);
    m_chip->hide();
}

void SourceBar::set_facts(const QString& text) {
    m_chip->set_text(text);
    m_chip->setVisible(!text.isEmpty());
}

QString SourceBar::facts() const { return m_chip->text(); }

}
