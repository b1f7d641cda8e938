#pragma once
// The example projects that come with the program: projects/NAME.lathe, with NAME.json beside it {"title","text","facts","icon","order","workspace"} and
// NAME.png as the picture of the card. What is not there is made: the title from the file name, the picture from pictures in the project.
#include <QImage>
#include <QObject>
#include <QString>
#include <QList>

namespace lathe {

struct Example {
    QString file, title, text, facts, workspace;
    int order = 100;
    QImage picture;
};

class ExampleGallery : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    const QList<Example>& list() const { return m_list; }
    bool is_loaded() const { return m_loaded; }
    void load();                               ///< on a worker thread; ends in loaded()
Q_SIGNALS:
    void loaded();
private:
    QList<Example> m_list;
    bool m_loaded = false, m_loading = false;
};

}
