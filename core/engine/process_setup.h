#pragma once
// What the engine's process does to itself before anything else can print, fail or be orphaned.

namespace lathe {

struct Channel { int in = -1, out = -1; };
/// Moves the connection away from descriptors 0 and 1 (a library that prints would corrupt it; 1 becomes 2), ties the life of the process to its
/// parent's, makes it the first to go when memory runs out and polite with the processor, and turns a truncated file into an exit with kExitFileChanged.
Channel set_up_engine_process();

}
