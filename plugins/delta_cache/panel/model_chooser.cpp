#include "plugins/delta_cache/panel/model_chooser.h"
#include "core/base/paths.h"
#include "widgets/small_widgets.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QSignalBlocker>

namespace lathe::delta_cache {

QString demo_model() {
    const QString file = QString::fromStdString(resource("models/demo-dit-12.safetensors").string());
    return QFileInfo::exists(file) ? file : QString();
}

ModelChooser::ModelChooser(QWidget* parent) : QWidget(parent), m_box(new QComboBox(this)), m_chip(new Chip({}, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_box->setAccessibleName(tr("Model"));
    m_box->setToolTip(tr("The checkpoint that draws. Files can be dropped on the window, too."));
    m_box->setMinimumWidth(180);
    m_box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_box->setMinimumContentsLength(22);
    row->addWidget(m_box);
    row->addWidget(m_chip);
    m_chip->hide();
    m_path = demo_model();
    fill();
    connect(m_box, &QComboBox::activated, this, &ModelChooser::picked);
}

void ModelChooser::fill() {
    const QSignalBlocker quiet(m_box);
    m_box->clear();
    const QString demo = demo_model();
    if (!demo.isEmpty()) m_box->addItem(tr("demo-dit-12 · Fashion-MNIST"), demo);
    QStringList others = m_recent;
    if (!m_path.isEmpty() && m_path != demo && !others.contains(m_path)) others.prepend(m_path);
    for (const QString& path : std::as_const(others)) {
        if (path == demo) continue;
        m_box->addItem(QFileInfo(path).fileName(), path);
        m_box->setItemData(m_box->count() - 1, path, Qt::ToolTipRole);
    }
    if (m_path.isEmpty()) {
        m_box->insertItem(0, tr("No model"), QString());
        m_box->setCurrentIndex(0);
    } else {
        m_box->setCurrentIndex(m_box->findData(m_path));
    }
    m_box->insertSeparator(m_box->count());
    m_box->addItem(tr("Open model…"), QStringLiteral("*"));
}

void ModelChooser::picked(int index) {
    const QString path = m_box->itemData(index).toString();
    if (path != u"*") return choose(path);
    fill();   // the entry is no model: back to the one in use
    const QString file = QFileDialog::getOpenFileName(window(), tr("Open model"), QFileInfo(m_path).path(), tr("Checkpoints (*.safetensors *.pt *.pth *.bin *.ckpt);;All files (*)"));
    if (!file.isEmpty()) choose(file);
}

void ModelChooser::choose(const QString& path) {
    if (path == m_path) return;
    m_path = path;
    if (!path.isEmpty() && path != demo_model()) {
        m_recent.removeAll(path);
        m_recent.prepend(path);
        if (m_recent.size() > 8) m_recent.resize(8);
    }
    fill();
    set_facts({});
    Q_EMIT chosen(path);
}

void ModelChooser::set_recent(const QStringList& paths) {
    m_recent = paths;
    fill();
}

void ModelChooser::set_facts(const Json& facts) {
    m_chip->setVisible(facts.is_object() && !facts.empty());
    if (!m_chip->isVisibleTo(this)) return;
    const double parameters = facts.value("parameters", 0.0);
    m_chip->set_text(tr("%1 blocks · %2 tokens · %3 M").arg(facts.value("depth", 0)).arg(facts.value("tokens", 0)).arg(parameters / 1e6, 0, 'f', parameters < 1e7 ? 1 : 0));
}

}
