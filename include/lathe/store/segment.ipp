/// @file
/// Bodies of segment.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sha256.hpp>
#include <lathe/store/record_io.hpp>
#include <lathe/store/segment.hpp>
#include <lathe/store/text.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe::detail {

inline constexpr std::int64_t max_segment = std::int64_t{256} << 20;  // [bytes]

// Names this machine as far as process numbers mean the same: host, boot and PID namespace.
LATHE_INLINE std::string host_token() {
  char host[256] = "host";
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = 0;
  char space[64] = "";
  const ssize_t length = ::readlink("/proc/self/ns/pid", space, sizeof space - 1);
  std::string identity = std::string(host) + '\n' +
                         std::string(space, length > 0 ? static_cast<std::size_t>(length) : 0);
  if (std::FILE* const boot = std::fopen("/proc/sys/kernel/random/boot_id", "re")) {
    char text[64] = "";
    if (std::fgets(text, sizeof text, boot) != nullptr) identity += text;
    std::fclose(boot);
  }
  std::string readable;
  for (const char* c = host; *c != 0 && readable.size() < 32; ++c) {
    const bool plain =
        (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
    readable += plain ? *c : '_';
  }
  return readable + '.' + sha256_hex(identity).substr(0, 8);
}

// The writer that a segment's name tells.
struct segment_owner {
  std::string host;
  std::int64_t process = 0;
};

LATHE_INLINE std::optional<segment_owner> owner_of(std::string_view name, std::string_view family) {
  if (name.size() > 255 || !name.ends_with(".log")) return std::nullopt;
  const auto parts = split_text(name.substr(0, name.size() - 4), '-');
  if (parts.size() != 4 || parts[0] != family || !parse_hex(parts[3], 16)) return std::nullopt;
  const auto process = parse_integer(parts[2], 1, std::int64_t{1} << 40);
  if (!process) return std::nullopt;
  return segment_owner{std::string(parts[1]), *process};
}

// In the place of a host: of a segment that was written as a whole, to which nobody appends.
inline constexpr const char* whole_host = "whole";

LATHE_INLINE std::string new_segment_name(const std::string& family, const std::string& host) {
  return family + '-' + host + '-' + std::to_string(::getpid()) + '-' + random_hex(16) + ".log";
}

LATHE_INLINE int segment_writer::begin(const store_directory& directory) {
  std::string name;
  int failure = EEXIST;
  file_.reset();
  // A network file system may ask its server twice to create a file, and report the second answer.
  for (int attempt = 0; attempt < create_attempts && failure == EEXIST; ++attempt) {
    name = new_segment_name(family_, host_token());
    file_ = directory.create(name, failure);
  }
  if (!file_) return failure;
  if (process_ != ::getpid()) names_.clear();  // a forked child does not own its parent's segments
  names_.push_back(name);
  process_ = ::getpid();
  started_ = std::time(nullptr);
  size_ = 0;
  return 0;
}

LATHE_INLINE int segment_writer::append(const store_directory& directory, std::string_view line,
                                        bool durable) {
  // Segments older than a day may be merged by others, so a long run changes its own in time.
  const bool usable = file_ && process_ == ::getpid() &&
                      std::time(nullptr) - started_ < one_day / 2 &&
                      size_ + static_cast<std::int64_t>(line.size()) < max_segment;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!usable || attempt > 0) {
      if (const int failure = begin(directory); failure != 0) return failure;
    }
    int failure = write_all(file_.get(), line);
    if (failure == 0 && durable && ::fdatasync(file_.get()) != 0 && errno != EINVAL) {
      failure = errno;
    }
    if (failure != 0) {
      // Best effort: readers skip what a failed write leaves behind.
      if (::ftruncate(file_.get(), size_) != 0) file_.reset();
      return failure;
    }
    size_ += static_cast<std::int64_t>(line.size());
    struct stat entry {};
    // Somebody removed the segment (cleared the cache): what was just written went with it.
    if (::fstat(file_.get(), &entry) == 0 && entry.st_nlink > 0) return 0;
  }
  return ENOENT;
}

