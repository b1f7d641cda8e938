#pragma once
// The set of models in the workspace bar (what comes with the program, files, folders), the pictures of its tasks, and a chip with what is known of them. GUI thread only.
#include <QWidget>

namespace lathe {
class AssetChooser;
class Chip;
}

namespace lathe::vit_merge {

class SourceBar : public QWidget {
    Q_OBJECT
public:
    explicit SourceBar(QWidget* parent = nullptr);
    AssetChooser* set() { return m_set; }
    AssetChooser* data() { return m_data; }
    const AssetChooser* set() const { return m_set; }
    const AssetChooser* data() const { return m_data; }
    void set_facts(const QString& text, const QString& tip);   ///< empty: hidden
    QString facts() const;
    void ask_set();
    void ask_set_folder();
Q_SIGNALS:
    void source_changed(bool is_set);                      ///< false: the pictures
private:
    AssetChooser *m_set, *m_data;
    Chip* m_chip;
};

}
