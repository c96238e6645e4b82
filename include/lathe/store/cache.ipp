/// @file
/// Bodies of cache.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/store/cache.hpp>
#include <lathe/store/objects.hpp>
#include <lathe/store/segment.hpp>
#include <lathe/store/text.hpp>
#include <lathe/store/wisdom.hpp>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <sys/auxv.h>
#include <unistd.h>
#include <utility>

namespace lathe {
namespace detail {

// What is known about one key.
struct cache_entry {
  flat_map<std::string, winner> measured;  // here, by trace: as measured last
  sequence<search_effort> efforts;         // of all searches here, the same ones once
  flat_map<std::string, winner> imported;  // by trace
  flat_set<std::string> settled;           // traces measured or rejected here
  flat_set<std::string> rejected;

  const winner* best() const {
    const winner* found = nullptr;
    for (const auto& [trace, candidate] : measured)
      if (found == nullptr || ranks_before(candidate, *found)) found = &candidate;
    for (const auto& [trace, candidate] : imported) {
      if (settled.contains(trace)) continue;
      if (found == nullptr || ranks_before(candidate, *found)) found = &candidate;
    }
    return found;
  }
  void add(winner candidate) {
    if (candidate.origin == provenance::imported) {
      if (!imported.add(candidate.trace, candidate)) {
        winner& known = imported[candidate.trace];
        if (ranks_before(candidate, known)) known = std::move(candidate);
      }
      return;
    }
    settled.insert(candidate.trace);
    // A longer search may have found nothing better: it counts all the same.
    bool is_known = !candidate.effort.is_known();
    for (const search_effort& one : efforts) is_known |= one == candidate.effort;
    if (!is_known) efforts.push_back(candidate.effort);
    if (rejected.contains(candidate.trace)) return;
    if (measured.add(candidate.trace, candidate)) return;
    winner& known = measured[candidate.trace];
    const bool is_newer =
        candidate.date != known.date ? candidate.date > known.date : ranks_before(candidate, known);
    if (is_newer) known = std::move(candidate);
  }
};

// A whole record that nobody has asked for yet: most of a large cache is never decoded.
struct undecoded_record {
  std::size_t key_hash;
  std::string payload;
  std::string wisdom;  // the file it is from; "" = this cache
};

inline constexpr std::size_t many_segments = 64;

LATHE_INLINE std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&now, &parts) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  return text;
}

LATHE_INLINE std::string version_text() {
  return std::to_string(LATHE_VERSION_MAJOR) + '.' + std::to_string(LATHE_VERSION_MINOR) + '.' +
         std::to_string(LATHE_VERSION_PATCH);
}

// Fills in from the environment what the options leave open.
LATHE_INLINE cache_options with_environment(cache_options options, store_report& report) {
  const auto variable = [&](const char* name) {
    const char* const value = options.environment ? std::getenv(name) : nullptr;
    return std::string(value == nullptr ? "" : value);
  };
  if (const auto word = variable("LATHE_CACHE_MODE"); !options.mode && !word.empty()) {
    if (word == "rw") options.mode = cache_mode::rw;
    if (word == "ro") options.mode = cache_mode::ro;
    if (word == "off") options.mode = cache_mode::off;
    if (!options.mode) {
      report.say("[LATHE-E110] LATHE_CACHE_MODE is '" + word +
                 "': expected rw, ro or off; using rw");
    }
  }
  if (!options.mode) options.mode = cache_mode::rw;
  if (options.directory.empty()) options.directory = variable("LATHE_CACHE_DIR");
  if (options.directory.empty()) {
    // The XDG base directory specification: relative paths are to be ignored.
    if (const auto base = variable("XDG_CACHE_HOME"); base.starts_with('/')) {
      options.directory = base + "/lathe";
    } else if (const auto home = variable("HOME"); home.starts_with('/')) {
      options.directory = home + "/.cache/lathe";
    }
  }
  if (options.wisdom.empty()) {
    const std::string list = variable("LATHE_WISDOM_PATH");
    for (const auto part : split_text(list, ':')) {
      if (!part.empty()) options.wisdom.emplace_back(part);
    }
  }
  return options;
}

}  // namespace detail

// Everything behind a handle. `lock` protects all of it.
struct cache::state {
  lathe::detail::mutex lock;
  cache_options options;
  detail::store_directory directory;
  detail::store_directory objects;
  bool can_write = false;
  store_report report;
  sequence<detail::cache_entry> entries;         // in the order first met
  flat_map<std::string, std::size_t> places;     // in entries, by key text
  sequence<detail::undecoded_record> undecoded;  // in the order read
  detail::segment_reader winners{"seg"};
  detail::segment_writer winner_log{"seg"};
  detail::segment_writer trial_log{"trial"};
  sequence<trial> unwritten_trials;

