#include "app/gui/desktop.h"
#include "core/base/log.h"
#include <QDBusConnection>
#include <QDBusInterface>
#include <QDBusReply>
#include <QDBusUnixFileDescriptor>
#include <QFileInfo>
#include <QVariantMap>

namespace lathe {

/// Lives on the thread of its own: a bus that does not answer delays nobody.
class Desktop::Bus : public QObject {
public:
    void inhibit(const QString& why) {
        if (m_lock.isValid()) return;
        if (!QFileInfo::exists(QStringLiteral("/run/dbus/system_bus_socket")) && qEnvironmentVariableIsEmpty("DBUS_SYSTEM_BUS_ADDRESS")) return;
        QDBusInterface manager(QStringLiteral("org.freedesktop.login1"), QStringLiteral("/org/freedesktop/login1"), QStringLiteral("org.freedesktop.login1.Manager"), QDBusConnection::systemBus());
        manager.setTimeout(3000);
        const QDBusReply<QDBusUnixFileDescriptor> reply = manager.call(QStringLiteral("Inhibit"), QStringLiteral("sleep:idle"), QStringLiteral("Lathe"), why, QStringLiteral("block"));
        if (reply.isValid()) m_lock = reply.value();   // the lock holds as long as this descriptor is open
        else log(LogLevel::info, "desktop", "no sleep inhibitor: " + reply.error().message().toStdString());
    }
    void release() { m_lock = QDBusUnixFileDescriptor(); }
    void notify(const QString& title, const QString& text) {
        // Without an address libdbus would try to start a bus of its own.
        if (qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS") && !QFileInfo::exists(qEnvironmentVariable("XDG_RUNTIME_DIR") + QStringLiteral("/bus"))) return;
        QDBusInterface service(QStringLiteral("org.freedesktop.Notifications"), QStringLiteral("/org/freedesktop/Notifications"), QStringLiteral("org.freedesktop.Notifications"), QDBusConnection::sessionBus());
        service.setTimeout(3000);
        const QDBusMessage reply = service.call(QStringLiteral("Notify"), QStringLiteral("Lathe"), uint(0), QStringLiteral("lathe"), title, text, QStringList(), QVariantMap(), -1);
        if (reply.type() == QDBusMessage::ErrorMessage) log(LogLevel::info, "desktop", "no notification: " + reply.errorMessage().toStdString());
    }
private:
    QDBusUnixFileDescriptor m_lock;
};

Desktop::Desktop(QObject* parent) : QObject(parent), m_bus(new Bus) {
    m_bus->moveToThread(&m_thread);
    m_thread.setObjectName(QStringLiteral("desktop"));
    connect(&m_thread, &QThread::finished, m_bus, &QObject::deleteLater);
    m_thread.start();
}

Desktop::~Desktop() {
    m_thread.quit();
    m_thread.wait();
}

void Desktop::set_awake(bool awake, const QString& why) {
    if (m_awake == awake) return;
    m_awake = awake;
    QMetaObject::invokeMethod(m_bus, [bus = m_bus, awake, why] { awake ? bus->inhibit(why) : bus->release(); }, Qt::QueuedConnection);
}

void Desktop::notify(const QString& title, const QString& text) {
    QMetaObject::invokeMethod(m_bus, [bus = m_bus, title, text] { bus->notify(title, text); }, Qt::QueuedConnection);
}

}
