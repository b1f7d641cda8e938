#pragma once
// The graph in the workspace bar: a file or a folder, and a chip with what is known of it. GUI thread only.
#include <QWidget>

namespace lathe {
class AssetChooser;
class Chip;
}

namespace lathe::hypergraph {

class SourceBar : public QWidget {
    Q_OBJECT
public:
    explicit SourceBar(QWidget* parent = nullptr);
    AssetChooser* data() { return m_data; }
    const AssetChooser* data() const { return m_data; }
    void set_facts(const QString& text, const QString& tip);   ///< empty: hidden; the tip has all of them
    QString facts() const;
    void ask_file();
    void ask_folder();
Q_SIGNALS:
    void source_changed();
private:
    AssetChooser* m_data;
    Chip* m_chip;
};

}
