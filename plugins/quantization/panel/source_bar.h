#pragma once
// Model and data set in the workspace bar, and a chip with what is known of them. GUI thread only.
#include <QWidget>

namespace lathe {
class AssetChooser;
class Chip;
}

namespace lathe::quantization {

/// The classifier that comes with the program; empty: it is not installed.
QString shipped_classifier();

class SourceBar : public QWidget {
    Q_OBJECT
public:
    explicit SourceBar(QWidget* parent = nullptr);
    AssetChooser* model() { return m_model; }
    AssetChooser* data() { return m_data; }
    const AssetChooser* model() const { return m_model; }
    const AssetChooser* data() const { return m_data; }
    void set_facts(const QString& text);                   ///< empty: hidden
    QString facts() const;
Q_SIGNALS:
    void source_changed();
private:
    AssetChooser *m_model, *m_data;
    Chip* m_chip;
};

}
