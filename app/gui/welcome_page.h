#pragma once
// The start page: what to begin with, where to drop something, recent projects, examples that open as copies, and the first three steps.
#include "app/gui/example_gallery.h"
#include "app/gui/recent_projects.h"
#include <QAbstractButton>
#include <QScrollArea>
#include <functional>

class QGridLayout;
class QVBoxLayout;

namespace lathe {

class EngineWatch;
class TextLabel;
struct Shell;

/// A card of the gallery: picture over title, text and a line of facts. A button: Enter opens it.
class ExampleCard : public QAbstractButton {
    Q_OBJECT
public:
    ExampleCard(const Example& example, QWidget* parent);
    QSize sizeHint() const override { return {316, 280}; }
    QSize minimumSizeHint() const override { return {236, 264}; }
    void set_picture_painter(std::function<void(QPainter&, const QRectF&)> paint) { m_paint = std::move(paint); }
protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
private:
    Example m_example;
    std::function<void(QPainter&, const QRectF&)> m_paint;
};

class WelcomePage : public QScrollArea {
    Q_OBJECT
public:
    WelcomePage(const Shell& shell, RecentProjects& recents, ExampleGallery& examples, EngineWatch& watch, QWidget* parent = nullptr);
    bool is_ready() const { return m_examples.is_loaded(); }
Q_SIGNALS:
    void open_requested(QString file);
    void example_requested(QString file, QString workspace);
    void dropped(QStringList files);
protected:
    void resizeEvent(QResizeEvent* event) override;
private:
    QWidget* make_header();
    QWidget* make_begin();
    QWidget* make_first_steps();
    void show_recents();
    void show_examples();
    void lay_out();
    const Shell& m_shell;
    RecentProjects& m_recents;
    ExampleGallery& m_examples;
    EngineWatch& m_watch;
    QWidget *m_body, *m_side, *m_main, *m_recent_box, *m_example_box;
    QVBoxLayout* m_recent_rows;
    QGridLayout* m_cards;
    int m_columns = 0;
    bool m_all_recents = false;
};

}
