#pragma once
// The model in the workspace bar, and a chip with what the engine says of it.
#include "core/base/json.h"
#include "widgets/asset_chooser.h"

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
    QString path() const { return m_box->path(); }        ///< empty: none
    void choose(const QString& path) { m_box->choose(path); }
    void set_facts(const Json& facts);                     ///< null: not known yet
    QStringList recent() const { return m_box->recent(); }
    void set_recent(const QStringList& paths) { m_box->set_recent(paths); }
Q_SIGNALS:
    void chosen(QString path);
private:
    AssetChooser* m_box;
    Chip* m_chip;
};

}
