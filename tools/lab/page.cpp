#include <lathe/report/chart.hpp>
#include <lathe/report/page.hpp>

#include "report.hpp"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lab {
namespace {

using lathe::html_number;
using lathe::html_text;

std::string with_interval(const estimate& of, int digits) {
  return html_number(of.value, digits) + " [" + html_number(of.low, digits) + ", " +
         html_number(of.high, digits) + "]";
}

std::string verdicts(const comparison& of, int only) {
  lathe::sequence<lathe::sequence<std::string>> rows;
  rows.push_back({"strategy", "AUC", "over random's [95 %]", "T95 [trials]", "never at 95 %",
                  "T95 over random's [95 %]", "final, of best [95 %]", "compile [s]", "run [s]",
                  "strategy [ms per trial]"});
  for (const std::string& name : of.options.strategies) {
    const verdict each = of.judge(name, only);
    rows.push_back({html_text(name), html_number(each.area.value, 3),
                    with_interval(each.area_gain, 3), html_number(each.trials_to_95.value, 0),
                    html_number(100 * each.censored, 0) + " %", with_interval(each.trials_share, 2),
                    with_interval(each.final_share, 3), html_number(each.compile_seconds, 1),
                    html_number(each.run_seconds, 1), html_number(1e3 * each.model_seconds, 2)});
  }
  return lathe::html_table(rows);
}

/// The curves of all strategies on a subject; `best` gives a run's best time at an abscissa.
template <class Best>
std::string curves(const comparison& of, std::size_t at, const char* title, const char* x_label,
                   double most, Best best) {
  constexpr int places = 160;
  const double optimum = of.subjects[at].best_seconds;
  lathe::chart drawn{title, x_label, "fraction of the best", {}};
  for (const std::string& name : of.options.strategies) {
    lathe::chart_curve made;
    made.name = name;
    for (int place = 1; place <= places; ++place) {
      const double x = most * place / places;
      std::vector<double> reached;
      for (const search_run* run : of.runs_of(name, at))
        reached.push_back(optimum / best(run->progress, x));
      made.x.push_back(x);
      made.y.push_back(quantile(reached, 0.5));
      made.low.push_back(quantile(reached, 0.25));
      made.high.push_back(quantile(reached, 0.75));
    }
    drawn.curves.push_back(std::move(made));
  }
  return lathe::svg_of(drawn);
}

/// When the last improvement of a subject was found, and a little later [s].
double longest_run(const comparison& of, std::size_t at) {
  double most = 0;
  for (const search_run& each : of.runs)
    if (each.subject == at && !each.progress.empty())
      most = std::max(most, each.progress.back().seconds);
  return 1.05 * most;
}

}  // namespace

std::string page_of(const comparison& of) {
  std::string out = "<p>";
  if (of.live)
    out += "Searches on this machine, " + std::to_string(of.options.seeds) +
           " seeds, each within the same limits, beginning with the analytic schedule; the best is "
           "that of all runs. ";
  else
    out += std::to_string(of.options.trials) + " trials, " + std::to_string(of.options.seeds) +
           " seeds, replayed from recorded tables, " +
           (of.options.warm ? "beginning with the analytic schedule. "
                            : "without the analytic schedule. ") +
           "Seconds: compiling and running as recorded, and the strategy's own. ";
  out +=
      "AUC: the mean over the trials of the fraction of the best; T95: trials to 95 % of the best, "
      "geometric mean, runs that never come there count as one trial more than they have. Random "
      "search draws without replacement. Intervals: bootstrap over the seeds. Curves: the median "
      "of "
      "the seeds, and their quartiles.</p>\n<h2>All</h2>\n" +
      verdicts(of, -1);
  for (std::size_t at = 0; at < of.subjects.size(); ++at) {
    const subject& on = of.subjects[at];
    out += "<h2>" + html_text(on.name) + "</h2>\n<p>" + html_text(on.description) + "; best " +
           html_number(1e6 * on.best_seconds, 2) + " &micro;s";
    if (!of.live)
      out += "; " + std::to_string(on.programs) + " programs, hardness " +
             html_number(100 * on.hardness, 2) + " %";
    out += "</p>\n" +
           curves(of, at, "Best so far against trials", "trials", on.trials,
                  [](const curve& run, double x) {
                    return best_after_trials(run, static_cast<int>(x));
                  }) +
           curves(of, at, "Best so far against time", "time [s]", longest_run(of, at),
                  &best_after_seconds) +
           verdicts(of, static_cast<int>(at));
  }
  return lathe::html_page("lathe lab: search strategies", out);
}

}  // namespace lab
