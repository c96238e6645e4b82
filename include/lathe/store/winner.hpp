/// @file
/// What the store keeps: winners, trials and rejections, as values and as records. In: fields of a
/// line. Out: checked values, or why the line was skipped. Called by cache.hpp and wisdom.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/store/key.hpp>
#include <lathe/store/record_io.hpp>
#include <lathe/target/plan.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe {

/// Version of the records' meaning. Records of newer schemas are skipped and kept.
inline constexpr int record_schema = 1;

/// Where a winner comes from.
enum class provenance : unsigned char {
  searched,  ///< measured and checked on this machine by a search
  estimate,  ///< measured and checked here, but from the analytic schedule
  imported   ///< from a wisdom file or import: check and measure it before the first use
};

/// The word used in records: "searched", "estimate", "imported".
constexpr const char* name_of(provenance origin) {
  switch (origin) {
    case provenance::searched: return "searched";
    case provenance::estimate: return "estimate";
    case provenance::imported: return "imported";
  }
  return "?";
}

/// How hard a winner was searched for: what decides whether a longer search may find a better one.
struct search_effort {
  std::string level;    ///< "measure", "patient"; "" = not known, as in older records
  double seconds = 0;   ///< [s] it took
  int trials = 0;       ///< candidates tried
  std::string stopped;  ///< why it ended, by name: "time", "trials", "exhausted", ...
  std::string
      space{};  ///< version of the space it went through, "" = not known, as in older records

  bool is_known() const { return !level.empty(); }
  friend bool operator==(const search_effort&, const search_effort&) = default;
};

/// The best known schedule of one key.
struct winner {
  cache_key key;
  std::string trace;          ///< canonical text of the schedule
  double best_seconds = 0;    ///< [s] fastest sample, > 0
  double median_seconds = 0;  ///< [s] middle sample, > 0: what winners are ranked by
  int samples = 1;            ///< number of samples behind the times
  double gflops = 0;          ///< [GFLOP/s] at the median, 0 if the operator has no flops
  provenance origin = provenance::searched;
  search_effort effort;  ///< of the search that found it
  std::string choices;   ///< its point in the search space, "3,0,1"; "" = not known
  std::string version;   ///< lathe version that wrote it; filled in by cache::put if empty
  std::string date;      ///< "2026-01-31T12:00:00Z"; filled in by cache::put if empty

  /// @name Machine code; empty in imported winners
  /// @{
  std::string object_digest;        ///< SHA-256 of the object file, "" = none
  std::string llvm_version;         ///< of the code generator that made it
  std::string cpu_features;         ///< processor and features it was made for
  std::optional<kernel_plan> plan;  ///< how the object's functions are called
  /// @}

  sequence<detail::field> unknown;  ///< fields of later versions, kept when it is written again
};

/// One measured candidate, for resuming and replaying searches.
struct trial {
  std::string key_hash;     ///< cache_key::hash()
  std::int64_t number = 0;  ///< position in its search, from 0
  std::string trace;
  std::string outcome = "ok";  ///< "ok", or the class of its failure, e.g. "wrong_answer"
  sequence<double> times;      ///< [s] samples; empty if it failed
  std::string maker;           ///< what made and ran the code; "" = not known
  sequence<detail::field> unknown;
};

/// A trace that must not be used for a key: it failed its check here.
struct rejected_trace {
  cache_key key;
  std::string trace;
  std::string reason;
  sequence<detail::field> unknown;
};

/// True if `left` ranks before `right`: lower median time, then measured here before imported, then
/// shorter trace, then text. A total order on different winners of a key.
LATHE_INLINE bool ranks_before(const winner& left, const winner& right);

/// The winner as another machine may see it: marked imported, without object and plan.
LATHE_INLINE winner without_code(winner source);

namespace detail {

/// Line of a record, see record_io.hpp; nothing if a value is not allowed (empty trace, time not
/// finite and positive, control characters, too long).
LATHE_INLINE std::optional<std::string> line_of(const winner& value);
LATHE_INLINE std::optional<std::string> line_of(const trial& value);
LATHE_INLINE std::optional<std::string> line_of(const rejected_trace& value);

/// A payload read: at most one of the three records.
struct decoded {
  enum class state : unsigned char { ok, malformed, newer };
  state what = state::malformed;
  std::optional<winner> is_winner;
  std::optional<trial> is_trial;
  std::optional<rejected_trace> is_rejected_trace;
};

/// The key of a payload as it is written there, without reading the rest; two payloads have the
/// same key if and only if these texts are equal. "" if decode() has to find out what this is.
LATHE_INLINE std::string_view stored_key(std::string_view payload);

/// A key as stored_key() gives it.
LATHE_INLINE std::string stored_form(const cache_key& key);

/// Reads one payload strictly. `newer`: of a newer schema, or of a kind this version does not know.
LATHE_INLINE decoded decode(std::string_view payload);

}  // namespace detail
}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/store/winner.ipp>
#endif
