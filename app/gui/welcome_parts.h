#pragma once
// The rows of the start page: begin, drop area, recent project, first step, and the bars of the measured rates.
#include "app/gui/recent_projects.h"
#include "core/protocol/messages.h"
#include <QAbstractButton>
#include <QFrame>
#include <optional>

class QAction;
class QPainter;

namespace lathe {

class BeginRow : public QAbstractButton {
    Q_OBJECT
public:
    BeginRow(QAction* action, const QString& icon, const QString& text, QWidget* parent);
    QSize sizeHint() const override { return {330, 32}; }
protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
private:
    QAction* m_action;
    QString m_icon;
};

class DropArea : public QWidget {
    Q_OBJECT
public:
    explicit DropArea(QWidget* parent);
    QSize sizeHint() const override { return {330, 76}; }
Q_SIGNALS:
    void dropped(QStringList files);
protected:
    void paintEvent(QPaintEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
private:
    bool m_over = false;
};

class RecentRow : public QAbstractButton {
    Q_OBJECT
public:
    RecentRow(const RecentProject& project, QWidget* parent);
    QSize sizeHint() const override { return {330, 46}; }
Q_SIGNALS:
    void remove_requested();
protected:
    void paintEvent(QPaintEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
private:
    RecentProject m_project;
};

class StepBlock : public QWidget {
    Q_OBJECT
public:
    StepBlock(int number, const QString& title, const QString& text, QWidget* parent);
};

void paint_rates(QPainter& painter, const QRectF& area, const std::optional<Rates>& rates);

}
