// What the linker puts in the place of the library's file calls.
#include "faults/file_calls.hpp"

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

extern "C" {
int __real_open(const char*, int, ...);
int __real_openat(int, const char*, int, ...);
ssize_t __real_read(int, void*, size_t);
ssize_t __real_pread(int, void*, size_t, off_t);
ssize_t __real_write(int, const void*, size_t);
int __real_ftruncate(int, off_t);
int __real_fstat(int, struct stat*);
int __real_fstatat(int, const char*, struct stat*, int);
int __real_rename(const char*, const char*);
int __real_renameat(int, const char*, int, const char*);
int __real_unlink(const char*);
int __real_unlinkat(int, const char*, int);
int __real_mkdir(const char*, mode_t);
int __real_mkdirat(int, const char*, mode_t);
DIR* __real_opendir(const char*);
DIR* __real_fdopendir(int);
struct dirent* __real_readdir(DIR*);
int __real_closedir(DIR*);
int __real_utimensat(int, const char*, const struct timespec*, int);
}

namespace faults {
namespace {

rules current;
int counted = 0;

// --- a network file system, as one client sees it ------------------------------------------------

std::uint64_t random_state = 1;

/// True once in `of` times.
bool by_chance(unsigned of) {
  random_state = random_state * 6364136223846793005U + 1442695040888963407U;
  return current.network && (random_state >> 33) % of == 0;
}

struct attributes {
  off_t size;
  struct timespec modified;
};
/// A file, not the one that had its number before.
using identity = std::pair<std::uint64_t, std::int64_t>;
std::map<identity, attributes> known_files;               // attributes as cached
std::map<ino_t, std::vector<std::string>> known_folders;  // listings as cached
struct listing {
  std::vector<std::string> names;
  std::size_t next = 0;
  dirent entry{};
};
std::map<DIR*, listing> open_folders;

identity identity_of(int folder, const char* path, int flags) {
  struct statx entry {};
  if (::statx(folder, path, flags, STATX_INO | STATX_BTIME, &entry) != 0) return {};
  return {entry.stx_ino, entry.stx_btime.tv_sec * 1'000'000'000 + entry.stx_btime.tv_nsec};
}

/// Attributes may be those of an earlier look.
void make_stale(const identity& file, struct stat* entry) {
  if (!S_ISREG(entry->st_mode)) return;
  const auto known = known_files.find(file);
  if (known != known_files.end() && by_chance(3)) {
    entry->st_size = known->second.size;
    entry->st_mtim = known->second.modified;
    return;
  }
  known_files[file] = {entry->st_size, entry->st_mtim};
}

/// New bytes may be read as zeros: the client knows the new size, but has the old last page.
void make_stale(int descriptor, char* bytes, off_t from, ssize_t size) {
  if (!by_chance(4)) return;
  const identity file = identity_of(descriptor, "", AT_EMPTY_PATH);
  const off_t known = known_files.count(file) != 0 ? known_files[file].size : 0;
  for (ssize_t at = 0; at < size; ++at)
    if (from + at >= known) bytes[at] = 0;
}

/// The call was sent twice: it was done, and the second answer is what is reported.
int answered_twice(int result, int error, unsigned of) {
  if (result != 0 || !by_chance(of)) return result;
  errno = error;
  return -1;
}

// --- faults at one call --------------------------------------------------------------------------

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// Runs a call under the rules. `failed` is what it returns when it fails.
template <class Result, class Call>
Result under_rules(bool changes, Result failed, const Call& call) {
  const int number = counted++;
  const bool is_hit = number == current.at ||
                      (current.what == fault::fail_always && changes && number > current.at);
  if (!is_hit || current.what == fault::none) return call();
  switch (current.what) {
    case fault::fail:
    case fault::fail_always: errno = current.error; return failed;
    case fault::kill_before:
    case fault::kill_inside: die();
    default: break;
  }
  call();
  die();
}

}  // namespace

void set(const rules& wanted) {
  current = wanted;
  counted = 0;
  random_state = wanted.seed;
  known_files.clear();
  known_folders.clear();
}

int calls() { return counted; }

}  // namespace faults

using namespace faults;

extern "C" {

int __wrap_open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return under_rules((flags & O_CREAT) != 0, -1, [&] { return __real_open(path, flags, mode); });
}

int __wrap_openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return under_rules((flags & O_CREAT) != 0, -1, [&] {
    const int result = __real_openat(folder, path, flags, mode);
    if (result < 0 && errno == ENOENT && by_chance(2)) errno = ESTALE;
    if (result >= 0 && (flags & O_EXCL) != 0 && by_chance(8)) {
      ::close(result);
      errno = EEXIST;
      return -1;
    }
    return result;
  });
}

ssize_t __wrap_read(int descriptor, void* bytes, size_t size) {
  return under_rules(false, ssize_t{-1}, [&] { return __real_read(descriptor, bytes, size); });
}

