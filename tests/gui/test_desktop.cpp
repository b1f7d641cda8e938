// What long runs tell the desktop: a notification and a lock against sleep, over a bus of this test's own; without a bus nothing happens and nothing waits.
#include "app/gui/desktop.h"
#include <QDBusConnection>
#include <QDBusUnixFileDescriptor>
#include <QProcess>
#include <QStandardPaths>
#include <QtTest>
#include <fcntl.h>
#include <unistd.h>

using namespace lathe;

/// Stands in for the notification service.
class Notifications : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")
public:
    QStringList shown;
public Q_SLOTS:
    uint Notify(const QString& program, uint, const QString&, const QString& title, const QString& text, const QStringList&, const QVariantMap&, int) {
        shown << program + u'|' + title + u'|' + text;
        return uint(shown.size());
    }
};

/// Stands in for logind: gives the write end of a pipe away and sees at the read end when it is closed.
class Sleeper : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.login1.Manager")
public:
    QString asked;
    int read_end = -1;
    ~Sleeper() override { if (read_end >= 0) ::close(read_end); }
    bool is_held() const {
        char byte = 0;
        return ::read(read_end, &byte, 1) < 0;   // would block: somebody holds the other end
    }
public Q_SLOTS:
    QDBusUnixFileDescriptor Inhibit(const QString& what, const QString& who, const QString& why, const QString& mode) {
        asked = what + u'|' + who + u'|' + why + u'|' + mode;
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
        read_end = ends[0];
        QDBusUnixFileDescriptor lock(ends[1]);
        ::close(ends[1]);
        return lock;
    }
};

class TestDesktop : public QObject {
    Q_OBJECT
    QProcess m_bus;

private Q_SLOTS:
    void without_a_bus_nothing_waits() {
        qunsetenv("DBUS_SESSION_BUS_ADDRESS");
        qunsetenv("DBUS_SYSTEM_BUS_ADDRESS");
        qputenv("XDG_RUNTIME_DIR", "/nonexistent");
        Desktop desktop;
        desktop.set_awake(true, "A run is under way");
        QVERIFY(desktop.is_awake());
        desktop.notify("Run #0001 finished", "boots, 40 s");
        desktop.set_awake(false, {});
        QVERIFY(!desktop.is_awake());
    }
    void with_a_bus_both_are_told() {
        const QString daemon = QStandardPaths::findExecutable("dbus-daemon");
        if (daemon.isEmpty()) QSKIP("there is no dbus-daemon");
        m_bus.start(daemon, {"--session", "--nofork", "--nopidfile", "--print-address"});
        QVERIFY(m_bus.waitForStarted(10'000));
        QVERIFY(m_bus.waitForReadyRead(10'000));
        const QByteArray address = m_bus.readAllStandardOutput().trimmed();
        QVERIFY(!address.isEmpty());
        QDBusConnection services = QDBusConnection::connectToBus(QString::fromUtf8(address), "services");
        QVERIFY(services.isConnected());
        Notifications notifications;
        Sleeper sleeper;
        QVERIFY(services.registerService("org.freedesktop.Notifications"));
        QVERIFY(services.registerObject("/org/freedesktop/Notifications", &notifications, QDBusConnection::ExportAllSlots));
        QVERIFY(services.registerService("org.freedesktop.login1"));
        QVERIFY(services.registerObject("/org/freedesktop/login1", &sleeper, QDBusConnection::ExportAllSlots));
        qputenv("DBUS_SESSION_BUS_ADDRESS", address);
        qputenv("DBUS_SYSTEM_BUS_ADDRESS", address);
        {
            Desktop desktop;
            desktop.notify("Run #0148 finished", "boots, 41 s");
            QTRY_COMPARE_WITH_TIMEOUT(notifications.shown, QStringList{"Lathe|Run #0148 finished|boots, 41 s"}, 20'000);
            desktop.set_awake(true, "A run is under way");
            desktop.set_awake(true, "A run is under way");   // once is enough
            QTRY_COMPARE_WITH_TIMEOUT(sleeper.asked, QStringLiteral("sleep:idle|Lathe|A run is under way|block"), 20'000);
            QTest::qWait(50);
            QVERIFY(sleeper.is_held());
            desktop.set_awake(false, {});
            QTRY_VERIFY_WITH_TIMEOUT(!sleeper.is_held(), 20'000);
        }
        QDBusConnection::disconnectFromBus("services");
    }
    void cleanupTestCase() {
        m_bus.kill();
        m_bus.waitForFinished(5000);
    }
};

QTEST_GUILESS_MAIN(TestDesktop)
#include "test_desktop.moc"
