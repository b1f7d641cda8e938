#pragma once
// What is left of the right side in a window narrower than 1440: a strip of names, 28 wide. A name opens its dock over the centre, inside the window;
// the same name, Esc or a click elsewhere closes it.
#include <QPointer>
#include <QWidget>

namespace lathe {

class DockArea;

class SideStrip : public QWidget {
    Q_OBJECT
public:
    SideStrip(DockArea* area, QWidget* parent);
    void refresh();                              ///< the names of the docks folded away; hidden when there are none or the window is wide
    void open(const QString& id);
    void close();
    QString current() const { return m_current; }
    QSize sizeHint() const override { return {29, 100}; }
protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    void place();
    DockArea* m_area;
    QPointer<QWidget> m_overlay;
    QString m_current;
};

}
