#pragma once
// PSNR and SSIM of the visible parts of images: small parts at once, large ones on another thread, so that zooming and panning never wait.
#include "viewers/image_data.h"
#include <QHash>
#include <QObject>
#include <QRect>
#include <optional>

namespace lathe {

class ViewMeasures : public QObject {
    Q_OBJECT
public:
    struct Values { double psnr = 0, ssim = 0; bool is_current = true; };
    /// The values if they are known; else they are computed and ready() follows, and those before are given, marked as not current. Generations say which contents the images have.
    std::optional<Values> values(int image, qint64 reference_generation, const ImageData& reference, qint64 generation, const ImageData& data, const QRect& part);
Q_SIGNALS:
    void ready();
private:
    struct Key {
        qint64 reference = 0, image = 0; QRect part;
        bool operator==(const Key&) const = default;
    };
    struct Entry { Key key; Values values; bool busy = false, known = false; };
    QHash<int, Entry> m_entries;
};

}
