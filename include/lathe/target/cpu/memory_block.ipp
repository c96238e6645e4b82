/// @file
/// Bodies of memory_block.hpp.
#pragma once

#include <lathe/core/error.hpp>
#include <lathe/target/cpu/memory_block.hpp>
#include <lathe/target/plan.hpp>

#include <cstdlib>
#include <string>
#include <sys/mman.h>

namespace lathe::native {
namespace detail {

inline constexpr std::int64_t huge_page_bytes = 2
                                                << 20;  ///< of x86-64, and of Arm with 4 KiB pages

}  // namespace detail

LATHE_INLINE memory_block::memory_block(std::int64_t bytes) {
  if (bytes == 0) return;
  const bool large = bytes >= detail::huge_page_bytes;
  const std::int64_t alignment = large ? detail::huge_page_bytes : buffer_alignment;
  const std::int64_t size = (bytes + alignment - 1) / alignment * alignment;
  auto* const memory = static_cast<std::byte*>(
      std::aligned_alloc(static_cast<std::size_t>(alignment), static_cast<std::size_t>(size)));
  if (memory == nullptr)
    fail("LATHE-E321", "a kernel needs " + std::to_string(bytes) +
                           " bytes of workspace and the system has none left; free memory or pass "
                           "a workspace of your own");
  if (large) prefer_huge_pages(memory, size);
  memory_ = owner<std::byte, by_free>(memory);
}

LATHE_INLINE void prefer_huge_pages(void* first, std::int64_t bytes) {
#ifdef MADV_HUGEPAGE
  // Where the system refuses, or has none, small pages do.
  (void)madvise(first, static_cast<std::size_t>(bytes), MADV_HUGEPAGE);
#else
  (void)first;
  (void)bytes;
#endif
}

}  // namespace lathe::native