  detail::cache_entry& entry_of(const std::string& key_text) {
    if (places.add(key_text, entries.size())) entries.emplace_back();
    return entries[places[key_text]];
  }
  void add(winner found) { entry_of(found.key.text()).add(std::move(found)); }
  void add(const rejected_trace& found) {
    detail::cache_entry& entry = entry_of(found.key.text());
    entry.settled.insert(found.trace);
    entry.rejected.insert(found.trace);
    entry.measured.erase(found.trace);
  }

  void read_new() {
    if (!directory) return;
    for (std::string& payload : winners.read_new(directory, report)) {
      const std::string_view key = detail::stored_key(payload);
      if (key.empty()) {
        add_payload(payload);
      } else {
        const std::size_t hash = std::hash<std::string_view>{}(key);
        undecoded.push_back({hash, std::move(payload), {}});
      }
    }
  }

  void read_wisdom(const std::string& path) {
    for (detail::wisdom_record& each : detail::wisdom_records(path, report)) {
      const std::string_view key = detail::stored_key(each.payload);
      if (key.empty()) {
        add_payload(each.payload, each.source);
        continue;
      }
      const std::size_t hash = std::hash<std::string_view>{}(key);
      undecoded.push_back({hash, std::move(each.payload), std::move(each.source)});
    }
  }

  void add_payload(std::string_view payload, const std::string& wisdom = {}) {
    auto record = detail::decode(payload);
    detail::count_skipped(record, wisdom.empty() ? directory.path() : wisdom, report);
    if (record.what != detail::decoded::state::ok) return;
    ++report.records;
    if (!wisdom.empty()) {
      // What others rejected is their business.
      if (record.is_winner) add(without_code(std::move(*record.is_winner)));
      return;
    }
    if (record.is_winner) add(std::move(*record.is_winner));
    if (record.is_rejected_trace) add(*record.is_rejected_trace);
  }

  // Decodes what was read about a key.
  void decode(const cache_key& key) {
    const std::string text = detail::stored_form(key);
    const std::size_t hash = std::hash<std::string_view>{}(text);
    std::size_t kept = 0;
    for (detail::undecoded_record& one : undecoded) {
      if (one.key_hash == hash && detail::stored_key(one.payload) == text) {
        add_payload(one.payload, one.wisdom);
        continue;
      }
      detail::undecoded_record& place = undecoded[kept++];
      if (&place != &one) place = std::move(one);
    }
    undecoded.resize(kept);
  }

  void decode_all() {
    for (const detail::undecoded_record& one : undecoded) add_payload(one.payload, one.wisdom);
    undecoded.clear();
  }

  const winner* best(const cache_key& key) {
    decode(key);
    const auto* const place = places.find(key.text());
    return place == places.end() ? nullptr : entries[place->second].best();
  }

  // Appends a line to the disk if there is one. @returns false if it stays in memory only.
  bool append(detail::segment_writer& log, const std::string& line, bool durable) {
    if (!can_write) return false;
    const int failure = log.append(directory, line, durable);
    if (failure == 0) return true;
    can_write = false;
    report.say("[LATHE-E402] cache directory '" + directory.path() + "' cannot be written (" +
               detail::system_text(failure) + "): continuing in memory");
    return false;
  }

  void say_invalid(const char* what) {
    report.say(std::string("[LATHE-E407] a ") + what +
               " is not kept: expected a trace, positive finite times and text without control "
               "characters");
  }

  detail::merged_segments merge_trials() {
    trial_log.close();
    return detail::merge_segments(directory, "trial", trial_log.names(), report,
                                  options.trial_limit);
  }

  // Keeps all winners of an import, or none.
  result<std::size_t> keep_all(sequence<winner> found) {
    if (options.mode == cache_mode::off || found.empty()) return std::size_t{0};
    if (can_write) {
      std::string lines;
      for (const winner& each : found) lines += detail::line_of(each).value_or("");
      if (const int failure = detail::write_segment(directory, "seg", lines); failure != 0) {
        return error("LATHE-E402", "nothing is imported: '" + directory.path() +
                                       "' cannot be written: " + detail::system_text(failure));
      }
    }
    for (winner& each : found) {
      decode(each.key);
      add(std::move(each));
    }
    return found.size();
  }

