#pragma once
// Large CPU tensors from kept memory: paging 100 MB in anew costs more than a convolution that fills it, so blocks of 1 MB and more are kept for the next
// tensor of their size, in huge pages where the system has them.
#include <cstddef>

namespace lathe {

/// From now on LibTorch takes CPU tensors of 1 MB and more from here, and malloc keeps what it frees as well; at most `budget` bytes of large blocks are
/// kept (0: an eighth of this computer's memory, 4 GB at most). Call once, before the first tensor.
void keep_tensor_memory(std::size_t budget = 0);
/// Gives the kept blocks back to the system. Any thread.
void release_kept_tensors();
std::size_t kept_tensor_bytes();

}
