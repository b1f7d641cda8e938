#pragma once
// What long runs mean for the desktop: no suspending while they are under way, and a notification at the end. Talks to DBus on a thread of its own and does
// nothing where there is no bus.
#include <QObject>
#include <QThread>
#include <functional>
#include <memory>

namespace lathe {

class Desktop : public QObject {
    Q_OBJECT
public:
    explicit Desktop(QObject* parent = nullptr);
    ~Desktop() override;
    void set_awake(bool awake, const QString& why);          ///< idempotent
    bool is_awake() const { return m_awake; }
    void notify(const QString& title, const QString& text);
private:
    class Bus;
    QThread m_thread;
    Bus* m_bus;
    bool m_awake = false;
};

}