ssize_t __wrap_pread(int descriptor, void* bytes, size_t size, off_t from) {
  return under_rules(false, ssize_t{-1}, [&] {
    const ssize_t got = __real_pread(descriptor, bytes, size, from);
    if (got > 0) make_stale(descriptor, static_cast<char*>(bytes), from, got);
    return got;
  });
}

ssize_t __wrap_write(int descriptor, const void* bytes, size_t size) {
  const bool is_hit = counted == current.at;
  const bool is_cut = current.what == fault::fail || current.what == fault::kill_inside;
  if (is_hit && is_cut && size > 1) {
    // A part is written first; the error comes with the next call, for the rest.
    const ssize_t written = __real_write(descriptor, bytes, size / 2);
    if (current.what == fault::kill_inside) die();
    ++current.at;
    ++counted;
    return written;
  }
  return under_rules(true, ssize_t{-1}, [&] {
    return __real_write(descriptor, bytes, by_chance(8) && size > 1 ? size / 2 : size);
  });
}

// Nothing here survives or dies with the power supply.
int __wrap_fsync(int) {
  return under_rules(true, -1, [] { return 0; });
}
int __wrap_fdatasync(int) {
  return under_rules(true, -1, [] { return 0; });
}

int __wrap_ftruncate(int descriptor, off_t size) {
  return under_rules(true, -1, [&] { return __real_ftruncate(descriptor, size); });
}

int __wrap_fstat(int descriptor, struct stat* entry) {
  return under_rules(false, -1, [&] {
    const int result = __real_fstat(descriptor, entry);
    // Opening a file asks the server (close-to-open), so that its own attributes are fresh then.
    if (result == 0 && current.network)
      known_files[identity_of(descriptor, "", AT_EMPTY_PATH)] = {entry->st_size, entry->st_mtim};
    return result;
  });
}

int __wrap_fstatat(int folder, const char* path, struct stat* entry, int flags) {
  return under_rules(false, -1, [&] {
    const int result = __real_fstatat(folder, path, entry, flags);
    if (result == 0 && current.network) make_stale(identity_of(folder, path, flags), entry);
    return result;
  });
}

int __wrap_rename(const char* from, const char* to) {
  return under_rules(true, -1, [&] { return answered_twice(__real_rename(from, to), ENOENT, 3); });
}

int __wrap_renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return under_rules(true, -1, [&] {
    return answered_twice(__real_renameat(from_folder, from, to_folder, to), ENOENT, 3);
  });
}

int __wrap_unlink(const char* path) {
  return under_rules(true, -1, [&] { return answered_twice(__real_unlink(path), ENOENT, 3); });
}

int __wrap_unlinkat(int folder, const char* path, int flags) {
  return under_rules(
      true, -1, [&] { return answered_twice(__real_unlinkat(folder, path, flags), ENOENT, 3); });
}

int __wrap_mkdir(const char* path, mode_t mode) {
  return under_rules(true, -1, [&] { return answered_twice(__real_mkdir(path, mode), EEXIST, 3); });
}

int __wrap_mkdirat(int folder, const char* path, mode_t mode) {
  return under_rules(true, -1,
                     [&] { return answered_twice(__real_mkdirat(folder, path, mode), EEXIST, 3); });
}

DIR* __wrap_opendir(const char* path) {
  return under_rules(false, static_cast<DIR*>(nullptr), [&] { return __real_opendir(path); });
}

DIR* __wrap_fdopendir(int descriptor) {
  return under_rules(false, static_cast<DIR*>(nullptr), [&] {
    DIR* const folder = __real_fdopendir(descriptor);
    if (folder == nullptr || !current.network) return folder;
    struct stat entry {};
    __real_fstat(descriptor, &entry);
    std::vector<std::string>& known = known_folders[entry.st_ino];
    if (known.empty() || !by_chance(3)) {
      known.clear();
      while (const dirent* const one = __real_readdir(folder)) known.emplace_back(one->d_name);
    }
    open_folders[folder] = {known, 0, {}};
    return folder;
  });
}

struct dirent* __wrap_readdir(DIR* folder) {
  return under_rules(false, static_cast<dirent*>(nullptr), [&]() -> dirent* {
    const auto found = open_folders.find(folder);
    if (found == open_folders.end()) return __real_readdir(folder);
    listing& from = found->second;
    if (from.next == from.names.size()) return nullptr;
    const std::string& name = from.names[from.next++];
    std::memcpy(from.entry.d_name, name.c_str(), name.size() + 1);
    return &from.entry;
  });
}

int __wrap_closedir(DIR* folder) {
  open_folders.erase(folder);
  return __real_closedir(folder);
}

int __wrap_utimensat(int folder, const char* path, const struct timespec* times, int flags) {
  return under_rules(true, -1, [&] { return __real_utimensat(folder, path, times, flags); });
}
}
