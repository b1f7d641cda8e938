#include "core/nn/pickle.h"
#include "core/base/error.h"
#include "core/nn/pickle_globals.h"
#include <bit>
#include <cstring>
#include <unordered_map>

namespace lathe::pickle {
namespace {

constexpr std::size_t kMaxValues = 8'000'000;

class Machine {
public:
    Machine(std::string_view bytes, std::string_view where) : m_bytes(bytes), m_where(where) { m_pickle.values.emplace_back(None{}); }

    Pickle run() {
        while (!step(static_cast<unsigned char>(take(1)[0]))) {}
        m_pickle.root = pop();
        return std::move(m_pickle);
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::wrong_format, what, m_where + ", pickle byte " + std::to_string(m_at), "the checkpoint is damaged: fetch it again, or save it again with torch.save");
    }

    // --- input
    std::string_view take(std::uint64_t size) {
        if (size > m_bytes.size() - m_at)
            fail("The pickle ends too early");
        const std::string_view piece = m_bytes.substr(m_at, std::size_t(size));
        m_at += std::size_t(size);
        return piece;
    }
    template <class T> T number() {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::string_view line() {
        const std::size_t end = m_bytes.find('\n', m_at);
        if (end == std::string_view::npos || end - m_at > 4096)
            fail("A name without end");
        const std::string_view text = m_bytes.substr(m_at, end - m_at);
        m_at = end + 1;
        return text;
    }

    // --- stack
    Id add(Value value) {
        if (m_pickle.values.size() >= kMaxValues)
            fail("More than 8 000 000 values");
        m_pickle.values.push_back(std::move(value));
        return Id(m_pickle.values.size() - 1);
    }
    void push(Id id) {
        if (m_stack.size() >= kMaxValues)
            fail("A stack of more than 8 000 000 values");
        m_stack.push_back(id);
    }
    void push_value(Value value) { push(add(std::move(value))); }
    std::size_t floor() const { return m_marks.empty() ? 0 : m_marks.back(); }
    Id top() const {
        if (m_stack.size() <= floor())
            fail("The stack is empty");
        return m_stack.back();
    }
    Id pop() {
        const Id id = top();
        m_stack.pop_back();
        return id;
    }
    std::vector<Id> pop_to_mark() {
        if (m_marks.empty())
            fail("There is no mark");
        std::vector<Id> items(m_stack.begin() + std::ptrdiff_t(m_marks.back()), m_stack.end());
        m_stack.resize(m_marks.back());
        m_marks.pop_back();
        return items;
    }
    void push_tuple(std::size_t size) {
        std::vector<Id> items(size);
        for (std::size_t i = size; i-- > 0;)
            items[i] = pop();
        push_value(List{std::move(items)});
    }
    void remember(std::uint32_t key) { m_memo[key] = top(); }
    void recall(std::uint32_t key) {
        const auto found = m_memo.find(key);
        if (found == m_memo.end())
            fail("An unknown memo " + std::to_string(key));
        push(found->second);
    }

    // --- containers
    std::vector<Id>& list_at(Id id) {
        if (auto* list = std::get_if<List>(&m_pickle.values[id]))
            return list->items;
        if (const auto* object = std::get_if<ObjectRef>(&m_pickle.values[id]))
            return m_pickle.objects[object->index].elements;
        fail("Items are appended to something that is not a list");
    }
    Pairs& dict_at(Id id) {
        if (auto* dict = std::get_if<Dict>(&m_pickle.values[id]))
            return dict->items;
        if (const auto* object = std::get_if<ObjectRef>(&m_pickle.values[id]))
            return m_pickle.objects[object->index].items;
        fail("Keys are set in something that is not a dict");
    }
    static Pairs pairs_of(const std::vector<Id>& flat) {
        Pairs pairs;
        for (std::size_t i = 0; i + 1 < flat.size(); i += 2)
            pairs.emplace_back(flat[i], flat[i + 1]);
        return pairs;
    }
    void set_items(const std::vector<Id>& flat) {
        if (flat.size() % 2 != 0)
            fail("A key without a value");
        const Pairs pairs = pairs_of(flat);
        Pairs& dict = dict_at(top());
        dict.insert(dict.end(), pairs.begin(), pairs.end());
    }
    void append_items(const std::vector<Id>& items) {
        std::vector<Id>& list = list_at(top());
        list.insert(list.end(), items.begin(), items.end());
    }

    // --- calls: known PyTorch helpers make data, everything else stays an inert object
    void call() {
        const Id args = pop(), function = pop();
        Value result = call_global(m_pickle, function, args, m_where);
        push_value(std::move(result));
    }
    void build() {
        const Id state = pop();
        if (const auto* object = std::get_if<ObjectRef>(&m_pickle.values[top()]))
            m_pickle.objects[object->index].state = state;   // dicts get their _metadata here: of no use
    }
    void global(std::string_view module, std::string_view name) { push_value(Class{std::string(module) + "." + std::string(name)}); }
    void stack_global() {
        const Id name = pop(), module = pop();
        const auto* a = std::get_if<std::string>(&m_pickle.values[module]);
        const auto* b = std::get_if<std::string>(&m_pickle.values[name]);
        if (!a || !b)
            fail("A class whose name is not a text");
        std::string full = *a + "." + *b;
        push_value(Class{std::move(full)});
    }
    void integer(std::string_view little) {
        if (little.size() > 8) {
            push_value(BigInteger{std::string(little)});
            return;
        }
        std::int64_t value = !little.empty() && (little.back() & 0x80) ? -1 : 0;
        std::memcpy(&value, little.data(), little.size());
        push_value(value);
    }

    bool step(unsigned char op) {   // true: STOP
        switch (op) {
            case 0x80: if (const int protocol = number<std::uint8_t>(); protocol > 5) fail("Pickle protocol " + std::to_string(protocol)); break;
            case 0x95: number<std::uint64_t>(); break;   // FRAME: a hint for streams
            case '.': return true;
            case '(':
                if (m_marks.size() >= kMaxValues)
                    fail("More than 8 000 000 marks");
                m_marks.push_back(m_stack.size());
                break;
            case '0': pop(); break;
            case '1': pop_to_mark(); break;
            case '2': push(top()); break;
            case 'N': push(0); break;
            case 0x88: push_value(true); break;
            case 0x89: push_value(false); break;
            case 'K': push_value(std::int64_t(number<std::uint8_t>())); break;
            case 'M': push_value(std::int64_t(number<std::uint16_t>())); break;
            case 'J': push_value(std::int64_t(number<std::int32_t>())); break;
            case 0x8a: integer(take(number<std::uint8_t>())); break;
            case 0x8b: integer(take(number<std::uint32_t>())); break;
            case 'G': push_value(std::bit_cast<double>(__builtin_bswap64(number<std::uint64_t>()))); break;
            case 0x8c: push_value(std::string(take(number<std::uint8_t>()))); break;
            case 'X': push_value(std::string(take(number<std::uint32_t>()))); break;
            case 0x8d: push_value(std::string(take(number<std::uint64_t>()))); break;
            case 'U': push_value(std::string(take(number<std::uint8_t>()))); break;
            case 'T': push_value(std::string(take(number<std::uint32_t>()))); break;
            case 'C': push_value(Bytes{std::string(take(number<std::uint8_t>()))}); break;
            case 'B': push_value(Bytes{std::string(take(number<std::uint32_t>()))}); break;
            case 0x8e: case 0x96: push_value(Bytes{std::string(take(number<std::uint64_t>()))}); break;
            case 'q': remember(number<std::uint8_t>()); break;
            case 'r': remember(number<std::uint32_t>()); break;
            case 0x94: remember(std::uint32_t(m_memo.size())); break;
            case 'h': recall(number<std::uint8_t>()); break;
            case 'j': recall(number<std::uint32_t>()); break;
            case '}': push_value(Dict{}); break;
            case ']': case ')': case 0x8f: push_value(List{}); break;
            case 'd': {
                const std::vector<Id> flat = pop_to_mark();
                push_value(Dict{pairs_of(flat)});
                break;
            }
            case 't': case 'l': case 0x91: push_value(List{pop_to_mark()}); break;
            case 0x85: push_tuple(1); break;
            case 0x86: push_tuple(2); break;
            case 0x87: push_tuple(3); break;
            case 's': {
                const Id value = pop(), key = pop();
                set_items({key, value});
                break;
            }
            case 'u': set_items(pop_to_mark()); break;
            case 'a': append_items({pop()}); break;
            case 'e': case 0x90: append_items(pop_to_mark()); break;
            case 'c': {
                const std::string_view module = line();
                global(module, line());
                break;
            }
            case 0x93: stack_global(); break;
            case 'Q': push_value(storage_from(m_pickle, pop(), m_where)); break;
            case 'R': case 0x81: call(); break;
            case 0x92: pop(); call(); break;   // NEWOBJ_EX: keyword arguments are of no use here
            case 'b': build(); break;
            default:
                throw Error(ErrorCode::unsupported, "Pickle code " + std::to_string(op) + " does not occur in PyTorch checkpoints of protocol 2 to 5",
                            m_where + ", pickle byte " + std::to_string(m_at), "save the checkpoint again with torch.save and its default protocol, or as safetensors");
        }
        return false;
    }

    std::string_view m_bytes;
    std::string m_where;
    std::size_t m_at = 0;
    Pickle m_pickle;
    std::vector<Id> m_stack;
    std::vector<std::size_t> m_marks;
    std::unordered_map<std::uint32_t, Id> m_memo;
};

}

Pickle read(std::string_view bytes, std::string_view where) { return Machine(bytes, where).run(); }

}
