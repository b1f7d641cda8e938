#include "viewers/accessible.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "viewers/scene_view.h"
#include <QAccessibleWidget>

namespace lathe {

/// The panes and, where a pixel is marked, its value in each.
class ImageCompareAccessible final : public QAccessibleWidget {
public:
    explicit ImageCompareAccessible(ImageCompareViewer* viewer) : QAccessibleWidget(viewer, QAccessible::Graphic) {}
    QString text(QAccessible::Text kind) const override {
        const auto* viewer = static_cast<const ImageCompareViewer*>(widget());
        if (kind == QAccessible::Description) {
            QStringList parts;
            for (const ViewImage& image : viewer->images()) parts << (image.note.isEmpty() ? image.title : image.title + QStringLiteral(", ") + image.note);
            return parts.join(QStringLiteral("; "));
        }
        if (kind != QAccessible::Value) return QAccessibleWidget::text(kind);
        QStringList parts;
        for (const ImageCompareViewer::Pane& pane : viewer->panes()) parts << viewer->value_line(pane);
        return parts.join(QStringLiteral("; "));
    }
};

namespace {

class PlotAccessible final : public QAccessibleWidget {
public:
    explicit PlotAccessible(PlotViewer* viewer) : QAccessibleWidget(viewer, QAccessible::Chart) {}
    QString text(QAccessible::Text kind) const override {
        if (kind != QAccessible::Description) return QAccessibleWidget::text(kind);
        QStringList parts;
        for (const Curve& curve : static_cast<const PlotViewer*>(widget())->curves())
            if (!curve.y.isEmpty()) parts << QObject::tr("%1: %2 points, from %3 to %4").arg(curve.name).arg(curve.y.size()).arg(curve.y.first(), 0, 'g', 4).arg(curve.y.last(), 0, 'g', 4);
        return parts.join(QStringLiteral("; "));
    }
};

class SceneAccessible final : public QAccessibleWidget {
public:
    explicit SceneAccessible(SceneView* view) : QAccessibleWidget(view, QAccessible::Graphic) {}
    QString text(QAccessible::Text kind) const override {
        return kind == QAccessible::Description ? static_cast<const SceneView*>(widget())->description() : QAccessibleWidget::text(kind);
    }
};

QAccessibleInterface* make_interface(const QString&, QObject* object) {
    if (auto* images = qobject_cast<ImageCompareViewer*>(object)) return new ImageCompareAccessible(images);
    if (auto* plot = qobject_cast<PlotViewer*>(object)) return new PlotAccessible(plot);
    if (auto* scene = qobject_cast<SceneView*>(object)) return new SceneAccessible(scene);
    return nullptr;
}

}

void install_viewer_accessibility() {
    static const bool once = (QAccessible::installFactory(make_interface), true);
    Q_UNUSED(once);
}

void announce_value(QWidget* viewer) {
    if (!QAccessible::isActive()) return;
    QAccessibleValueChangeEvent event(viewer, QVariant());
    if (QAccessibleInterface* shown = QAccessible::queryAccessibleInterface(viewer)) event.setValue(shown->text(QAccessible::Value));
    QAccessible::updateAccessibility(&event);
}

}
