#pragma once
// The rail at the left, 72 wide: one button a workspace (icon of 20 over a name of 11 px), Engine and Settings at the foot. The current one has an accent bar.
#include <QAbstractButton>
#include <QList>
#include <QWidget>

class QVBoxLayout;

namespace lathe {

class RailButton : public QAbstractButton {
    Q_OBJECT
public:
    RailButton(const QString& icon, const QString& name, QWidget* parent);
    QSize sizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
private:
    QString m_icon;
};

class Rail : public QWidget {
    Q_OBJECT
public:
    explicit Rail(QWidget* parent = nullptr);
    RailButton* add(const QString& id, const QString& icon, const QString& name, bool at_foot = false);
    void set_current(const QString& id);
    void set_keys(const QString& id, const QString& keys);            ///< for the tooltip
    RailButton* button(const QString& id) const;
Q_SIGNALS:
    void chosen(QString id);
protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
private:
    QVBoxLayout *m_top, *m_foot;
    QList<RailButton*> m_buttons;
};

}
