#include "plugins/bev/panel/source_bar.h"
#include "core/base/paths.h"
#include "widgets/asset_chooser.h"
#include "widgets/small_widgets.h"
#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QStandardPaths>

namespace lathe::bev {

QString shipped_model() {
    const QString file = QString::fromStdString(resource("models/street-tiny.safetensors").string());
    return QFileInfo::exists(file) ? file : QString();
}

QString street_folder() { return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + QStringLiteral("/lathe/street"); }

SourceBar::SourceBar(QWidget* parent)
    : QWidget(parent), m_model(new AssetChooser(AssetChooser::Kind::file, tr("Model"), tr("No model"), tr("Open model…"), tr("Checkpoints (*.safetensors *.pth *.pt);;All files (*)"), this)),
      m_data(new AssetChooser(AssetChooser::Kind::folder, tr("Data set"), tr("No data set"), tr("Open data set…"), {}, this)), m_drive(new QComboBox(this)), m_chip(new Chip({}, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_model->setToolTip(tr("A Fast-BEV checkpoint."));
    m_data->setToolTip(tr("A folder in the nuScenes v1.0 layout."));
    for (AssetChooser* chooser : {m_model, m_data}) {
        chooser->setMinimumWidth(130);
        chooser->setMinimumContentsLength(14);
        row->addWidget(chooser);
        connect(chooser, &AssetChooser::chosen, this, [this] {
            set_facts({});
            Q_EMIT source_changed();
        });
    }
    m_drive->setAccessibleName(tr("Drive"));
    m_drive->setToolTip(tr("A drive of the data set; the timeline below shows its key frames."));
    m_drive->setMinimumWidth(130);
    m_drive->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_drive->setMinimumContentsLength(14);
    row->addWidget(m_drive);
    row->addWidget(m_chip);
    m_chip->hide();
    if (const QString model = shipped_model(); !model.isEmpty()) m_model->set_built_in({{tr("street-tiny"), model}});
    offer_street();
    connect(m_drive, &QComboBox::activated, this, [this] { Q_EMIT drive_chosen(drive()); });
    set_facts({});
}

void SourceBar::offer_street() {
    const QString folder = street_folder();
    if (!QFileInfo::exists(folder + QStringLiteral("/v1.0-street/scene.json"))) return;
    const bool first = m_data->path().isEmpty();
    m_data->set_built_in({{tr("street (made up)"), folder}});
    if (first) Q_EMIT source_changed();
}

void SourceBar::set_facts(const Json& summary) {
    m_drives.clear();
    m_cameras.clear();
    QStringList facts;
    if (summary.is_object()) {
        const Json data = summary.value("data", Json::object()), model = summary.value("model", Json::object());
        const auto list = [](const Json& object, const char* key) { return object.is_object() ? object.value(key, Json::array()) : Json::array(); };
        const Json scenes = list(data, "scenes"), cameras = list(data, "cameras");
        for (const Json& scene : scenes) {
            Drive drive;
            drive.name = QString::fromStdString(scene.value("name", std::string()));
            drive.split = QString::fromStdString(scene.value("split", std::string()));
            const Json times = list(scene, "times");
            for (const Json& time : times) drive.times << time.get<double>();
            if (!drive.times.isEmpty()) m_drives << drive;
        }
        for (const Json& camera : cameras) m_cameras << QString::fromStdString(camera.get<std::string>());
        if (model.is_object() && !model.empty()) {
            const Json voxels = model.value("voxels", Json::array());
            if (voxels.size() == 3) facts << QStringLiteral("%1×%2×%3").arg(voxels[0].get<int>()).arg(voxels[1].get<int>()).arg(voxels[2].get<int>());
            facts << tr("%n frame(s)", nullptr, model.value("frames", 1));
        }
    }
    const QSignalBlocker quiet(m_drive);
    const QString before = drive();
    m_drive->clear();
    for (const Drive& d : std::as_const(m_drives)) m_drive->addItem(d.name, d.name);
    // Those that are measured on come first to mind.
    int at = m_drive->findData(before);
    for (int i = 0; at < 0 && i < m_drives.size(); ++i)
        if (m_drives[i].split == u"val") at = i;
    m_drive->setCurrentIndex(std::max(0, at));
    m_drive->setEnabled(!m_drives.isEmpty());
    m_chip->setVisible(!facts.isEmpty());
    m_chip->set_text(facts.join(QStringLiteral(" · ")));
    m_chip->setToolTip(m_cameras.isEmpty() ? QString() : tr("%n camera(s): %1", nullptr, int(m_cameras.size())).arg(m_cameras.join(QStringLiteral(", "))));
}

QString SourceBar::drive() const { return m_drive->currentData().toString(); }

void SourceBar::choose_drive(const QString& name) {
    const QSignalBlocker quiet(m_drive);
    if (const int at = m_drive->findData(name); at >= 0) m_drive->setCurrentIndex(at);
}

const Drive* SourceBar::find(const QString& name) const {
    for (const Drive& drive : m_drives)
        if (drive.name == name) return &drive;
    return nullptr;
}

}
