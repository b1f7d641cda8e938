#pragma once
// The small ones: key hint, chip, switch, empty state, stat row, headline, swatch, icon button.
#include <QAbstractButton>
#include <QKeySequence>
#include <QToolButton>
#include <QWidget>

class QLabel;
class QPushButton;

namespace lathe {

class TextLabel;
class ThinBar;

/// A key or shortcut in a frame: "Ctrl K".
class KeyHint : public QWidget {
    Q_OBJECT
public:
    explicit KeyHint(const QString& text = {}, QWidget* parent = nullptr);
    explicit KeyHint(const QKeySequence& keys, QWidget* parent = nullptr);
    static QString text_of(const QKeySequence& keys);       ///< "Ctrl+Shift+K" -> "Ctrl Shift K"
    static void paint(QPainter& painter, const QRectF& rect, const QString& text);
    static QSize size_of(const QString& text);
    void set_text(const QString& text);
    QSize sizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    QString m_text;
};

/// Facts in a rounded frame: "12 blocks · 49 tokens · 5.9 M".
class Chip : public QWidget {
    Q_OBJECT
public:
    explicit Chip(const QString& text = {}, QWidget* parent = nullptr);
    void set_text(const QString& text);
    void set_icon(const QString& name);
    QString text() const { return m_text; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    QString m_text, m_icon;
};

/// On or off, with a text right of it.
class Switch : public QAbstractButton {
    Q_OBJECT
public:
    explicit Switch(const QString& text = {}, QWidget* parent = nullptr);
    QSize sizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
    bool hitButton(const QPoint& position) const override;
};

/// A flat button of one icon, 24 x 24. No icon without a tooltip: it is also the accessible name.
class IconButton : public QToolButton {
    Q_OBJECT
public:
    IconButton(const QString& icon, const QString& tip, QWidget* parent = nullptr);
    void set_icon(const QString& icon);
};

/// One sentence that says what will be seen here, and one button.
class EmptyState : public QWidget {
    Q_OBJECT
public:
    EmptyState(const QString& icon, const QString& sentence, const QString& button = {}, QWidget* parent = nullptr);
    void set_sentence(const QString& sentence);
Q_SIGNALS:
    void button_clicked();
private:
    QString m_icon;
    QLabel* m_picture;
    TextLabel* m_text;
    QPushButton* m_button = nullptr;
};

/// Label left, value right, a bar below: "MACs, linear only   4.21 of 6.88 G".
class StatRow : public QWidget {
    Q_OBJECT
public:
    explicit StatRow(const QString& label, bool with_bar = true, QWidget* parent = nullptr);
    void set_value(const QString& value, double share = -1, const QString& note = {});   ///< share 0 to 1 of the bar; note in grey
    void set_stale(bool stale);
    void set_bar_colour(const QColor& colour);
private:
    TextLabel *m_label, *m_value, *m_note;
    ThinBar* m_bar = nullptr;
};

/// A number of 22 px over what it is: "1.66 ×" / "predicted, block MACs".
class Headline : public QWidget {
    Q_OBJECT
public:
    explicit Headline(const QString& caption, QWidget* parent = nullptr);
    void set_value(const QString& value, const QString& caption = {});
    void set_stale(bool stale);
private:
    TextLabel *m_value, *m_caption;
};

/// A sample of a colour, or of a curve's line.
class Swatch : public QWidget {
    Q_OBJECT
public:
    explicit Swatch(QWidget* parent = nullptr);
    void set_block(const QColor& colour);                            ///< 10 x 10
    void set_series(int index, bool reference = false);              ///< a line of 20, in the series' colour and dash
    QSize sizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    QColor m_colour; int m_series = -1; bool m_reference = false;
};

/// A line of 1 px.
class Separator : public QWidget {
    Q_OBJECT
public:
    explicit Separator(Qt::Orientation orientation = Qt::Horizontal, QWidget* parent = nullptr);
    QSize sizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    Qt::Orientation m_orientation;
};

QPushButton* make_button(const QString& text, const QString& icon = {}, bool filled = false, QWidget* parent = nullptr);   ///< its icon follows the theme

}
