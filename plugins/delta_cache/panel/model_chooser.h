#pragma once
// The model in the workspace bar: the demo, models used before, "Open model…"; beside it a chip with what the engine says of it.
#include "core/base/json.h"
#include <QComboBox>
#include <QStringList>

namespace lathe {
class Chip;
}

namespace lathe::delta_cache {

/// The demo that comes with the program; empty: it is not installed.
QString demo_model();

class ModelChooser : public QWidget {
    Q_OBJECT
public:
    explicit ModelChooser(QWidget* parent = nullptr);
    QString path() const { return m_path; }               ///< empty: none
    void choose(const QString& path);                      ///< emits chosen() where it differs
    void set_facts(const Json& facts);                     ///< null: not known yet
    QStringList recent() const { return m_recent; }
    void set_recent(const QStringList& paths);
Q_SIGNALS:
    void chosen(QString path);
private:
    void fill();
    void picked(int index);
    QComboBox* m_box;
    Chip* m_chip;
    QString m_path;
    QStringList m_recent;
};

}
