/// @file
/// Bodies of tuning_page.hpp.
#pragma once

#include <lathe/api/tuning_page.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/report/chart.hpp>
#include <lathe/report/page.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

namespace lathe {
namespace detail {

using page_rows = sequence<sequence<std::string>>;

/// Digits for a time in microseconds: four that count.
inline std::string microseconds(double seconds) {
  const double value = 1e6 * seconds;
  return html_number(value, value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3);
}

/// The best so far, over `x`.
LATHE_INLINE std::string tuning_curve(const search_result& found, const sequence<double>& x,
                                      const char* title, const char* x_label) {
  chart_curve best{"best so far", x, {}, {}, {}};
  double least = std::numeric_limits<double>::infinity();
  for (const observation& each : found.trials) {
    least = smaller(least, each.outcome.seconds());
    best.y.push_back(1e6 * least);
  }
  chart drawn{title, x_label, "time of a call [\u00b5s]", {}, false};
  drawn.curves.push_back(std::move(best));
  return svg_of(drawn);
}

LATHE_INLINE std::string outcome_table(const search_result& found) {
  page_rows rows{{"outcome", "candidates", "the first one's reason"}};
  for (std::size_t kind = 0; kind < failure_count; ++kind) {
    const int count = found.progress.outcomes[kind];
    if (count == 0) continue;
    std::string reason;
    for (const observation& each : found.trials)
      if (reason.empty() && static_cast<std::size_t>(each.outcome.failed) == kind)
        reason = each.outcome.reason;
    rows.push_back({name_of(static_cast<failure>(kind)), std::to_string(count), html_text(reason)});
  }
  if (found.progress.pruned > 0)
    rows.push_back({"not tried", std::to_string(found.progress.pruned), "rejected by the space"});
  return html_table(rows);
}

LATHE_INLINE std::string finalist_table(const search_space& space, const search_result& found) {
  page_rows rows{{"finalist", "median [&micro;s]", "95 % interval", "complexity"}};
  for (const observation& each : found.finalists) {
    const bool chosen = found.best && each.at == found.best->at;
    std::string name = each.at == space.estimates[0] ? "the analytic schedule" : "found by search";
    if (chosen) name += ", chosen";
    if (!each.outcome.ok()) {
      rows.push_back({name, html_text(each.outcome.reason), "", ""});
      continue;
    }
    const time_interval around = median_interval(each.outcome.samples);
    rows.push_back({name, microseconds(each.outcome.seconds()),
                    microseconds(around.low) + " to " + microseconds(around.high),
                    std::to_string(space.complexity(each.at))});
  }
  return html_table(rows);
}

/// Per decision: the winner's choice, and the best time of all trials with each choice over the
/// best of all.
LATHE_INLINE std::string decision_table(const search_space& space, const search_result& found) {
  double best = std::numeric_limits<double>::infinity();
  for (const observation& each : found.trials) best = smaller(best, each.outcome.seconds());
  page_rows rows{
      {"decision", "chosen", "choices tried", "best time of each choice, over the best"}};
  for (std::size_t site = 0; site < space.sites.size(); ++site) {
    const auto choices = static_cast<std::size_t>(space.sites[site].choices);
    if (choices < 2) continue;
    sequence<double> least(choices, std::numeric_limits<double>::infinity());
    sequence<char> tried(choices, 0);
    int met = 0;
    for (const observation& each : found.trials) {
      const auto choice = static_cast<std::size_t>(each.at.choices[site]);
      met += tried[choice] == 0;
      tried[choice] = 1;
      least[choice] = smaller(least[choice], each.outcome.seconds());
    }
    std::string shares;
    for (std::size_t choice = 0; choice < choices; ++choice)
      if (math::isfinite(least[choice]))
        shares += (shares.empty() ? "" : ", ") + std::to_string(choice) + ": " +
                  html_number(least[choice] / best, 2);
    rows.push_back({html_text(space.sites[site].name),
                    found.best ? std::to_string(found.best->at.choices[site]) : "",
                    std::to_string(met) + " of " + std::to_string(choices), shares});
  }
  return html_table(rows);
}

LATHE_INLINE std::string time_table(const tuning_report& how) {
  const search_progress& spent = how.spent;
  page_rows rows{{"where the time went", "[s]"}};
  const auto add = [&](const char* what, double seconds) {
    rows.push_back({what, html_number(seconds, 3)});
  };
  add("proposing and learning", spent.strategy_seconds);
  add("compiling, all threads", spent.compile_seconds);
  add("first runs and checks", spent.check_seconds);
  add("timing", spent.run_seconds);
  add("comparing the finalists", spent.compare_seconds);
  add("the whole tuning, the right answer included", how.tuning_seconds);
  return html_table(rows);
}

}  // namespace detail

LATHE_INLINE std::string tuning_page(const search_space& space, const search_result& found,
                                     const tuning_report& how, const std::string& title) {
  std::string out = "<p>" + detail::microseconds(how.median_seconds) + " &micro;s per call";
  if (how.gflops() > 0) out += ", " + html_number(how.gflops(), 1) + " GFLOP/s";
  out += "; " + std::to_string(how.trials) + " candidates in " +
         html_number(how.tuning_seconds, 1) + " s (" + html_text(how.stopped) + "); " +
         html_text(how.checked) + "</p>\n";
  for (const std::string& note : how.notes) out += "<p>Note: " + html_text(note) + "</p>\n";
  sequence<double> number;
  for (std::size_t at = 1; at <= found.trials.size(); ++at)
    number.push_back(static_cast<double>(at));
  out += detail::tuning_curve(found, number, "Best so far against trials", "trials");
  out += detail::tuning_curve(found, found.elapsed, "Best so far against time", "time [s]");
  out += "<h2>Finalists</h2>\n" + detail::finalist_table(space, found);
  out += "<h2>Outcomes</h2>\n" + detail::outcome_table(found);
  out += "<h2>Decisions</h2>\n" + detail::decision_table(space, found);
  out += "<h2>Time</h2>\n" + detail::time_table(how);
  out += "<h2>Schedule</h2>\n<pre>" + html_text(to_text(how.steps)) + "</pre>\n";
  return html_page("Tuning of " + title, out);
}

LATHE_INLINE result<bool> write_report(const std::string& path, const std::string& page) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  bool written = file != nullptr && std::fwrite(page.data(), 1, page.size(), file) == page.size();
  if (file != nullptr && std::fclose(file) != 0) written = false;
  if (written) return true;
  return error("LATHE-E514", "'" + path + "' cannot be written (" + std::strerror(errno) +
                                 "); name a file in a folder that you can "
                                 "write to");
}

}  // namespace lathe
