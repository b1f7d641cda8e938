#include "core/engine/registry.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace lathe {
namespace {

[[noreturn]] void refuse_duplicate(const char* what, const std::string& id) {
    throw Error(ErrorCode::invalid_value, std::string("Two plugins register the ") + what + " \"" + id + "\".", id, "Remove one of them from the plugin folder.");
}

template <class Items>
[[noreturn]] void refuse_unknown(const char* what, std::string_view id, const Items& items) {
    std::vector<std::string> known;
    for (const auto& item : items) known.push_back(item.info.id);
    const std::string nearest = nearest_name(id, known);
    throw Error(ErrorCode::unknown_name, std::string("This engine has no ") + what + " \"" + std::string(id) + "\".", std::string(what) + " " + std::string(id),
        nearest.empty() ? "Its plugin may be missing: see Help > Plugins or lathe-cli plugins." : "Did you mean \"" + nearest + "\"?");
}

const std::string& id_of(const Method& m) { return m.info.id; }
const std::string& id_of(const TapFactory& t) { return t.info.id; }
const std::string& id_of(const VerifyCase& c) { return c.id; }
std::string id_of(const std::unique_ptr<ModelFamily>& f) { return f->id(); }

template <class Items> void refuse_if_known(const char* what, const Items& items, const typename Items::value_type& item) {
    for (const auto& known : items)
        if (id_of(known) == id_of(item)) refuse_duplicate(what, id_of(item));
}

template <class Items> void append(Items& to, Items& from) {
    for (auto& item : from) to.push_back(std::move(item));
}

}

void Registry::add(Method method) {
    refuse_if_known("method", m_methods, method);
    m_methods.push_back(std::move(method));
}

void Registry::add(std::unique_ptr<ModelFamily> family) {
    refuse_if_known("model family", m_families, family);
    m_families.push_back(std::move(family));
}

void Registry::add(TapFactory factory) {
    refuse_if_known("tap", m_taps, factory);
    m_taps.push_back(std::move(factory));
}

void Registry::add(VerifyCase verify_case) {
    refuse_if_known("reference case", m_cases, verify_case);
    m_cases.push_back(std::move(verify_case));
}

void Registry::merge(Registry&& other) {
    for (const auto& m : other.m_methods) refuse_if_known("method", m_methods, m);
    for (const auto& f : other.m_families) refuse_if_known("model family", m_families, f);
    for (const auto& t : other.m_taps) refuse_if_known("tap", m_taps, t);
    for (const auto& c : other.m_cases) refuse_if_known("reference case", m_cases, c);
    append(m_methods, other.m_methods);
    append(m_families, other.m_families);
    append(m_taps, other.m_taps);
    append(m_cases, other.m_cases);
}

void Registry::set_plugin(const std::string& plugin) {
    for (auto& c : m_cases) c.plugin = plugin;
}

const Method& Registry::method(std::string_view id) const {
    for (const auto& m : m_methods)
        if (m.info.id == id) return m;
    refuse_unknown("method", id, m_methods);
}

const TapFactory& Registry::tap(std::string_view id) const {
    for (const auto& t : m_taps)
        if (t.info.id == id) return t;
    refuse_unknown("tap", id, m_taps);
}

const VerifyCase* Registry::find_case(std::string_view id) const {
    for (const auto& c : m_cases)
        if (c.id == id) return &c;
    return nullptr;
}

Catalogue Registry::catalogue() const {
    Catalogue out;
    for (const auto& m : m_methods) out.methods.push_back(m.info);
    for (const auto& t : m_taps) out.taps.push_back(t.info);
    for (const auto& f : m_families) out.families.push_back({f->id(), f->title(), {}, f->key_layouts()});
    for (const auto& c : m_cases) out.cases.push_back({c.id, c.plugin});
    return out;
}

std::string lathe_abi() { return LATHE_ABI; }

}