  winner keep(winner found, std::span<const std::byte> object) {
    if (options.mode == cache_mode::off) return found;
    if (found.version.empty()) found.version = detail::version_text();
    if (found.date.empty()) found.date = detail::utc_now();
    found.object_digest.clear();
    if (!detail::line_of(found)) {
      say_invalid("winner");
      return found;
    }
    if (!object.empty() && can_write && objects) {
      found.object_digest = detail::keep_object(objects, object, options.object_limit, report);
    }
    if (const auto line = detail::line_of(found)) append(winner_log, *line, true);
    decode(found.key);
    add(found);
    return found;
  }
};

LATHE_INLINE cache cache::open(const cache_options& options) {
  auto opened = shared<state>::make();
  state& self = *opened;
  if (::getauxval(AT_SECURE) != 0) {
    self.options.mode = cache_mode::off;
    self.report.say("[LATHE-E401] no cache in a set-user-id or otherwise privileged process");
    return cache(std::move(opened));
  }
  self.options = detail::with_environment(options, self.report);
  if (self.options.mode == cache_mode::off) return cache(std::move(opened));
  for (const std::string& path : self.options.wisdom) self.read_wisdom(path);
  if (self.options.directory.empty()) {
    self.report.say(
        "[LATHE-E401] no cache directory: HOME is not set; set LATHE_CACHE_DIR to keep "
        "results; continuing in memory");
    return cache(std::move(opened));
  }
  const bool writable = self.options.mode == cache_mode::rw;
  auto directory = detail::store_directory::open(self.options.directory, writable);
  if (!directory) {
    // A read-only cache that was never written is empty, not wrong.
    if (writable || ::access(self.options.directory.c_str(), F_OK) == 0) {
      ++self.report.refused;
      self.report.say('[' + directory.error().id() + "] " + directory.error().text());
    }
    return cache(std::move(opened));
  }
  self.directory = std::move(*directory);
  self.can_write = writable;
  if (auto objects = self.directory.inside("objects", writable)) {
    self.objects = std::move(*objects);
  } else if (writable) {
    ++self.report.refused;
    self.report.say('[' + objects.error().id() + "] " + objects.error().text());
  }
  self.read_new();
  cache out(std::move(opened));
  // Every tuning process leaves a segment behind: keep the start fast without anybody's doing.
  if (writable && self.winners.count() > detail::many_segments) out.prune();
  return out;
}

LATHE_INLINE std::optional<winner> cache::find(const cache_key& key) const {
  const lathe::detail::lock_guard guard(state_->lock);
  const winner* found = state_->best(key);
  if (found == nullptr) {
    state_->read_new();
    found = state_->best(key);
  }
  return found == nullptr ? std::nullopt : std::optional<winner>(*found);
}

LATHE_INLINE sequence<search_effort> cache::efforts(const cache_key& key) const {
  const lathe::detail::lock_guard guard(state_->lock);
  state_->decode(key);
  const auto* const place = state_->places.find(key.text());
  if (place == state_->places.end()) return {};
  return state_->entries[place->second].efforts;
}

LATHE_INLINE winner cache::put(winner found, std::span<const std::byte> object) {
  const lathe::detail::lock_guard guard(state_->lock);
  return state_->keep(std::move(found), object);
}

LATHE_INLINE void cache::reject(const cache_key& key, const std::string& trace,
                                const std::string& reason) {
  const lathe::detail::lock_guard guard(state_->lock);
  if (state_->options.mode == cache_mode::off) return;
  const rejected_trace rejected{key, trace, reason, {}};
  if (const auto line = detail::line_of(rejected)) {
    state_->append(state_->winner_log, *line, true);
  } else {
    state_->say_invalid("rejection");
  }
  state_->decode(key);
  state_->add(rejected);
}

LATHE_INLINE std::optional<sequence<std::byte>> cache::object_of(const winner& found,
                                                                 std::string_view llvm_version,
                                                                 std::string_view cpu_features) {
  const lathe::detail::lock_guard guard(state_->lock);
  if (!state_->objects || found.object_digest.empty() || found.origin == provenance::imported ||
      found.llvm_version != llvm_version || found.cpu_features != cpu_features) {
    return std::nullopt;
  }
  return detail::load_object(state_->objects, found.object_digest, state_->report);
}

LATHE_INLINE void cache::put(const trial& one) {
  const lathe::detail::lock_guard guard(state_->lock);
  if (state_->options.mode == cache_mode::off) return;
  const auto line = detail::line_of(one);
  if (!line) {
    state_->say_invalid("trial");
  } else if (!state_->append(state_->trial_log, *line, false)) {
    state_->unwritten_trials.push_back(one);
  }
}

