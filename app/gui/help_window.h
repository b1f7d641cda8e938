#pragma once
// The help pages (resources/help/*.md) with contents, search and back; a window of its own, so that it can stand beside the work.
#include <QWidget>
#include <vector>

class QLineEdit;
class QListWidget;
class QTextBrowser;

namespace lathe {

class IconButton;

struct HelpPage { QString id, title, text; };
std::vector<HelpPage> load_help();               ///< in reading order; empty where the resources are missing

class HelpWindow : public QWidget {
    Q_OBJECT
public:
    explicit HelpWindow(QWidget* parent = nullptr);
    void show_page(const QString& id, const QString& heading = {});   ///< an unknown page leaves what is shown
    void show_text(const QString& markdown);                          ///< a page that is in no file, such as that of one parameter
    int match_count() const;
    QLineEdit* search() { return m_search; }
    QTextBrowser* browser() { return m_text; }
private:
    void find(const QString& text);
    void restyle();
    struct Place { QString page, heading, text; };
    void go(const Place& place);
    void step(int by);
    void show_place();
    std::vector<HelpPage> m_pages;
    std::vector<Place> m_places;                 ///< where the reader was
    std::size_t m_place = 0;
    IconButton *m_back, *m_on;
    QLineEdit* m_search;
    QListWidget* m_contents;
    QTextBrowser* m_text;
};

}
