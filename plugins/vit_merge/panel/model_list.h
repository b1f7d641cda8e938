#pragma once
// The models with their colours: use, weight, order, add and remove. Files can be dropped on it, rows dragged to another place; Alt+Up and Alt+Down move the row that has
// the focus. Every change is told as a whole new list. GUI thread only.
#include "plugins/vit_merge/panel/models.h"
#include <QHash>
#include <QWidget>

class QCheckBox;
class QPushButton;
class QVBoxLayout;

namespace lathe {
class ElidedLabel;
class NumberField;
class Slider;
class TextLabel;
}

namespace lathe::vit_merge {

class ModelRow : public QWidget {
    Q_OBJECT
public:
    ModelRow(const ModelEntry& entry, int colour, QWidget* parent);
    void show_entry(const ModelEntry& entry, const QString& tip, bool selected, bool is_first, bool is_last);
    const ModelEntry& entry() const { return m_entry; }
    QCheckBox* box() { return m_use; }
    Slider* slider() { return m_slider; }
Q_SIGNALS:
    void use_changed(bool use);
    void weight_changed(double weight, bool dragging);
    void remove_requested();
    void move_requested(int by);
    void chosen();
protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
private:
    ModelEntry m_entry;
    QCheckBox* m_use;
    ElidedLabel* m_name;
    Slider* m_slider;
    NumberField* m_field;
    QWidget* m_remove;
    QPoint m_press;
    bool m_selected = false, m_first = false, m_last = false;
};

class ModelList : public QWidget {
    Q_OBJECT
public:
    explicit ModelList(QWidget* parent = nullptr);
    void show_models(const QList<ModelEntry>& models, const Description& set, const QHash<QString, int>& colours);
    void set_selected(const QString& name);                ///< no signal
    QString selected() const { return m_selected; }
    const QList<ModelEntry>& models() const { return m_models; }
    ModelRow* row(int index) const { return m_rows.value(index); }
    void add_files(const QStringList& files);              ///< those that can be models
Q_SIGNALS:
    void edited(QList<lathe::vit_merge::ModelEntry> models, bool dragging, QString text);
    void selected_changed(QString name);                   ///< by the user
    void add_requested();
protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragMoveEvent(QDragMoveEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
private:
    void rebuild(const QHash<QString, int>& colours);
    void move(const QString& name, int to);
    void change(int index, const std::function<void(ModelEntry&)>& change, bool dragging, const QString& text);
    int index_of(const QString& name) const;
    int drop_place(const QPoint& position) const;
    QList<ModelEntry> m_models;
    QHash<QString, int> m_colours;
    QList<ModelRow*> m_rows;
    QVBoxLayout* m_column;
    TextLabel* m_note;
    QPushButton* m_add;
    QString m_selected;
    int m_drop = -1;
};

}
