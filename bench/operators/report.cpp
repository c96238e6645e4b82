#include "report.hpp"

#include "cases.hpp"
#include "score.hpp"
#include <cstdarg>
#include <cstdio>
#include <map>

namespace bench {
namespace {

[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...) {
  char out[400];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(out, sizeof out, format, arguments);
  va_end(arguments);
  return out;
}

std::string shown_rate(const score& of, const std::optional<entrant>& who) {
  return who ? text("%7.1f", of.rate(who->median())) : text("%7s", "-");
}

/// Columns of one contract. @param behind_ours  further columns about lathe's kernel
std::string shown_duel(const score& of, const std::optional<duel>& one,
                       const std::string& behind_ours) {
  if (!one)
    return text("%7s%s %7s %-21s %5s %-13s %5s", "-", behind_ours.c_str(), "-", "", "-", "", "-");
  const ratio& faster = one->faster;
  return text("%7.1f%s %7.1f %-21.21s %5.3f %5.3f - %5.3f %5.3f", of.rate(one->ours.median()),
              behind_ours.c_str(), of.rate(one->theirs.median()),
              (one->theirs.library + " " + one->theirs.how).c_str(), faster.value, faster.low,
              faster.high, faster.of_bests);
}

/// What stands behind lathe's rate: its share of the roofline, and the estimate's of it.
std::string about_ours(const score& of, const std::optional<entrant>& ours) {
  return ours ? text(" %5.1f %4.2f", 100 * of.share(ours->median()), of.estimate_share())
              : text(" %5s %4s", "-", "-");
}

std::string cpu_columns(const score& of) {
  const std::string behind =
      about_ours(of, of.plain ? std::optional(of.plain->ours) : std::nullopt);
  return text("%-21s %3d %7.1f | ", of.name.c_str(), of.threads, of.rate(of.least_seconds)) +
         shown_duel(of, of.plain, behind) + " | " + shown_duel(of, of.packed, "") + " | " +
         shown_rate(of, of.own) + " " + shown_rate(of, of.winograd) + " " +
         shown_rate(of, of.naive);
}

std::string gpu_columns(const score& of) {
  const std::string behind = about_ours(of, of.tuned);
  const std::string compared =
      of.plain ? shown_duel(of, of.plain, behind)
               : shown_rate(of, of.tuned) + behind + text(" %7s %-48s", "-", "no peer");
  return text("%-21s %7.0f | ", of.name.c_str(), of.rate(of.least_seconds)) + compared + " | " +
         shown_rate(of, of.our_tf32) + " " + shown_rate(of, of.tf32) + " " +
         shown_rate(of, of.naive);
}

std::size_t count_library_cases() {
  std::size_t count = 0;
  for (const problem& each : all_cases()) count += each.counts_for == group::library;
  return count;
}

/// The ratios of one contract, by operator, in the order of the records.
struct ratios {
  struct row {
    std::string op, counts_for;
    std::vector<double> values;
  };
  std::vector<row> rows;
  double least = 0;
  std::string least_case;

