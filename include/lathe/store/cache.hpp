/// @file
/// The cache of tuning results. In: a key. Out: the best known winner and its machine code. Called
/// by api/ around every tune, and by the command line.
///
/// Layers, all merged by time: this process's memory, the user's own segments (read and written),
/// wisdom files (read only). Nothing in a cache is ever fatal: see report().
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/store/key.hpp>
#include <lathe/store/report.hpp>
#include <lathe/store/winner.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

/// Whether the cache on disk is used.
enum class cache_mode : unsigned char {
  rw,  ///< found in it, written to it
  ro,  ///< found in it; new winners stay in memory
  off  ///< nothing is found or kept, not even in memory
};

/// Where a cache is and how it is used. What is not set here comes from the environment:
/// LATHE_CACHE_MODE (rw, ro, off), LATHE_CACHE_DIR, LATHE_WISDOM_PATH (separated by colons).
/// Set-uid and other AT_SECURE processes ignore the environment and use no cache.
struct cache_options {
  std::optional<cache_mode> mode;  ///< default rw
  /// Default $XDG_CACHE_HOME/lathe, else $HOME/.cache/lathe, else memory only.
  std::string directory;
  /// Files and directories of wisdom, read once by open(), never written: what a site installs for
  /// its users, in layers below their own winners. Another cache's directory is one, too.
  sequence<std::string> wisdom;
  bool environment = true;                              ///< false: ignore environment variables
  std::int64_t object_limit = std::int64_t{256} << 20;  ///< [bytes] of all objects together
  std::int64_t trial_limit = std::int64_t{64} << 20;    ///< [bytes] of all trials together
};

/// What cache::prune() did.
struct prune_report {
  std::size_t segments = 0;   ///< log files merged with others
  std::size_t objects = 0;    ///< object files dropped
  std::size_t trials = 0;     ///< trials dropped
  std::size_t leftovers = 0;  ///< files of killed writers removed
};

/// Handle of an open cache; copies share it. Every member may be called from several threads, and
/// any number of processes may use one directory. After fork() the child writes a segment of its
/// own.
class cache {
 public:
  /// Opens the layers. Never fails: a layer that cannot or must not be used is left out and
  /// report() says why. Merges segments, as prune() does, when there are more than 64. Every
  /// record's checksum is verified; its fields are read when its key, the list or the report is
  /// asked for.
  static LATHE_INLINE cache open(const cache_options& options = {});

  /// The best winner of a key, by ranks_before(); of several measurements of one trace here the
  /// last one counts. One with origin `imported` must be checked first; then put() it, or reject()
  /// it. An imported winner whose trace was put or rejected here is not returned again, whatever
  /// time it claims. Looks for new records of other processes on a miss.
  LATHE_INLINE std::optional<winner> find(const cache_key& key) const;

  /// How hard winners of a key were searched for here, in no order, whichever of them is the best.
  LATHE_INLINE sequence<search_effort> efforts(const cache_key& key) const;

  /// Keeps a winner, and its object file if `object` is not empty; version, date and digest are
  /// filled in. @returns the winner as it was kept, in memory at least; an invalid one (empty
  /// trace, times not positive) is not kept, and report() says so
  LATHE_INLINE winner put(winner found, std::span<const std::byte> object = {});

  /// Marks a trace as unusable for a key: it failed its check.
  LATHE_INLINE void reject(const cache_key& key, const std::string& trace,
                           const std::string& reason);

  /// Machine code of a winner, made by this LLVM version for these processor features. Nothing if
  /// there is none, it was made by or for another, or its bytes are not those that were put.
  LATHE_INLINE std::optional<sequence<std::byte>> object_of(const winner& found,
                                                            std::string_view llvm_version,
                                                            std::string_view cpu_features);

  /// Appends one trial of a search.
  LATHE_INLINE void put(const trial& one);
  /// All trials of a key that are on disk or in memory, by number; of equal numbers the first read.
  /// Trials are disposable: of more than the limit the oldest are dropped first.
  LATHE_INLINE sequence<trial> trials(const cache_key& key);

  /// The best winner of every key, by key text.
  LATHE_INLINE sequence<winner> list() const;
  /// Reads what other processes have written since.
  LATHE_INLINE void refresh();

  /// list() as wisdom text or file. @error E402 the file cannot be written
  LATHE_INLINE std::string export_text() const;
  LATHE_INLINE result<std::size_t> export_file(const std::string& path) const;
  /// Takes winners from wisdom, marked imported: all of them or, if anything is wrong with the text
  /// or it cannot be kept, none. @returns their number
  /// @error E405 the path cannot be read, E408 a part of it is wrong, E402 it cannot be written
  LATHE_INLINE result<std::size_t> import_text(std::string_view text);
  LATHE_INLINE result<std::size_t> import_file(const std::string& path);

  /// Reads every record and object on disk again and reports on them alone. Changes nothing.
  LATHE_INLINE store_report verify() const;
  /// Merges segments that nobody writes to any more, drops objects and trials over their limits,
  /// least recently used or written ones first, and removes what killed writers left. Winners are
  /// never dropped.
  LATHE_INLINE prune_report prune();

  /// What was met so far that could not be used, in all records read.
  LATHE_INLINE store_report report() const;
  /// Directory in use; empty: memory only.
  LATHE_INLINE std::string directory() const;
  /// The mode in force: off for AT_SECURE processes.
  LATHE_INLINE cache_mode mode() const;

 private:
  struct state;
  explicit cache(shared<state> opened) : state_(std::move(opened)) {}

  shared<state> state_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/store/cache.ipp>
#endif
