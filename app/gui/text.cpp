#include "app/gui/text.h"
#include "core/report/ticks.h"
#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QLocale>

namespace lathe {
namespace {
struct Texts { Q_DECLARE_TR_FUNCTIONS(Text) };
}

QString size_text(qint64 bytes) { return QString::fromStdString(bytes_text(bytes)); }

QString short_path(const QString& path) {
    const QString home = QDir::homePath();
    return path == home || path.startsWith(home + u'/') ? u'~' + path.mid(home.size()) : path;
}

QString when_text(qint64 ms) {
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(ms), now = QDateTime::currentDateTime();
    const qint64 days = time.date().daysTo(now.date());
    const QLocale locale;
    if (days <= 0) return Texts::tr("today, %1").arg(time.toString(QStringLiteral("HH:mm")));
    if (days == 1) return Texts::tr("yesterday");
    if (days < 7) return locale.dayName(time.date().dayOfWeek());
    const QString day = QStringLiteral("%1 %2").arg(time.date().day()).arg(locale.monthName(time.date().month(), QLocale::ShortFormat));
    return time.date().year() == now.date().year() ? day : QStringLiteral("%1 %2").arg(day).arg(time.date().year());
}

QString clock_text(qint64 ms) {
    if (ms <= 0) return {};
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(ms);
    if (time.date() == QDate::currentDate()) return time.toString(QStringLiteral("HH:mm"));
    return time.toString(QStringLiteral("yyyy-MM-dd HH:mm"));
}

}
