/// @file
/// Memory between pages that cannot be accessed: what a kernel does outside of a buffer faults
/// instead of going unnoticed. Called by simulate.cpp, machine.cpp and the fake driver.
#pragma once

#include <cstddef>

namespace cuda_simulator {

/// Where in its pages a buffer lies, when it does not fill them.
enum class placement {
  at_end,   ///< less than `alignment` bytes before the next page: an index too high faults
  at_start  ///< just after the page before: an index too low faults
};

/// A buffer of bytes that all are 0xff: NaN as a float, -1 as an integer.
class guarded_memory {
 public:
  /// @param alignment  of the first byte, a power of two
  guarded_memory(std::size_t bytes, std::size_t alignment, placement where);
  ~guarded_memory();
  guarded_memory(guarded_memory&& other) noexcept;
  guarded_memory(const guarded_memory&) = delete;
  guarded_memory& operator=(const guarded_memory&) = delete;
  guarded_memory& operator=(guarded_memory&&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return bytes_; }
  /// Fills the buffer with 0xff again.
  void poison();
  /// Writing faults from now on.
  void forbid_writing();
  /// The distance from the buffer to the first byte between it and the guard pages that was
  /// written, negative before it; 0 if none was.
  std::ptrdiff_t overwritten() const;
  /// Whether an address lies in the buffer or within its guard pages.
  bool is_near(const void* address) const;

 private:
  std::byte *block_ = nullptr, *pages_ = nullptr, *data_ = nullptr;
  std::size_t block_bytes_ = 0, page_bytes_ = 0, bytes_ = 0;
};

}  // namespace cuda_simulator
