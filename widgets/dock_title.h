#pragma once
// Title bar of a dock, 30 high: name, one grey hint, icon buttons, the ⋯ menu, and a 2 px bar at the foot while content is loading.
#include <QTimer>
#include <QWidget>

class QHBoxLayout;
class QMenu;
class QToolButton;

namespace lathe {

class TextLabel;
class ElidedLabel;

class DockTitle : public QWidget {
    Q_OBJECT
public:
    explicit DockTitle(const QString& name, const QString& hint = {}, QWidget* parent = nullptr);
    void set_name(const QString& name);
    void set_hint(const QString& hint);
    QString hint() const;
    QToolButton* add_button(const QString& icon, const QString& tip);          ///< before the menu button
    void add_widget(QWidget* widget);                                          ///< between hint and buttons
    QMenu* menu() { return m_menu; }                                           ///< empty: the ⋯ button is hidden
    void set_loading(bool loading);                                            ///< the bar shows after 300 ms
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
Q_SIGNALS:
    void double_clicked();
protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    TextLabel* m_name;
    ElidedLabel* m_hint;
    QHBoxLayout* m_row;
    QMenu* m_menu;
    QToolButton* m_more;
    QTimer m_delay, m_tick;
    int m_phase = 0, m_widgets = 0;
    bool m_loading = false;
};

}
