#pragma once
// The top row, 36 high: menu bar, project name with the lock chip, and the search field that opens the palette.
#include <QAbstractButton>
#include <QWidget>

class QMenuBar;

namespace lathe {

class Chip;
class ElidedLabel;

/// Looks like a field, acts like a button: the palette has the real field.
class SearchButton : public QAbstractButton {
    Q_OBJECT
public:
    explicit SearchButton(QWidget* parent = nullptr);
    void set_keys(const QString& keys);
    QSize sizeHint() const override { return {m_narrow ? 180 : 340, 28}; }
    void set_narrow(bool narrow);
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    QString m_keys;
    bool m_narrow = false;
};

class TitleRow : public QWidget {
    Q_OBJECT
public:
    explicit TitleRow(QWidget* parent = nullptr);
    QMenuBar* menu_bar() { return m_menus; }
    SearchButton* search() { return m_search; }
    void set_project(const QString& name, const QString& path, const QString& lock_reason);
    void set_narrow(bool narrow);
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    QMenuBar* m_menus;
    ElidedLabel* m_project;
    Chip* m_lock;
    SearchButton* m_search;
};

}
