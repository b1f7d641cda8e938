#include "viewers/view_measures.h"
#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>
#include <utility>

namespace lathe {

std::optional<ViewMeasures::Values> ViewMeasures::values(int image, qint64 reference_generation, const ImageData& reference, qint64 generation, const ImageData& data, const QRect& part) {
    constexpr qint64 kAtOnce = 64 * 64;   // values: about a millisecond
    Entry& entry = m_entries[image];
    const Key key{reference_generation, generation, part};
    if (entry.known && entry.key == key) return entry.values;
    if (qint64(part.width()) * part.height() * data.channels() <= kAtOnce) {
        const Values values{psnr(reference, data, part), ssim(reference, data, part)};
        if (!entry.busy) {
            entry.key = key;
            entry.values = values;
            entry.known = true;
        }
        return values;
    }
    std::optional<Values> before;
    if (entry.known) {
        before = entry.values;
        before->is_current = false;
    }
    if (std::exchange(entry.busy, true)) return before;   // the newest part is asked for again when this one is ready
    QThreadPool::globalInstance()->start([self = QPointer<ViewMeasures>(this), image, key, reference, data, part] {
        const Values values{psnr(reference, data, part), ssim(reference, data, part)};
        QMetaObject::invokeMethod(qApp, [self, image, key, values] {
            if (!self) return;
            self->m_entries[image] = {key, values, false, true};
            Q_EMIT self->ready();
        }, Qt::QueuedConnection);
    });
    return before;
}

}