LATHE_INLINE sequence<std::string> payloads_of(std::string_view text, const std::string& source,
                                               store_report& report, std::size_t& consumed) {
  sequence<std::string> out;
  line_scanner scanner(text);
  while (const auto found = scanner.next()) {
    if (found->what == scanned::state::whole) {
      out.emplace_back(found->payload);
      continue;
    }
    ++(found->what == scanned::state::torn ? report.torn : report.damaged);
    report.say("[LATHE-E403] '" + source + "' has " +
               (found->what == scanned::state::torn ? "an incomplete last record"
                                                    : "damaged bytes between records") +
               ": skipped, the other records are used");
  }
  consumed = scanner.consumed();
  return out;
}

// One walk over the directory. False if a segment vanished since it was listed: what it held is in
// one that the list does not have yet.
LATHE_INLINE bool segment_reader::read_listed(const store_directory& directory,
                                              store_report& report, sequence<std::string>& out) {
  bool complete = true;
  for (const std::string& name : directory.names()) {
    if (!owner_of(name, family_)) continue;
    auto& [done, seen] = progress_[name];
    const std::int64_t size = directory.status(name).first;
    if (size == seen) continue;
    seen = size;
    const file_content content = directory.read(name, done, max_segment);
    if (content.error == ENOENT || content.error == ESTALE) {
      seen = -2;
      complete = false;
      continue;
    }
    if (content.error != 0) {
      ++report.refused;
      report.say("[LATHE-E405] '" + directory.path() + '/' + name + "' is not read: " +
                 (content.refused ? "expected a regular file with one link that only you can write"
                                  : system_text(content.error)));
      continue;
    }
    std::size_t consumed = 0;
    auto lines = payloads_of(content.bytes, directory.path() + '/' + name, report, consumed);
    done = (done > content.size ? 0 : done) + static_cast<std::int64_t>(consumed);
    for (std::string& line : lines) out.push_back(std::move(line));
  }
  return complete;
}

LATHE_INLINE sequence<std::string> segment_reader::read_new(const store_directory& directory,
                                                            store_report& report) {
  sequence<std::string> out;
  for (int attempt = 0; attempt < 4 && !read_listed(directory, report, out); ++attempt) {
  }
  return out;
}

// True if the writer of a segment can no longer append to it.
LATHE_INLINE bool is_abandoned(const segment_owner& owner, const std::string& this_host,
                               std::int64_t modified, std::int64_t now) {
  if (now - modified > one_day || owner.host == whole_host) return true;
  return owner.host == this_host && ::kill(static_cast<pid_t>(owner.process), 0) != 0 &&
         errno == ESRCH;
}

LATHE_INLINE int write_segment(const store_directory& directory, const std::string& family,
                               std::string_view lines) {
  if (static_cast<std::int64_t>(lines.size()) > max_segment) return EFBIG;
  return directory.replace(new_segment_name(family, whole_host), lines);
}

LATHE_INLINE std::int64_t segment_bytes(const store_directory& directory,
                                        const std::string& family) {
  std::int64_t total = 0;
  for (const std::string& name : directory.names())
    if (owner_of(name, family)) total += larger<std::int64_t>(0, directory.status(name).first);
  return total;
}

// Segments that nobody writes to any more, in the order of their last change.
LATHE_INLINE sequence<std::string> finished_segments(const store_directory& directory,
                                                     const std::string& family,
                                                     const sequence<std::string>& own,
                                                     std::int64_t now) {
  struct dated_name {
    std::int64_t modified;
    std::string name;
  };
  sequence<dated_name> found;
  const std::string this_host = host_token();
  for (const std::string& name : directory.names()) {
    const auto owner = owner_of(name, family);
    if (!owner) continue;
    const auto [size, modified] = directory.status(name);
    if (size < 0) continue;  // gone, or the system does not say how old it is
    if (contains(own, name) || is_abandoned(*owner, this_host, modified, now))
      found.push_back({modified, name});
  }
  sort(found, [](const dated_name& left, const dated_name& right) {
    return left.modified != right.modified ? left.modified < right.modified
                                           : left.name < right.name;
  });
  sequence<std::string> names;
  for (dated_name& each : found) names.push_back(std::move(each.name));
  return names;
}

