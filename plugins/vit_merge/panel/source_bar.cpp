#include "plugins/vit_merge/panel/source_bar.h"
#include "core/base/paths.h"
#include "widgets/asset_chooser.h"
#include "widgets/small_widgets.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>

namespace lathe::vit_merge {

SourceBar::SourceBar(QWidget* parent)
    : QWidget(parent), m_set(new AssetChooser(AssetChooser::Kind::file, tr("Set of models"), tr("No set"), tr("Open set…"), tr("Sets of models (*.json);;All files (*)"), this)),
      m_data(new AssetChooser(AssetChooser::Kind::folder, tr("Pictures of the tasks"), tr("Built-in pictures"), tr("Open folder of tasks…"), {}, this)), m_chip(new Chip({}, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    QList<std::pair<QString, QString>> shipped;
    for (const auto& [title, file] : {std::pair(tr("Four tasks"), "tasks"), std::pair(tr("Four domains"), "domains"), std::pair(tr("Twelve models"), "many")})
        for (const char* ending : {".json", "/set.json"})
            if (const QString path = QString::fromStdString(resource(std::string("models/vit-merge/") + file + ending).string()); QFileInfo::exists(path)) shipped << std::pair(title, path);
    if (!shipped.isEmpty()) m_set->set_built_in(shipped);
    m_set->setToolTip(tr("Models of one architecture with their shared base and gate: a set.json, or a folder of checkpoints"));
    m_data->setToolTip(tr("Folder with the pictures of tasks that do not come with the program (mnist, kmnist, …)"));
    m_set->setMinimumWidth(110);
    m_set->setMinimumContentsLength(11);
    m_data->setMinimumWidth(100);
    m_data->setMinimumContentsLength(9);
    row->addWidget(m_set);
    auto* folder = new IconButton(QStringLiteral("folder"), tr("Open a folder as set of models…"), this);
    connect(folder, &QToolButton::clicked, this, &SourceBar::ask_set_folder);
    row->addWidget(folder);
    row->addWidget(m_data);
    row->addWidget(m_chip);
    m_chip->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);   // in a narrow bar it says less before a button is cut
    m_chip->setMinimumWidth(96);
    m_chip->hide();
    connect(m_set, &AssetChooser::chosen, this, [this] { Q_EMIT source_changed(true); });
    connect(m_data, &AssetChooser::chosen, this, [this] { Q_EMIT source_changed(false); });
}

void SourceBar::set_facts(const QString& text, const QString& tip) {
    m_chip->setToolTip(tip);
    m_chip->set_text(text);
    m_chip->setVisible(!text.isEmpty());
}

QString SourceBar::facts() const { return m_chip->text(); }

void SourceBar::ask_set() { Q_EMIT m_set->activated(m_set->count() - 1); }

void SourceBar::ask_set_folder() {
    const QString found = QFileDialog::getExistingDirectory(window(), tr("Open a folder as set of models"), QFileInfo(m_set->path()).path());
    if (!found.isEmpty()) m_set->choose(found);
}

}
