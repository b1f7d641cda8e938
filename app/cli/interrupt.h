#pragma once
// Ctrl+C, and what else asks the program to end (SIGTERM, SIGHUP, a reader of its output that has gone away).
#include <functional>

namespace lathe::cli {

/// Once, at the start of the program.
void catch_interrupts();
int interrupts();                                  ///< how often it was asked
void raise_interrupt();                            ///< from the program itself
/// While it lives, `asked` is called on the main thread's event loop, with how often that was by now. Without one, a second Ctrl+C ends the program at once.
class InterruptWatch {
public:
    explicit InterruptWatch(std::function<void(int times)> asked);
    ~InterruptWatch();
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;
private:
    struct Impl;
    Impl* m_impl;
};
void throw_if_interrupted();                       ///< Error(cancelled)

}