// Drops lines that occurred before.
LATHE_INLINE void drop_repeated(sequence<std::string>& lines) {
  struct hashed {
    std::size_t hash;
    std::size_t at;
  };
  sequence<hashed> by_hash;
  for (std::size_t at = 0; at < lines.size(); ++at)
    by_hash.push_back({std::hash<std::string>{}(lines[at]), at});
  sort(by_hash, [&](const hashed& left, const hashed& right) {
    if (left.hash != right.hash) return left.hash < right.hash;
    if (const int order = lines[left.at].compare(lines[right.at])) return order < 0;
    return left.at < right.at;
  });
  sequence<std::size_t> repeated;
  for (std::size_t n = 1; n < by_hash.size(); ++n)
    if (by_hash[n].hash == by_hash[n - 1].hash && lines[by_hash[n].at] == lines[by_hash[n - 1].at])
      repeated.push_back(by_hash[n].at);
  for (const std::size_t at : repeated) lines[at].clear();
  erase_if(lines, [](const std::string& line) { return line.empty(); });
}

LATHE_INLINE merged_segments merge_segments(const store_directory& directory,
                                            const std::string& family,
                                            const sequence<std::string>& own, store_report& report,
                                            std::optional<std::int64_t> most_bytes) {
  // The lock only saves two processes from doing the same work; merging twice is harmless.
  static constexpr const char* lock = "merge.lock";
  if (const auto [size, locked] = directory.status(lock);
      size >= 0 && std::time(nullptr) - locked > 600) {
    directory.remove(lock);
  }
  int failure = 0;
  const unique_descriptor locked = directory.create(lock, failure);
  if (!locked) return {};
  // The file system's own clock: that of another machine may differ from ours.
  const std::int64_t now = directory.status(lock).second;
  merged_segments done;
  sequence<std::string> merged;
  sequence<std::string> lines;
  for (const std::string& name : finished_segments(directory, family, own, now)) {
    const file_content content = directory.read(name, 0, max_segment);
    if (content.error != 0) continue;
    line_scanner scanner(content.bytes);
    sequence<std::string> found;
    bool damaged = false;
    while (const auto next = scanner.next()) {
      if (next->what == scanned::state::whole) found.emplace_back(next->line);
      damaged |= next->what == scanned::state::damaged;
    }
    if (damaged && !most_bytes) continue;
    merged.push_back(name);
    for (std::string& line : found) lines.push_back(std::move(line));
  }
  drop_repeated(lines);
  std::int64_t total = 0;
  for (const std::string& line : lines) total += static_cast<std::int64_t>(line.size());
  if (most_bytes && total > *most_bytes) {
    const std::int64_t kept = *most_bytes - *most_bytes / 4;
    for (; total > kept; ++done.dropped)
      total -= static_cast<std::int64_t>(lines[done.dropped].size());
  }
  if (merged.size() > 1 || done.dropped > 0) {
    std::string text;
    for (std::size_t at = done.dropped; at < lines.size(); ++at) text += lines[at];
    failure = text.empty() ? 0 : write_segment(directory, family, text);
    if (failure == 0) {
      for (const std::string& name : merged) directory.remove(name);
      done.segments = merged.size();
    } else {
      done = {};
      report.say("[LATHE-E402] segments in '" + directory.path() +
                 "' are not merged: " + system_text(failure));
    }
  }
  directory.remove(lock);
  return done;
}

}  // namespace lathe::detail