  void add(const score& of, const std::optional<duel>& one) {
    if (!one || of.counts_for == "custom") return;
    if (rows.empty() || rows.back().op != of.op) rows.push_back({of.op, of.counts_for, {}});
    rows.back().values.push_back(one->faster.value);
    if (of.counts_for == "library" && (least == 0 || one->faster.value < least)) {
      least = one->faster.value;
      least_case = of.name;
    }
  }
  std::string lines(const std::string& title) const {
    std::string out;
    std::vector<double> means;
    std::size_t cases = 0;
    const std::size_t library_cases = count_library_cases();
    for (const row& each : rows) {
      const double mean = geometric_mean(each.values);
      if (each.counts_for == "library") {
        means.push_back(mean);
        cases += each.values.size();
      }
      out += text("%s %s %.3f%s\n", title.c_str(), each.op.c_str(), mean,
                  each.counts_for == "library" ? "" : " (extra)");
    }
    if (!means.empty() && cases < library_cases)
      out += text("(of %zu of %zu library cases, %zu of 12 operators)\n", cases, library_cases,
                  means.size());
    if (!means.empty())
      out += text("%s all %.3f min %.3f %s\n", title.c_str(), geometric_mean(means), least,
                  least_case.c_str());
    return out;
  }
};

/// Custom operators: against what compilers make of plain loops, the roofline, and what a user
/// composes of library calls.
std::string custom_lines(const std::vector<score>& scores, const std::string& suffix) {
  struct row {
    std::string op;
    std::vector<double> over_naive, share, over_composed;
    int good = 0;  ///< cases with 3 times the loops' speed or 80 % of the roofline
  };
  std::vector<row> rows;
  for (const score& each : scores) {
    if (each.counts_for != "custom" || !each.plain || !each.naive) continue;
    if (rows.empty() || rows.back().op != each.op) rows.push_back({each.op, {}, {}, {}, 0});
    row& into = rows.back();
    into.over_naive.push_back(each.over_naive());
    into.share.push_back(each.share(each.plain->ours.median()));
    if (each.plain->theirs.terms != contract::naive)
      into.over_composed.push_back(each.plain->faster.value);
    into.good += into.over_naive.back() >= 3 || into.share.back() >= 0.8;
  }
  std::string out;
  for (const row& each : rows) {
    out += text("custom%s %s: %.2f x plain loops, %.0f %% of the roofline", suffix.c_str(),
                each.op.c_str(), geometric_mean(each.over_naive), 100 * geometric_mean(each.share));
    if (!each.over_composed.empty())
      out += text(", %.2f x library calls", geometric_mean(each.over_composed));
    out += text("; 3 x or 80 %% in %d of %zu cases\n", each.good, each.share.size());
  }
  return out;
}

std::string summary_of(const std::vector<score>& scores, const std::string& suffix) {
  ratios plain, packed;
  std::vector<double> estimates;
  double least_estimate = 0, slowest_choice = 0;
  std::string least_name, slowest_name;
  for (const score& each : scores) {
    plain.add(each, each.plain);
    packed.add(each, each.packed);
    if (const double share = each.estimate_share(); share > 0) {
      estimates.push_back(share);
      if (least_estimate == 0 || share < least_estimate)
        least_estimate = share, least_name = each.name;
    }
    if (each.choosing_seconds >= slowest_choice)
      slowest_choice = each.choosing_seconds, slowest_name = each.name;
  }
  std::string out;
  if (!estimates.empty())
    out += text("estimate%s / tuned: geomean %.3f min %.3f %s; chosen in at most %.1f ms (%s)\n",
                suffix.c_str(), geometric_mean(estimates), least_estimate, least_name.c_str(),
                1e3 * slowest_choice, slowest_name.c_str());
  out += custom_lines(scores, suffix);
  if (!packed.rows.empty()) out += packed.lines("geomean-P" + suffix);
  if (!plain.rows.empty()) out += plain.lines("geomean" + suffix);
  return out;
}

}  // namespace

std::string table_head(bool on_gpu) {
  const std::string duel =
      text("%7s %-21s %5s %-13s %5s", "peer", "", "ratio", "95 % bounds", "bests");
  if (on_gpu)
    return text("%-21s %7s | %7s %5s %4s %s | %7s %7s %7s\n", "case", "roof", "lathe", "%roof",
                "est.", duel.c_str(), "TF32 l.", "TF32 p.", "naive");
  return text("%-21s %3s %7s | %7s %5s %4s %s | %7s %s | %7s %7s %7s\n", "case", "thr", "roof",
              "A lathe", "%roof", "est.", duel.c_str(), "P lathe", duel.c_str(), "own", "winogr.",
              "naive");
}

std::string case_line(const record& from) {
  const score of(from);
  std::string out = of.on_gpu ? gpu_columns(of) : cpu_columns(of);
  if (of.flops == 0) out += " GB/s";
  if (of.plain && of.plain->cold_ratio > 0) out += text(" cold %.3f", of.plain->cold_ratio);
  if (!of.plain && !of.packed && !of.on_gpu)
    out += "  not measured: the cores were never ours, or no peer";
  for (const std::string& each : of.wrong) out += "\n  WRONG: " + each;
  return out + "\n";
}

std::string summary(const std::vector<record>& records) {
  std::map<int, std::vector<score>, std::greater<>> by_threads;
  std::vector<score> of_gpu;
  for (const record& each : records) {
    score made(each);
    (made.on_gpu ? of_gpu : by_threads[made.threads]).push_back(std::move(made));
  }
  std::string out;
  for (const auto& [threads, scores] : by_threads)
    out += summary_of(scores, threads == 1 ? "" : text("-%dthreads", threads));
  return out + summary_of(of_gpu, "-gpu");
}

}  // namespace bench
