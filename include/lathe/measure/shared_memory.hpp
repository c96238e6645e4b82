/// @file
/// Memory that another program maps, too: what a host and a program that it starts exchange. In: a
/// size, or the file descriptor that was inherited. Out: the same bytes in both.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace lathe {

/// A mapping of an anonymous file. Pages are used only when touched, and start as zeros.
class shared_memory {
 public:
  shared_memory() = default;
  /// @error LATHE-E501 if the system has no memory
  LATHE_INLINE static result<shared_memory> create(std::int64_t bytes);
  /// Maps all of what another program created. @param file  its descriptor; belongs to the object
  /// @error LATHE-E501 if that is no such file
  LATHE_INLINE static result<shared_memory> attach(int file);
  shared_memory(shared_memory&& other) noexcept { swap(other); }
  shared_memory& operator=(shared_memory&& other) noexcept {
    swap(other);
    return *this;
  }
  LATHE_INLINE ~shared_memory();

  /// First byte, on a page.
  std::byte* data() const { return data_; }
  /// [bytes]
  std::int64_t bytes() const { return bytes_; }
  /// The descriptor that the other program needs; closed when a program is executed, unless the
  /// flag is taken from it.
  int file() const { return file_; }

 private:
  void swap(shared_memory& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  int file_ = -1;
  std::byte* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/shared_memory.ipp>
#endif
