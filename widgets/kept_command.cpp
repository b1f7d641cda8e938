#include "widgets/kept_command.h"
#include <QHash>
#include <QUndoStack>
#include <algorithm>

namespace lathe {
namespace {

constexpr std::size_t kMostBytes = 1'000'000;

using Apply = std::function<void(const Json&)>;
struct Entry { const UndoTarget* owner; Apply apply; };

QHash<QString, Entry>& targets() {
    static QHash<QString, Entry> all;
    return all;
}
std::function<void(const QString&)>& guide() {
    static std::function<void(const QString&)> set;
    return set;
}
bool restoring = false;   // steps come onto the stack as they were, without being carried out

void tell(const QString& name, const Json& what) {
    if (restoring) return;
    if (guide() && !name.startsWith(u'.')) guide()(name);
    if (const auto found = targets().constFind(name); found != targets().cend()) {
        const Apply apply = found->apply;   // it may end its own target
        apply(what);
    }
}

}

UndoTarget::UndoTarget(const QString& name, std::function<void(const Json&)> apply, QObject* parent) : QObject(parent), m_name(name) {
    targets().insert(name, {this, std::move(apply)});
}

UndoTarget::~UndoTarget() {
    if (const auto found = targets().constFind(m_name); found != targets().cend() && found->owner == this) targets().erase(found);
}

KeptCommand::KeptCommand(const QString& target, const QString& text, Json back, Json forward, bool is_done)
    : QUndoCommand(text), m_target(target), m_back(std::move(back)), m_forward(std::move(forward)), m_is_done(is_done), m_bytes(m_back.dump().size() + m_forward.dump().size() + 64) {}

void KeptCommand::undo() { tell(m_target, m_back); }

void KeptCommand::redo() {
    if (!m_is_done) tell(m_target, m_forward);
    m_is_done = false;
}

void set_undo_guide(std::function<void(const QString&)> new_guide) { guide() = std::move(new_guide); }

Json stored_history(const QUndoStack& stack) {
    int first = stack.count();
    std::size_t bytes = 0;
    for (; first > 0; --first) {
        const auto* step = dynamic_cast<const KeptCommand*>(stack.command(first - 1));
        if (step) bytes += step->m_bytes;
        if (bytes > kMostBytes) break;
    }
    Json steps = Json::array();
    int index = 0;
    for (int i = first; i < stack.count(); ++i) {
        const auto* step = dynamic_cast<const KeptCommand*>(stack.command(i));
        if (!step || step->m_target.startsWith(u'.')) continue;
        steps.push_back({{"target", step->m_target.toStdString()}, {"text", step->text().toStdString()}, {"back", step->m_back}, {"forward", step->m_forward}});
        if (i < stack.index()) ++index;
    }
    return {{"index", index}, {"steps", std::move(steps)}};
}

void restore_history(QUndoStack& stack, const Json& stored) {
    if (!stored.is_object() || stack.count() > 0) return;
    const auto steps = stored.find("steps"), index = stored.find("index");
    if (steps == stored.end() || !steps->is_array() || index == stored.end() || !index->is_number_integer()) return;
    restoring = true;
    for (const Json& step : *steps) {
        if (!step.is_object() || !step.contains("back") || !step.contains("forward")) continue;
        const auto target = step.find("target"), text = step.find("text");
        if (target == step.end() || !target->is_string() || text == step.end() || !text->is_string()) continue;
        stack.push(new KeptCommand(QString::fromStdString(target->get<std::string>()), QString::fromStdString(text->get<std::string>()), step["back"], step["forward"], true));
    }
    stack.setIndex(std::clamp(index->get<int>(), 0, stack.count()));
    restoring = false;
}

}
