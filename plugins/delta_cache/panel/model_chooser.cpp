#include "plugins/delta_cache/panel/model_chooser.h"
#include "core/base/paths.h"
#include "widgets/small_widgets.h"
#include <QFileInfo>
#include <QHBoxLayout>

namespace lathe::delta_cache {

QString demo_model() {
    const QString file = QString::fromStdString(resource("models/demo-dit-12.safetensors").string());
    return QFileInfo::exists(file) ? file : QString();
}

ModelChooser::ModelChooser(QWidget* parent)
    : QWidget(parent), m_box(new AssetChooser(AssetChooser::Kind::file, tr("Model"), tr("No model"), tr("Open model…"), tr("Checkpoints (*.safetensors *.pt *.pth *.bin *.ckpt);;All files (*)"), this)), m_chip(new Chip({}, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_box->setToolTip(tr("The checkpoint that draws. Files can be dropped on the window, too."));
    m_box->setMinimumWidth(180);
    m_box->setMinimumContentsLength(22);
    row->addWidget(m_box);
    row->addWidget(m_chip);
    m_chip->hide();
    if (const QString demo = demo_model(); !demo.isEmpty()) m_box->set_built_in({{tr("demo-dit-12 · Fashion-MNIST"), demo}});
    connect(m_box, &AssetChooser::chosen, this, [this](const QString& path) {
        set_facts({});
        Q_EMIT chosen(path);
    });
}

void ModelChooser::set_facts(const Json& facts) {
    m_chip->setVisible(facts.is_object() && !facts.empty());
    if (!m_chip->isVisibleTo(this)) return;
    const double parameters = facts.value("parameters", 0.0);
    m_chip->set_text(tr("%1 blocks · %2 tokens · %3 M").arg(facts.value("depth", 0)).arg(facts.value("tokens", 0)).arg(parameters / 1e6, 0, 'f', parameters < 1e7 ? 1 : 0));
}

}
