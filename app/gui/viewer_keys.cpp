#include "app/gui/viewer_keys.h"
#include "app/gui/settings.h"
#include "viewers/heat_map.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "viewers/scene_view.h"
#include "widgets/cache_map.h"
#include <QApplication>
#include <QKeyEvent>

namespace lathe {
namespace {
QString viewer_key_setting(const QString& id) { return QStringLiteral("keys/") + id; }

QString group_of(const QObject* object) {
    if (qobject_cast<const ImageCompareViewer*>(object)) return ViewerKeys::tr("Images");
    if (qobject_cast<const PlotViewer*>(object)) return ViewerKeys::tr("Curves");
    if (qobject_cast<const CacheMap*>(object) || qobject_cast<const HeatMapView*>(object)) return ViewerKeys::tr("Maps");
    if (qobject_cast<const SceneView*>(object)) return ViewerKeys::tr("3D");
    return {};
}

/// What the key alone writes; empty for Home, End, arrows.
QString text_of(int key, Qt::KeyboardModifiers modifiers) {
    if (key < Qt::Key_Space || key > Qt::Key_AsciiTilde) return {};
    const QChar letter{ushort(key)};
    return modifiers & Qt::ShiftModifier ? QString(letter) : QString(letter.toLower());
}
}

ViewerKeys::ViewerKeys(QObject* parent) : QObject(parent) {
    const QString images = tr("Images"), curves = tr("Curves"), maps = tr("Maps"), scenes = tr("3D");
    m_entries = {
        {QStringLiteral("viewer.images.fit"), images, tr("Fit"), Qt::Key_F, 0},
        {QStringLiteral("viewer.images.full"), images, tr("100 %"), Qt::Key_Z, 0},
        {QStringLiteral("viewer.images.in"), images, tr("Zoom in"), Qt::Key_Plus, 0},
        {QStringLiteral("viewer.images.out"), images, tr("Zoom out"), Qt::Key_Minus, 0},
        {QStringLiteral("viewer.images.split"), images, tr("Split"), Qt::Key_S, 0},
        {QStringLiteral("viewer.images.blink"), images, tr("Blink"), Qt::Key_B, 0},
        {QStringLiteral("viewer.images.difference"), images, tr("Difference"), Qt::Key_D, 0},
        {QStringLiteral("viewer.images.signed"), images, tr("Absolute or signed"), Qt::Key_A, 0},
        {QStringLiteral("viewer.images.gain"), images, tr("Gain ×2, with Shift ÷2"), Qt::Key_G, 0},
        {QStringLiteral("viewer.images.back"), images, tr("Step back"), Qt::Key_BracketLeft, 0},
        {QStringLiteral("viewer.images.on"), images, tr("Step on"), Qt::Key_BracketRight, 0},
        {QStringLiteral("viewer.images.first"), images, tr("First step"), Qt::Key_Home, 0},
        {QStringLiteral("viewer.images.last"), images, tr("Last step"), Qt::Key_End, 0},
        {QStringLiteral("viewer.images.play"), images, tr("Play"), Qt::Key_Space, 0},
        {QStringLiteral("viewer.images.pin"), images, tr("Pin the live result"), Qt::Key_P, 0},
        {QStringLiteral("viewer.curves.fit"), curves, tr("Fit"), Qt::Key_F, 0},
        {QStringLiteral("viewer.curves.in"), curves, tr("Zoom in"), Qt::Key_Plus, 0},
        {QStringLiteral("viewer.curves.out"), curves, tr("Zoom out"), Qt::Key_Minus, 0},
        {QStringLiteral("viewer.maps.back"), maps, tr("Step back"), Qt::Key_BracketLeft, 0},
        {QStringLiteral("viewer.maps.on"), maps, tr("Step on"), Qt::Key_BracketRight, 0},
        {QStringLiteral("viewer.maps.first"), maps, tr("First step"), Qt::Key_Home, 0},
        {QStringLiteral("viewer.maps.last"), maps, tr("Last step"), Qt::Key_End, 0},
        {QStringLiteral("viewer.maps.clear"), maps, tr("Clear"), Qt::Key_Backspace, 0},
        {QStringLiteral("viewer.scenes.top"), scenes, tr("From above"), Qt::Key_T, 0},
        {QStringLiteral("viewer.scenes.ego"), scenes, tr("From the vehicle"), Qt::Key_E, 0},
        {QStringLiteral("viewer.scenes.orbit"), scenes, tr("Orbit"), Qt::Key_O, 0},
        {QStringLiteral("viewer.scenes.camera"), scenes, tr("Next camera"), Qt::Key_C, 0},
        {QStringLiteral("viewer.scenes.in"), scenes, tr("Nearer"), Qt::Key_Plus, 0},
        {QStringLiteral("viewer.scenes.out"), scenes, tr("Farther"), Qt::Key_Minus, 0},
        {QStringLiteral("viewer.scenes.higher"), scenes, tr("Next slice"), Qt::Key_PageUp, 0},
        {QStringLiteral("viewer.scenes.lower"), scenes, tr("Previous slice"), Qt::Key_PageDown, 0},
    };
    const QSettings& store = Settings::instance().store();
    for (Entry& entry : m_entries) {
        entry.key = entry.default_key;
        if (!store.contains(viewer_key_setting(entry.id))) continue;
        const QKeySequence kept(store.value(viewer_key_setting(entry.id)).toString(), QKeySequence::PortableText);
        if (is_fit(kept)) entry.key = kept.isEmpty() ? 0 : kept[0].key();
    }
    qApp->installEventFilter(this);
}

const ViewerKeys::Entry* ViewerKeys::find(const QString& id) const {
    for (const Entry& entry : m_entries)
        if (entry.id == id) return &entry;
    return nullptr;
}

bool ViewerKeys::is_fit(const QKeySequence& keys) { return keys.isEmpty() || (keys.count() == 1 && !(keys[0].keyboardModifiers() & ~(Qt::ShiftModifier | Qt::KeypadModifier))); }

bool ViewerKeys::set_key(const QString& id, const QKeySequence& keys) {
    for (Entry& entry : m_entries) {
        if (entry.id != id || !is_fit(keys)) continue;
        entry.key = keys.isEmpty() ? 0 : keys[0].key();
        if (entry.key == entry.default_key) Settings::instance().store().remove(viewer_key_setting(id));
        else Settings::instance().store().setValue(viewer_key_setting(id), QKeySequence(entry.key).toString(QKeySequence::PortableText));
        return true;
    }
    return false;
}

const ViewerKeys::Entry* ViewerKeys::entry_of(const QString& group, int Entry::*which, int key) const {
    for (const Entry& entry : m_entries)
        if (entry.group == group && entry.*which == key) return &entry;
    return nullptr;
}

QStringList ViewerKeys::conflicts(const QString& id, const QKeySequence& keys) const {
    QStringList found;
    const Entry* mine = find(id);
    if (!mine || keys.isEmpty()) return found;
    for (const Entry& entry : m_entries)
        if (entry.id != id && entry.group == mine->group && entry.key == keys[0].key()) found << entry.id;
    return found;
}

bool ViewerKeys::eventFilter(QObject* object, QEvent* event) {
    if (m_sending || (event->type() != QEvent::KeyPress && event->type() != QEvent::ShortcutOverride)) return false;
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)) return false;
    const QString group = group_of(object);
    if (group.isEmpty()) return false;
    const QString text = key->text();
    if (text.size() == 1 && text[0].isPrint() && text[0] != u' ' && !Settings::instance().value(QStringLiteral("appearance/single_keys")).toBool()) return true;
    const Entry* wanted = entry_of(group, &Entry::key, key->key());
    if (!wanted) return entry_of(group, &Entry::default_key, key->key()) != nullptr;   // its action has another key now
    if (wanted->key == wanted->default_key) return false;
    QKeyEvent turned(event->type(), wanted->default_key, key->modifiers(), text_of(wanted->default_key, key->modifiers()), key->isAutoRepeat());
    m_sending = true;
    QApplication::sendEvent(object, &turned);
    m_sending = false;
    event->setAccepted(turned.isAccepted());
    return true;
}

}
