/// @file
/// Bodies of progress.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/progress.hpp>

#include <cstddef>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace lathe {

namespace detail {

inline std::string quantity(double value, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, value >= 99.95 ? "%.0f %s" : "%.3g %s", value, unit);
  return text;
}

/// The time of one call: "10.2 ms".
inline std::string call_time_text(double seconds) {
  if (seconds >= 0.9995) return quantity(seconds, "s");
  if (seconds >= 0.9995e-3) return quantity(seconds * 1e3, "ms");
  return quantity(seconds * 1e6, "us");
}

/// How long people wait: "48 s", "3 min", "2.5 h".
inline std::string waiting_text(double seconds) {
  if (seconds < 90) return quantity(math::round(seconds), "s");
  if (seconds < 90 * 60) return quantity(math::round(seconds / 60), "min");
  return quantity(math::round(seconds / 360) / 10, "h");
}

/// Columns of the terminal behind `stream`; 80 if it does not say.
inline std::size_t terminal_columns(std::FILE* stream) {
  winsize window{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &window) == 0 && window.ws_col > 0) return window.ws_col;
  return 80;
}

}  // namespace detail

LATHE_INLINE std::string progress_text(const search_progress& state, const progress_scale& scale) {
  std::string text = scale.title.empty() ? std::string() : scale.title + ": ";
  text += std::to_string(state.trials);
  if (state.trials_limit > 0) text += "/" + std::to_string(state.trials_limit);
  text += " tried";
  if (math::isfinite(state.best_seconds)) {
    text += ", best " + detail::call_time_text(state.best_seconds);
    if (scale.operations > 0) {
      text += ", " + detail::quantity(scale.operations / state.best_seconds * 1e-9, "GFLOP/s");
    }
    if (scale.roofline_seconds > 0) {
      const double share = 100 * scale.roofline_seconds / state.best_seconds;
      text += ", " + detail::quantity(math::round(share), "% of roofline");
    }
  } else {
    text += ", none works yet";
  }
  const int slow = state.outcomes[static_cast<std::size_t>(failure::slow)];
  if (slow > 0) text += ", " + std::to_string(slow) + " too slow";
  std::string failures;
  for (std::size_t kind = 1; kind < failure_count; ++kind) {
    if (state.outcomes[kind] == 0 || static_cast<failure>(kind) == failure::slow) continue;
    failures +=
        " " + std::to_string(state.outcomes[kind]) + " " + name_of(static_cast<failure>(kind));
  }
  if (!failures.empty()) text += ", failed" + failures;
  text += ", " + detail::waiting_text(state.elapsed_seconds);
  if (math::isfinite(state.left_seconds)) {
    text += ", " + detail::waiting_text(state.left_seconds) + " left";
  }
  return text;
}

LATHE_INLINE progress_printer::progress_printer(std::FILE* stream, progress_mode mode,
                                                progress_scale scale)
    : stream_(stream), mode_(mode), scale_(std::move(scale)) {
  if (mode_ == progress_mode::automatic) {
    mode_ = isatty(fileno(stream)) != 0 ? progress_mode::updated : progress_mode::plain;
  }
}

LATHE_INLINE void progress_printer::show(const search_progress& state) {
  const double interval = mode_ == progress_mode::updated ? 0.1 : 10;
  const bool first = shown_at_ < 0 && mode_ == progress_mode::updated;
  // A plain log starts with its first interval: a short search leaves one line, the final one.
  const double since = state.elapsed_seconds - (shown_at_ < 0 ? 0 : shown_at_);
  if (first || since >= interval) print(state);
}

LATHE_INLINE void progress_printer::finish(const search_progress& state) {
  print(state);
  if (mode_ == progress_mode::updated) std::fputc('\n', stream_);
  std::fflush(stream_);
}

LATHE_INLINE void progress_printer::print(const search_progress& state) {
  if (mode_ == progress_mode::silent) return;
  shown_at_ = state.elapsed_seconds;
  std::string text = progress_text(state, scale_);
  if (mode_ == progress_mode::updated) {
    // A line that wraps could not be overwritten.
    text.resize(smaller(text.size(), detail::terminal_columns(stream_) - 1));
    std::fprintf(stream_, "\r%s\x1b[K", text.c_str());
  } else {
    std::fprintf(stream_, "%s\n", text.c_str());
  }
  std::fflush(stream_);
}

}  // namespace lathe
