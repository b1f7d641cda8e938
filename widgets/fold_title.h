#pragma once
// The title of a group that folds: 11 px capitals with a chevron. Click, Space and Enter fold or open it; Left folds, Right opens.
#include <QAbstractButton>

namespace lathe {

class FoldTitle : public QAbstractButton {
    Q_OBJECT
public:
    explicit FoldTitle(const QString& text, QWidget* parent = nullptr);
    void set_folded(bool folded);           ///< no signal; screen readers hear of it
    bool is_folded() const { return m_folded; }
    QSize sizeHint() const override;
Q_SIGNALS:
    void fold_wanted(bool folded);          ///< the owner folds and says so with set_folded
protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
private:
    void describe();
    bool m_folded = false;
};

}
