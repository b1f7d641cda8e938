#pragma once
// The state of a project when it was opened, for "Revert to as opened". Nothing is copied at opening, so that large projects open at once: at the
// first write a read transaction is started on a connection of its own, and WAL then keeps what that transaction sees. Only when the WAL file has
// grown large is that state copied to the user's cache folder, in the background, and the transaction ended, so that the WAL can be reset again.
#include "core/project/place.h"
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace lathe {

class AsOpened {
public:
    explicit AsOpened(Place place);
    ~AsOpened();
    void before_write();   ///< cheap, but at the first call on a network file system, which copies the file
    void after_write();    ///< looks at the size of the WAL file
    /// Writes the state back into `db` as one transaction. Throws Error(unsupported) where it was not kept, and says why.
    void restore(sql::Database& db);
private:
    enum class State { untouched, held, copying, copied, lost };
    void copy_held(const std::stop_token& stop);
    std::filesystem::path make_copy(sql::Database& from, const std::stop_token& stop) const;
    void lose(const std::string& reason);

    const Place m_place;
    std::mutex m_mutex;            // guards m_state and m_reason; m_held belongs to the copying thread while State::copying
    State m_state = State::untouched;
    std::string m_reason;
    std::unique_ptr<sql::Database> m_held;
    std::filesystem::path m_copy;
    std::jthread m_thread;
};

}
