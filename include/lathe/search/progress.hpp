/// @file
/// Shows people how a search is doing. In: the states that run_search() reports. Out: one line,
/// kept up to date on a terminal, repeated every 10 s elsewhere. Called by api/tune.
#pragma once

#include <lathe/config.hpp>
#include <lathe/search/tuner.hpp>

#include <cstdio>
#include <string>

namespace lathe {

/// How progress is shown.
enum class progress_mode : unsigned char {
  automatic,  ///< `updated` if the stream is a terminal, else `plain`
  updated,    ///< one line, overwritten in place
  plain,      ///< a new line every 10 s
  silent
};

/// What times mean for this operator.
struct progress_scale {
  std::string title;            ///< "gemm"
  double operations = 0;        ///< floating-point operations of one call; 0 = show no rate
  double roofline_seconds = 0;  ///< no kernel is faster; 0 = show no share
};

/// "gemm: 120/1000 tried, best 10.2 ms, 211 GFLOP/s, 93 % of roofline, 5 too slow, failed 3 limit 1
/// crash, 12 s, 1 min left".
LATHE_INLINE std::string progress_text(const search_progress& state, const progress_scale& scale);

/// Prints progress_text() when it is time to.
class progress_printer {
 public:
  /// @param stream  stays open and is not closed
  LATHE_INLINE progress_printer(std::FILE* stream, progress_mode mode, progress_scale scale);

  /// Shows a state, unless one was shown a moment ago.
  LATHE_INLINE void show(const search_progress& state);
  /// Shows the last state and ends the line. Call it when the search is over.
  LATHE_INLINE void finish(const search_progress& state);

  /// For search_options::on_progress; its context is the printer.
  static void callback(const search_progress& state, void* printer) {
    static_cast<progress_printer*>(printer)->show(state);
  }

 private:
  LATHE_INLINE void print(const search_progress& state);

  std::FILE* stream_;
  progress_mode mode_;
  progress_scale scale_;
  double shown_at_ = -1;  // elapsed_seconds of the last state shown, negative = none yet
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/progress.ipp>
#endif
