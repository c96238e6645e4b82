/// @file
/// Memory that a kernel brings along: workspaces, packed and copied operands. In: a size. Out: a
/// block that starts on a cache line, and on huge pages where it is large: a kernel that runs
/// through many megabytes of 4 KiB pages waits for the page tables.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/owner.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe::native {

/// Owns its bytes, which are not initialised.
class memory_block {
 public:
  /// No memory: data() is null.
  memory_block() = default;
  /// @param bytes  0 = no memory
  /// @error LATHE-E321 if the system has no memory
  LATHE_INLINE explicit memory_block(std::int64_t bytes);

  std::byte* data() const { return memory_.get(); }

 private:
  owner<std::byte, by_free> memory_;
};

/// Asks the system to back memory with huge pages; large pieces that start on one profit.
LATHE_INLINE void prefer_huge_pages(void* first, std::int64_t bytes);

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/memory_block.ipp>
#endif
