/// @file
/// What the records say: who was fastest under each contract, and by how much. In: one record. Out:
/// the numbers that the table, the chart and the geometric means show.
#pragma once

#include "contestant.hpp"
#include "record.hpp"
#include <optional>
#include <span>

namespace bench {

/// One contestant of a record.
struct entrant {
  std::string library, how, wrong;
  contract terms = contract::plain;
  std::vector<double> seconds;
  double cold_seconds = 0;

  double best() const;    ///< [s], the least
  double median() const;  ///< [s], of undisturbed blocks; not-a-number if there is none
};

/// How much faster lathe is: the median of the blocks' ratios, and the bounds of its 95 %
/// confidence interval (order statistics, so nothing is assumed about the distribution).
struct ratio {
  double value = 0, low = 0, high = 0;
  double of_bests = 0;  ///< the other measure: least time over least time
  bool is_tie_or_win() const { return high >= 1; }
};

/// Seconds of `theirs` over those of `ours`, block by block; nothing if they share fewer than
/// three.
std::optional<ratio> compare(const entrant& ours, const entrant& theirs);

/// One contract of one case.
struct duel {
  entrant ours, theirs;
  ratio faster;
  double cold_ratio = 0;  ///< of the cold times; 0 = not measured
};

/// One case, read from its record.
struct score {
  explicit score(const record& from);

  std::string op, name, counts_for, element;
  bool on_gpu = false;
  int threads = 1;
  double flops = 0, bytes = 0;
  double least_seconds = 0;     ///< by the roofline
  double choosing_seconds = 0;  ///< [s] to choose the analytic schedule
  std::vector<entrant> entrants;
  std::vector<std::string> wrong;  ///< entrants whose result is wrong, and how

  /// lathe against the best peer; nothing if one of them is missing or was not measured.
  std::optional<duel> plain, packed;
  /// Fastest of others, to be shown; tuned: lathe's with plain operands, also where there is no
  /// peer.
  std::optional<entrant> tuned, estimate, own, winograd, our_tf32, tf32, naive;

  /// "GFLOP/s", or "GB/s" for pure data movement.
  const char* unit() const { return flops > 0 ? "GFLOP/s" : "GB/s"; }
  /// In unit().
  double rate(double seconds) const { return (flops > 0 ? flops : bytes) / seconds * 1e-9; }
  /// Share of the roofline.
  double share(double seconds) const { return least_seconds / seconds; }
  /// How much faster than the best compiler's plain loops; 0 = unknown.
  double over_naive() const;
  /// Speed of the analytic schedule, the tuned kernel's being 1.
  double estimate_share() const;

 private:
  std::optional<duel> duel_under(contract terms) const;
  std::optional<entrant> fastest(std::span<const contract> terms, const char* library) const;
};

/// exp(mean(log)), 0 of nothing.
double geometric_mean(std::span<const double> values);

}  // namespace bench
