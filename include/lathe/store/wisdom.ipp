/// @file
/// Bodies of wisdom.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/store/directory.hpp>
#include <lathe/store/segment.hpp>
#include <lathe/store/wisdom.hpp>

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {
namespace detail {

inline constexpr std::int64_t max_wisdom = std::int64_t{64} << 20;  // [bytes] of one file

// Content of a regular file. Links are followed: sites install wisdom behind them, and it is only
// data. Never blocks on a FIFO.
LATHE_INLINE file_content read_text_file(const std::string& path) {
  file_content out;
  const unique_descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat entry {};
  if (!file || ::fstat(file.get(), &entry) != 0) {
    out.error = errno;
    return out;
  }
  out.refused = !S_ISREG(entry.st_mode) || entry.st_size > max_wisdom;
  if (out.refused) return out;
  out.bytes.resize(static_cast<std::size_t>(entry.st_size));
  std::size_t done = 0;
  while (done < out.bytes.size()) {
    const ssize_t got = ::read(file.get(), out.bytes.data() + done, out.bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) out.error = errno;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.bytes.resize(done);
  return out;
}

LATHE_INLINE void count_skipped(const decoded& record, const std::string& source,
                                store_report& report) {
  if (record.what == decoded::state::newer) {
    ++report.newer;
    report.say("[LATHE-E406] '" + source +
               "' has records of a newer version of lathe: skipped here, kept there");
  } else if (record.what == decoded::state::malformed) {
    ++report.malformed;
    report.say("[LATHE-E403] '" + source + "' has malformed records: skipped");
  }
}

// A file itself, or those of a directory.
LATHE_INLINE sequence<std::string> wisdom_files(const std::string& path) {
  sequence<std::string> files;
  DIR* const list = ::opendir(path.c_str());
  if (list == nullptr) {
    files.push_back(path);
    return files;
  }
  while (const dirent* const entry = ::readdir(list)) {
    const std::string_view name = entry->d_name;
    const bool has_winners = name.ends_with(".wisdom") || name.ends_with(".log");
    if (has_winners && !name.starts_with('.') && !name.starts_with("trial-"))
      files.push_back(path + '/' + std::string(name));
  }
  ::closedir(list);
  sort(files);
  return files;
}

LATHE_INLINE std::string unreadable_wisdom(const std::string& file, const file_content& content) {
  return "wisdom '" + file + "' is not read: " +
         (content.refused ? "expected a regular file of at most 64 MiB"
                          : system_text(content.error) +
                                "; name a file or directory that 'lathe cache export' wrote");
}

LATHE_INLINE sequence<wisdom_record> wisdom_records(const std::string& path, store_report& report) {
  sequence<wisdom_record> out;
  for (const std::string& file : wisdom_files(path)) {
    const file_content content = read_text_file(file);
    if (content.error != 0 || content.refused) {
      ++report.refused;
      report.say("[LATHE-E405] " + unreadable_wisdom(file, content));
      continue;
    }
    std::size_t consumed = 0;
    for (std::string& payload : payloads_of(content.bytes, file, report, consumed))
      out.push_back({std::move(payload), file});
  }
  return out;
}

}  // namespace detail

LATHE_INLINE sequence<winner> parse_wisdom(std::string_view text, const std::string& source,
                                           store_report& report) {
  sequence<winner> out;
  std::size_t consumed = 0;
  for (const std::string& payload : detail::payloads_of(text, source, report, consumed)) {
    auto record = detail::decode(payload);
    detail::count_skipped(record, source, report);
    if (std::optional<winner>& found = record.is_winner) {
      ++report.records;
      out.push_back(without_code(std::move(*found)));
    }
  }
  return out;
}

LATHE_INLINE std::string wisdom_text(std::span<const winner> winners) {
  std::string out = "# lathe wisdom: winners of tuning runs, one record per line\n";
  for (const winner& one : winners) {
    winner portable = without_code(one);
    portable.origin = one.origin;
    out += detail::line_of(portable).value_or("");
  }
  return out;
}

LATHE_INLINE result<sequence<winner>> parse_whole_wisdom(std::string_view text,
                                                         const std::string& source,
                                                         store_report& report) {
  store_report own;
  sequence<winner> found = parse_wisdom(text, source, own);
  const auto refuse = [&](const std::string& why) {
    return error("LATHE-E408", "nothing is imported of '" + source + "': " + why +
                                   "; write the file again with 'lathe cache export', or copy it "
                                   "again");
  };
  if (own.damaged > 0) return refuse("it has damaged bytes between records");
  if (own.torn > 0) return refuse("its last record is incomplete");
  if (own.malformed > 0) return refuse("it has records that no version of lathe writes");
  for (const winner& each : found) {
    if (const auto steps = parse_trace(each.trace); !steps)
      return refuse("the schedule of '" + each.key.op + "' is none: " + steps.error().text());
  }
  report.records += own.records;
  report.newer += own.newer;
  for (const std::string& message : own.messages) report.say(message);
  return found;
}

LATHE_INLINE result<sequence<winner>> read_whole_wisdom(const std::string& path,
                                                        store_report& report) {
  sequence<winner> out;
  for (const std::string& file : detail::wisdom_files(path)) {
    const detail::file_content content = detail::read_text_file(file);
    if (content.error != 0 || content.refused)
      return error("LATHE-E405", detail::unreadable_wisdom(file, content));
    auto found = parse_whole_wisdom(content.bytes, file, report);
    if (!found) return found.error();
    for (winner& each : *found) out.push_back(std::move(each));
  }
  return out;
}

LATHE_INLINE sequence<winner> best_of_each_key(sequence<winner> winners) {
  flat_map<std::string, std::size_t> best;  // by key: its place
  for (std::size_t at = 0; at < winners.size(); ++at) {
    const std::string key = winners[at].key.text();
    if (best.add(key, at)) continue;
    std::size_t& known = best[key];
    if (ranks_before(winners[at], winners[known])) known = at;
  }
  sequence<winner> out;
  for (const auto& [key, at] : best) out.push_back(std::move(winners[at]));
  return out;
}

LATHE_INLINE sequence<winner> read_wisdom(const std::string& path, store_report& report) {
  sequence<winner> out;
  for (const detail::wisdom_record& each : detail::wisdom_records(path, report)) {
    auto record = detail::decode(each.payload);
    detail::count_skipped(record, each.source, report);
    if (!record.is_winner) continue;
    ++report.records;
    out.push_back(without_code(std::move(*record.is_winner)));
  }
  return out;
}

LATHE_INLINE result<std::size_t> write_text_file(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp-" + detail::random_hex(16);
  int failure = 0;
  {
    const detail::unique_descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    failure = file ? detail::write_all(file.get(), text) : errno;
    if (failure == 0 && ::fsync(file.get()) != 0) failure = errno;
  }
  if (failure == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) failure = errno;
  if (failure != 0) {
    ::unlink(temporary.c_str());
    return error("LATHE-E402", "'" + path + "' cannot be written: " + detail::system_text(failure));
  }
  return text.size();
}

}  // namespace lathe
