#pragma once
// Where a Vision Transformer looks: the attention of the class token to the patches over the picture, for a block and a head, the mean of the heads, or the rollout. GUI thread only.
#include "plugins/vit_merge/panel/answers.h"
#include <QImage>
#include <QWidget>

class QComboBox;

namespace lathe {
class NumberField;
class TextLabel;
}

namespace lathe::vit_merge {

/// The picture in grey with the map over it. Accessible as a table of the patches.
class AttentionMap : public QWidget {
    Q_OBJECT
public:
    explicit AttentionMap(QWidget* parent = nullptr);
    void show_map(const QImage& picture, int rows, int columns, const std::vector<double>& values);   ///< rows 0: the picture alone
    void set_stale(bool stale);
    QSize sizeHint() const override { return {240, 200}; }
    QSize minimumSizeHint() const override { return {120, 120}; }
    Q_INVOKABLE QSize accessible_size() const { return {m_columns, m_rows}; }
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const;
    Q_INVOKABLE QRect accessible_selection() const { return m_marked.x() < 0 ? QRect() : QRect(m_marked, QSize(1, 1)); }
    QString as_csv() const;
protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
private:
    QRect place() const;
    QImage m_picture, m_overlay;
    std::vector<double> m_values;
    int m_rows = 0, m_columns = 0;
    double m_low = 0, m_high = 1;
    QPoint m_marked{-1, -1};
    bool m_stale = false;
};

class AttentionView : public QWidget {
    Q_OBJECT
public:
    explicit AttentionView(QWidget* parent = nullptr);
    void show_picture(const QImage& picture);
    void take(const Artifact& artifact);                   ///< tensors attention, rollout. Throws Error(wrong_format)
    void forget();
    void set_stale(bool stale);
    int block() const;
    void set_block(int block);                             ///< no signal
    QString head() const;                                  ///< "mean", "rollout", or the number
    void set_head(const QString& head);                    ///< no signal
    AttentionMap* map() { return m_map; }
    QString note() const;
Q_SIGNALS:
    void block_changed(int block);                         ///< by the user
    void head_changed(QString head);
private:
    void show_map();
    void fill_heads();
    QImage m_picture;
    Values m_attention, m_rollout;
    int m_block = 0;
    QString m_wanted = QStringLiteral("mean");
    AttentionMap* m_map;
    QComboBox* m_head;
    NumberField* m_block_field;
    TextLabel *m_of, *m_note;
};

}
