/// @file
/// A directory that is safe to read code from and to write to. In: a path. Out: files by plain
/// name, each checked before a byte of it is believed. Called by segment.hpp, objects.hpp and
/// cache.hpp.
///
/// The directory is opened once; later accesses are relative to that descriptor, so that replacing
/// a path component afterwards changes nothing. Files are never followed through links.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lathe::detail {

/// An open file descriptor, closed by the destructor. Movable.
class unique_descriptor {
 public:
  unique_descriptor() = default;
  explicit unique_descriptor(int value) : value_(value) {}
  unique_descriptor(unique_descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  unique_descriptor& operator=(unique_descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~unique_descriptor() { reset(); }

  LATHE_INLINE void reset();
  int get() const { return value_; }
  explicit operator bool() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

inline constexpr std::int64_t one_day = 24 * 60 * 60;  ///< [s]

/// What reading a file gave.
struct file_content {
  int error = 0;          ///< errno, 0 = read
  bool refused = false;   ///< link, not a regular file, foreign owner, writable by others, too big
  std::string bytes;      ///< from the offset asked for to the end
  std::int64_t size = 0;  ///< [bytes] of the whole file
  std::int64_t modified = 0;  ///< [s] since 1970
};

/// How often a file of a new name is tried to be created where the answer is that it exists:
/// network file systems may ask twice and report the second answer.
inline constexpr int create_attempts = 16;

/// A directory owned by this user or root that nobody else may write to. Movable.
class store_directory {
 public:
  store_directory() = default;

  /// Opens a directory; with `create`, makes it and its missing parents with mode 0700 first.
  /// @error E401 it is a link or no directory, belongs to somebody else, others may write to it, or
  ///        the system refuses (the text says which)
  static LATHE_INLINE result<store_directory> open(const std::string& path, bool create);

  /// A directory inside this one, under the same rules.
  LATHE_INLINE result<store_directory> inside(const std::string& name, bool create) const;

  explicit operator bool() const { return static_cast<bool>(descriptor_); }
  /// As given to open(), for messages.
  const std::string& path() const { return path_; }

  /// Names of all entries but dot files, sorted. @returns empty if it cannot be read
  LATHE_INLINE sequence<std::string> names() const;

  /// A file from `offset` to its end. Refuses links, hard links, other kinds, other owners, files
  /// that others may write to, and more than `limit` bytes. Never blocks on a FIFO.
  LATHE_INLINE file_content read(const std::string& name, std::int64_t offset,
                                 std::int64_t limit) const;

  /// Creates a file that must not exist yet, mode 0600, for appending. @returns no descriptor, and
  /// errno in `failure`, if it cannot
  LATHE_INLINE unique_descriptor create(const std::string& name, int& failure) const;

  /// Writes a file under a temporary name, syncs it and renames it: readers see all of it or
  /// nothing.
  /// @returns 0 or errno
  LATHE_INLINE int replace(const std::string& name, std::string_view bytes) const;

  /// Removes a file; one that is gone already is removed. @returns 0 or errno
  LATHE_INLINE int remove(const std::string& name) const;

  /// Size [bytes] and time of last change [s] of a regular file, both -1 for anything else.
  LATHE_INLINE std::pair<std::int64_t, std::int64_t> status(const std::string& name) const;

  /// Removes what killed processes left of replace(): temporary files without a change for a day.
  /// @returns their number
  LATHE_INLINE std::size_t remove_leftovers() const;

  /// Sets the time of last change to now: what "recently used" means.
  LATHE_INLINE void touch(const std::string& name) const;

 private:
  static LATHE_INLINE result<store_directory> checked(unique_descriptor opened,
                                                      const std::string& path, int failure);

  unique_descriptor descriptor_;
  std::string path_;
};

/// Writes all bytes, repeating interrupted and partial writes. @returns 0 or errno
LATHE_INLINE int write_all(int descriptor, std::string_view bytes);

/// `digits` unpredictable hex digits.
LATHE_INLINE std::string random_hex(int digits);

/// Text of an errno value, e.g. "No space left on device".
LATHE_INLINE std::string system_text(int failure);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/store/directory.ipp>
#endif