LATHE_INLINE sequence<trial> cache::trials(const cache_key& key) {
  const lathe::detail::lock_guard guard(state_->lock);
  const std::string hash = key.hash();
  flat_map<std::int64_t, trial> by_number;
  if (state_->can_write &&
      detail::segment_bytes(state_->directory, "trial") > state_->options.trial_limit) {
    state_->merge_trials();
  }
  if (state_->directory) {
    // Trials are many and rarely wanted: they are read when asked for, not kept.
    detail::segment_reader all("trial");
    for (const std::string& payload : all.read_new(state_->directory, state_->report)) {
      auto record = detail::decode(payload);
      detail::count_skipped(record, state_->directory.path(), state_->report);
      std::optional<trial>& found = record.is_trial;
      if (found && found->key_hash == hash) {
        by_number.add(found->number, std::move(*found));
      }
    }
  }
  for (const trial& one : state_->unwritten_trials) {
    if (one.key_hash == hash) by_number.add(one.number, one);
  }
  sequence<trial> out;
  for (auto& [number, one] : by_number) out.push_back(std::move(one));
  return out;
}

LATHE_INLINE sequence<winner> cache::list() const {
  const lathe::detail::lock_guard guard(state_->lock);
  state_->decode_all();
  sequence<winner> out;
  for (const auto& [key, place] : state_->places) {
    const detail::cache_entry& entry = state_->entries[place];
    if (const winner* const found = entry.best()) out.push_back(*found);
  }
  return out;
}

LATHE_INLINE void cache::refresh() {
  const lathe::detail::lock_guard guard(state_->lock);
  state_->read_new();
}

LATHE_INLINE std::string cache::export_text() const { return wisdom_text(list()); }

LATHE_INLINE result<std::size_t> cache::export_file(const std::string& path) const {
  const sequence<winner> winners = list();
  auto written = write_text_file(path, wisdom_text(winners));
  if (!written) return written.error();
  return winners.size();
}

LATHE_INLINE result<std::size_t> cache::import_text(std::string_view text) {
  const lathe::detail::lock_guard guard(state_->lock);
  auto winners = parse_whole_wisdom(text, "imported text", state_->report);
  if (!winners) return winners.error();
  return state_->keep_all(std::move(*winners));
}

LATHE_INLINE result<std::size_t> cache::import_file(const std::string& path) {
  const lathe::detail::lock_guard guard(state_->lock);
  auto winners = read_whole_wisdom(path, state_->report);
  if (!winners) return winners.error();
  return state_->keep_all(std::move(*winners));
}

LATHE_INLINE store_report cache::verify() const {
  const lathe::detail::lock_guard guard(state_->lock);
  store_report out;
  if (!state_->directory) return out;
  for (const char* const family : {"seg", "trial"}) {
    detail::segment_reader all(family);
    for (const std::string& payload : all.read_new(state_->directory, out)) {
      const auto record = detail::decode(payload);
      detail::count_skipped(record, state_->directory.path(), out);
      if (record.what == detail::decoded::state::ok) ++out.records;
    }
  }
  if (state_->objects) {
    for (const std::string& digest : detail::object_digests(state_->objects)) {
      detail::check_object(state_->objects, digest, out);
    }
  }
  return out;
}

LATHE_INLINE prune_report cache::prune() {
  const lathe::detail::lock_guard guard(state_->lock);
  prune_report out;
  if (!state_->can_write) return out;
  const detail::store_directory& directory = state_->directory;
  out.leftovers = directory.remove_leftovers();
  if (state_->objects) {
    out.objects = detail::drop_objects(state_->objects, state_->options.object_limit);
    out.leftovers += state_->objects.remove_leftovers();
  }
  state_->winner_log.close();
  out.segments =
      detail::merge_segments(directory, "seg", state_->winner_log.names(), state_->report).segments;
  const detail::merged_segments trials = state_->merge_trials();
  out.segments += trials.segments;
  out.trials = trials.dropped;
  return out;
}

LATHE_INLINE store_report cache::report() const {
  const lathe::detail::lock_guard guard(state_->lock);
  state_->decode_all();
  return state_->report;
}

LATHE_INLINE std::string cache::directory() const { return state_->directory.path(); }

LATHE_INLINE cache_mode cache::mode() const {
  return state_->options.mode.value_or(cache_mode::rw);
}

}  // namespace lathe
