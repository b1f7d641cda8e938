#pragma once
// Model, data set and drive in the workspace bar, and a chip with what the engine says of them.
#include "core/base/json.h"
#include <QList>
#include <QWidget>

class QComboBox;

namespace lathe {
class AssetChooser;
class Chip;
}

namespace lathe::bev {

/// A drive of a data set, as bev.describe tells it.
struct Drive { QString name, split; QList<double> times; };

/// The detector that comes with the program; empty: it is not installed.
QString shipped_model();
/// Where the street data set is made for this user.
QString street_folder();

class SourceBar : public QWidget {
    Q_OBJECT
public:
    explicit SourceBar(QWidget* parent = nullptr);
    AssetChooser* model() { return m_model; }
    AssetChooser* data() { return m_data; }
    void offer_street();                                   ///< after it was made: a built-in entry, and the choice where there was none
    void set_facts(const Json& summary);                   ///< of bev.describe; null: not known yet
    const QList<Drive>& drives() const { return m_drives; }
    QString drive() const;
    void choose_drive(const QString& name);                ///< no signal
    const Drive* find(const QString& name) const;
    QStringList cameras() const { return m_cameras; }
Q_SIGNALS:
    void source_changed();
    void drive_chosen(QString name);
private:
    AssetChooser *m_model, *m_data;
    QComboBox* m_drive;
    Chip* m_chip;
    QList<Drive> m_drives;
    QStringList m_cameras;
};

}
