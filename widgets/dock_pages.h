#pragma once
// What docks are made of: content that scrolls where the window is low, and pages behind a row of tabs. GUI thread only.
#include <QWidget>

class QStackedWidget;

namespace lathe {

class SegmentedControl;

/// `content`, which a low window keeps whole: it scrolls up and down. The dock's surface shows through.
QWidget* scrolled(QWidget* content);

class TabPages : public QWidget {
    Q_OBJECT
public:
    explicit TabPages(QWidget* parent = nullptr);
    void set_pages(const QList<std::pair<QString, QWidget*>>& pages);   ///< once; title and page, which is owned then. The first is shown
    int current() const;
    int count() const;
    void set_current(int index);                           ///< no signal
Q_SIGNALS:
    void chosen(int index);                                ///< by the user
private:
    SegmentedControl* m_tabs;
    QStackedWidget* m_pages;
};

}
