#pragma once
// A label in one of the theme's sizes and colours; it follows a change of theme.
#include <QLabel>

namespace lathe {

enum class TextRole { normal, secondary, hint, ok, warn, err, brass };

class TextLabel : public QLabel {
    Q_OBJECT
public:
    explicit TextLabel(const QString& text = {}, int pixel_size = 13, bool semibold = false, TextRole role = TextRole::normal, QWidget* parent = nullptr);
    void set_role(TextRole role);
    void set_stale(bool stale);             ///< italic, in the colour of hints
private:
    void restyle();
    int m_size; bool m_semibold; TextRole m_role; bool m_stale = false;
};

/// Text that is cut at the end with "…" where space is short; the tooltip then holds all of it. For names and hints, never for numbers.
class ElidedLabel : public TextLabel {
    Q_OBJECT
public:
    using TextLabel::TextLabel;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
};

/// The 11 px capitals over a group of rows.
class GroupTitle : public TextLabel {
    Q_OBJECT
public:
    explicit GroupTitle(const QString& text, QWidget* parent = nullptr);
};

}
