/// @file
/// Bodies of directory.hpp: the only file of the store with system calls on files.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/store/directory.hpp>
#include <lathe/store/text.hpp>

#include <cerrno>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>

namespace lathe::detail {

LATHE_INLINE void unique_descriptor::reset() {
  if (value_ >= 0) ::close(value_);
  value_ = -1;
}

LATHE_INLINE int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written == 0) return EIO;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

LATHE_INLINE std::string random_hex(int digits) {
  std::string out;
  while (out.size() < static_cast<std::size_t>(digits)) {
    std::uint64_t value = 0;
    if (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
      // Uniqueness comes from O_EXCL; the clock only makes collisions rare.
      timespec now{};
      ::clock_gettime(CLOCK_MONOTONIC, &now);
      value = static_cast<std::uint64_t>(now.tv_nsec) * 0x9e3779b97f4a7c15U ^
              static_cast<std::uint64_t>(now.tv_sec) ^ out.size();
    }
    out += hex_text(value, 16);
  }
  out.resize(static_cast<std::size_t>(digits));
  return out;
}

LATHE_INLINE std::string system_text(int failure) {
  return std::error_code(failure, std::generic_category()).message();
}

// Owner this user or root, and nobody else may write.
LATHE_INLINE bool is_private(const struct stat& entry) {
  return (entry.st_uid == ::geteuid() || entry.st_uid == 0) &&
         (entry.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

LATHE_INLINE result<store_directory> store_directory::checked(unique_descriptor opened,
                                                              const std::string& path,
                                                              int failure) {
  const auto refuse = [&](const std::string& why) {
    return error("LATHE-E401", "cache directory '" + path + "' is not used: " + why);
  };
  if (!opened) {
    return refuse(failure == ELOOP || failure == ENOTDIR
                      ? "it is a symbolic link or no directory; name the directory itself"
                      : system_text(failure));
  }
  struct stat entry {};
  if (::fstat(opened.get(), &entry) != 0) return refuse(system_text(errno));
  if (!is_private(entry)) {
    return refuse(
        "it belongs to somebody else or others may write to it; expected mode 0700 and "
        "you as its owner (chmod 700, or set LATHE_CACHE_DIR)");
  }
  store_directory out;
  out.descriptor_ = std::move(opened);
  out.path_ = path;
  return out;
}

LATHE_INLINE result<store_directory> store_directory::open(const std::string& path, bool create) {
  if (create) {
    for (std::size_t end = path.find('/', 1); end != std::string::npos;
         end = path.find('/', end + 1)) {
      ::mkdir(path.substr(0, end).c_str(), 0700);  // failures show when the directory is opened
    }
    ::mkdir(path.c_str(), 0700);
  }
  std::string plain = path;  // a trailing slash would follow a link
  while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  unique_descriptor opened(::open(plain.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const int failure = errno;
  return checked(std::move(opened), path, failure);
}

LATHE_INLINE result<store_directory> store_directory::inside(const std::string& name,
                                                             bool create) const {
  if (create) ::mkdirat(descriptor_.get(), name.c_str(), 0700);
  unique_descriptor opened(
      ::openat(descriptor_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const int failure = errno;
  return checked(std::move(opened), path_ + '/' + name, failure);
}

LATHE_INLINE sequence<std::string> store_directory::names() const {
  sequence<std::string> out;
  // A descriptor of its own: the read position is shared by duplicates.
  const int fresh = ::openat(descriptor_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const list = fresh < 0 ? nullptr : ::fdopendir(fresh);
  if (list == nullptr) {
    if (fresh >= 0) ::close(fresh);
    return out;
  }
  while (const dirent* const entry = ::readdir(list)) {
    if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
  }
  ::closedir(list);
  sort(out);
  return out;
}

LATHE_INLINE file_content store_directory::read(const std::string& name, std::int64_t offset,
                                                std::int64_t limit) const {
  file_content out;
  const unique_descriptor file(
      ::openat(descriptor_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    out.error = errno;
    out.refused = errno == ELOOP || errno == ENXIO;
    return out;
  }
  struct stat entry {};
  if (::fstat(file.get(), &entry) != 0) {
    out.error = errno;
    return out;
  }
  out.size = entry.st_size;
  out.modified = entry.st_mtime;
  // No link left: removed since it was listed.
  if (entry.st_nlink == 0) {
    out.error = ENOENT;
    return out;
  }
  if (!S_ISREG(entry.st_mode) || entry.st_nlink != 1 || !is_private(entry) ||
      entry.st_size > limit) {
    out.error = EPERM;
    out.refused = true;
    return out;
  }
  if (offset > entry.st_size) offset = 0;
  out.bytes.resize(static_cast<std::size_t>(entry.st_size - offset));
  std::size_t done = 0;
  while (done < out.bytes.size()) {
    const ssize_t got = ::pread(file.get(), out.bytes.data() + done, out.bytes.size() - done,
                                offset + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) out.error = errno;
    if (got == 0) out.error = ESTALE;  // shorter than it was a moment ago, or a stale size
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.bytes.resize(done);
  return out;
}

LATHE_INLINE unique_descriptor store_directory::create(const std::string& name,
                                                       int& failure) const {
  unique_descriptor file(::openat(descriptor_.get(), name.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                                  0600));
  failure = file ? 0 : errno;
  return file;
}

inline constexpr std::string_view temporary_prefix = "tmp-";

LATHE_INLINE int store_directory::replace(const std::string& name, std::string_view bytes) const {
  std::string temporary;
  int failure = EEXIST;
  {
    unique_descriptor file;
    for (int attempt = 0; attempt < create_attempts && failure == EEXIST; ++attempt) {
      temporary = std::string(temporary_prefix) + random_hex(16);
      file = create(temporary, failure);
    }
    if (!file) return failure;
    failure = write_all(file.get(), bytes);
    if (failure == 0 && ::fsync(file.get()) != 0) failure = errno;
  }
  if (failure == 0 &&
      ::renameat(descriptor_.get(), temporary.c_str(), descriptor_.get(), name.c_str()) != 0) {
    failure = errno;
    // Network file systems may repeat a rename that worked and then report that the source is gone.
    if (failure == ENOENT && status(name).first == static_cast<std::int64_t>(bytes.size())) {
      failure = 0;
    }
  }
  if (failure != 0) {
    remove(temporary);
    return failure;
  }
  ::fsync(descriptor_.get());
  return 0;
}

LATHE_INLINE int store_directory::remove(const std::string& name) const {
  const bool gone = ::unlinkat(descriptor_.get(), name.c_str(), 0) == 0 || errno == ENOENT;
  return gone ? 0 : errno;
}

LATHE_INLINE std::pair<std::int64_t, std::int64_t> store_directory::status(
    const std::string& name) const {
  struct stat entry {};
  if (::fstatat(descriptor_.get(), name.c_str(), &entry, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(entry.st_mode)) {
    return {-1, -1};
  }
  return {entry.st_size, entry.st_mtime};
}

LATHE_INLINE std::size_t store_directory::remove_leftovers() const {
  std::size_t removed = 0;
  for (const std::string& name : names()) {
    if (!name.starts_with(temporary_prefix)) continue;
    const auto [size, modified] = status(name);
    if (size >= 0 && std::time(nullptr) - modified > one_day && remove(name) == 0) ++removed;
  }
  return removed;
}

LATHE_INLINE void store_directory::touch(const std::string& name) const {
  ::utimensat(descriptor_.get(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

}  // namespace lathe::detail
