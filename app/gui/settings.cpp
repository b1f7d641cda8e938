#include "app/gui/settings.h"
#include "app/gui/text.h"
#include "core/base/paths.h"

namespace lathe {
namespace {
using Type = SettingInfo::Type;
QVariant checked(const SettingInfo& info, const QVariant& value) {
    switch (info.type) {
    case Type::boolean: return value.canConvert<bool>() ? QVariant(value.toBool()) : info.default_value;
    case Type::integer: {
        bool ok = false;
        const int number = value.toInt(&ok);
        return ok ? QVariant(std::clamp(number, info.min, info.max)) : info.default_value;
    }
    case Type::choice:
        for (const SettingChoice& choice : info.choices)
            if (choice.value == value.toString()) return choice.value;
        return info.default_value;
    case Type::text: return value.toString();
    }
    return info.default_value;
}
}

Settings::Settings() : m_store(path_text(user_config_folder() / "lathe.ini"), QSettings::IniFormat) {
    m_declared = {
        {"appearance/theme", tr("Appearance"), tr("Theme"), tr("Light, dark, or as the desktop is set."), Type::choice, "system",
            {{"system", tr("As the desktop")}, {"light", tr("Light")}, {"dark", tr("Dark")}}, 0, 0, {}},
        {"appearance/high_contrast", tr("Appearance"), tr("High contrast"), tr("Texts and edges become pure black or white."), Type::boolean, false, {}, 0, 0, {}},
        {"appearance/reduced_motion", tr("Appearance"), tr("Reduced motion"), tr("Blink and play wait for a key."), Type::boolean, false, {}, 0, 0, {}},
        {"appearance/single_keys", tr("Appearance"), tr("Single-letter keys in viewers"), tr("F, Z, S, B, D … act where a viewer has the focus."), Type::boolean, true, {}, 0, 0, {}},
        {"engine/launcher", tr("Engine"), tr("Launcher"),
            tr("The command that starts an engine. Empty: the engine of this computer. Example: ssh gpu3 lathe-engine. Acts when the engine is started again."), Type::text, "", {}, 0, 0, {}},
        {"engine/threads", tr("Engine"), tr("Threads"), tr("How many threads a run uses. 0: the engine's choice."), Type::integer, 0, {}, 0, 256, {}},
        {"storage/keep_live", tr("Storage"), tr("Live results kept"), tr("Older live results that are not pinned go for good."), Type::integer, 50, {}, 0, 1000, {}},
        {"storage/quota_mb", tr("Storage"), tr("Quota of a project"), tr("A message says so when the project file grows beyond this."), Type::integer, 2000, {}, 50, 1'000'000, tr("MB")},
        {"desktop/notify", tr("Desktop"), tr("Notify when long runs end"), tr("A desktop notification for runs of more than 30 s, when the window is not in front."), Type::boolean, true, {}, 0, 0, {}},
        {"desktop/inhibit_sleep", tr("Desktop"), tr("Stay awake while runs are under way"), tr("The computer does not suspend itself during runs of more than 30 s."), Type::boolean, true, {}, 0, 0, {}},
        {"start/reopen", tr("Start"), tr("Open the last project at start"), tr("Otherwise the start page is shown."), Type::boolean, false, {}, 0, 0, {}},
    };
}

Settings& Settings::instance() {
    static Settings settings;
    return settings;
}

const SettingInfo* Settings::find(const QString& key) const {
    for (const SettingInfo& info : m_declared)
        if (info.key == key) return &info;
    return nullptr;
}

QVariant Settings::value(const QString& key) const {
    const SettingInfo* info = find(key);
    if (!info) return m_store.value(key);
    return m_store.contains(key) ? checked(*info, m_store.value(key)) : info->default_value;
}

QString Settings::value_text(const QString& key) const {
    const SettingInfo* info = find(key);
    const QVariant current = value(key);
    if (!info) return current.toString();
    if (info->type == Type::boolean) return current.toBool() ? tr("on") : tr("off");
    for (const SettingChoice& choice : info->choices)
        if (choice.value == current.toString()) return choice.label;
    return info->unit.isEmpty() ? current.toString() : QStringLiteral("%1 %2").arg(current.toString(), info->unit);
}

void Settings::set_value(const QString& key, const QVariant& new_value) {
    const SettingInfo* info = find(key);
    const QVariant accepted = info ? checked(*info, new_value) : new_value;
    if (value(key) == accepted) return;
    m_store.setValue(key, accepted);
    Q_EMIT changed(key);
}

}
