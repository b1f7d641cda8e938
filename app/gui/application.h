#pragma once
// QApplication that times painting for the stall monitor and lets no exception of a handler end the program.
#include <QApplication>

namespace lathe {

class Application : public QApplication {
    Q_OBJECT
public:
    Application(int& argc, char** argv);
    bool notify(QObject* receiver, QEvent* event) override;
Q_SIGNALS:
    void handler_failed(QString what, QString where, QString hint);
};

/// Before the application is made: the xcb platform where DISPLAY is set and nobody chose otherwise (3D views need it), rounding of scales.
void prepare_platform();

}
