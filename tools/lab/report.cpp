#include "report.hpp"

#include <cstdarg>
#include <cstdio>

namespace lab {
namespace {

std::string format(const char* how, ...) {
  char out[256];
  va_list arguments;
  va_start(arguments, how);
  std::vsnprintf(out, sizeof out, how, arguments);
  va_end(arguments);
  return out;
}

nlohmann::ordered_json json_of(const estimate& of) {
  return {{"value", of.value}, {"low", of.low}, {"high", of.high}};
}

nlohmann::ordered_json json_of(const verdict& of) {
  return {{"strategy", of.strategy},
          {"auc", json_of(of.area)},
          {"auc_over_random", json_of(of.area_gain)},
          {"t95", json_of(of.trials_to_95)},
          {"t95_share_of_random", json_of(of.trials_share)},
          {"final_fraction_of_best", json_of(of.final_share)},
          {"censored", of.censored},
          {"model_seconds_per_trial", of.model_seconds},
          {"compile_seconds_per_run", of.compile_seconds},
          {"run_seconds_per_run", of.run_seconds}};
}

}  // namespace

std::string text_of(const comparison& of) {
  std::string out;
  if (of.live) {
    out += format("%-48s %9s %9s\n", "operator", "trials", "best ms");
    for (const subject& each : of.subjects)
      out += format("%-48s %9d %9.4g\n", each.name.c_str(), each.trials, 1e3 * each.best_seconds);
    out += format("\n%d seeds; intervals: 95 %%, bootstrap over the seeds\n", of.options.seeds);
  } else {
    out += format("%-24s %9s %9s %9s\n", "table", "programs", "best ms", "hardness");
    for (const subject& each : of.subjects)
      out += format("%-24s %9zu %9.4g %7.2f %%\n", each.name.c_str(), each.programs,
                    1e3 * each.best_seconds, 100 * each.hardness);
    out += format("\n%d trials, %d seeds, %s start; intervals: 95 %%, bootstrap over the seeds\n",
                  of.options.trials, of.options.seeds, of.options.warm ? "warm" : "cold");
  }
  out += format("%-24s %7s %24s %6s %5s %22s %22s %9s\n", "strategy", "AUC", "over random", "T95",
                "never", "of random's", "final, of best", "ms/trial");
  for (const std::string& name : of.options.strategies) {
    const verdict each = of.judge(name);
    out += format(
        "%-24s %7.3f %+8.3f [%+.3f, %+.3f] %6.0f %3.0f %% %6.2f [%.2f, %.2f] %8.3f [%.3f, %.3f] "
        "%8.2f\n",
        name.c_str(), each.area.value, each.area_gain.value, each.area_gain.low,
        each.area_gain.high, each.trials_to_95.value, 100 * each.censored, each.trials_share.value,
        each.trials_share.low, each.trials_share.high, each.final_share.value, each.final_share.low,
        each.final_share.high, 1e3 * each.model_seconds);
  }
  return out;
}

nlohmann::ordered_json json_of(const comparison& of) {
  nlohmann::ordered_json out;
  out["live"] = of.live;
  out["seeds"] = of.options.seeds;
  out["warm"] = of.live || of.options.warm;
  for (std::size_t at = 0; at < of.subjects.size(); ++at) {
    const subject& on = of.subjects[at];
    nlohmann::ordered_json verdicts = nlohmann::ordered_json::array();
    for (const std::string& name : of.options.strategies)
      verdicts.push_back(json_of(of.judge(name, static_cast<int>(at))));
    out["subjects"].push_back({{"name", on.name},
                               {"description", on.description},
                               {"trials", on.trials},
                               {"programs", on.programs},
                               {"best_seconds", on.best_seconds},
                               {"hardness", on.hardness},
                               {"verdicts", std::move(verdicts)}});
  }
  for (const std::string& name : of.options.strategies)
    out["verdicts"].push_back(json_of(of.judge(name)));
  for (const search_run& run : of.runs) {
    nlohmann::ordered_json improvements = nlohmann::ordered_json::array();
    for (const lathe::search_step& each : run.progress)
      improvements.push_back({each.trial, each.seconds, each.best});
    nlohmann::ordered_json outcomes;
    for (std::size_t kind = 0; kind < lathe::failure_count; ++kind)
      if (run.outcomes[kind] > 0)
        outcomes[lathe::name_of(static_cast<lathe::failure>(kind))] = run.outcomes[kind];
    out["runs"].push_back({{"strategy", run.strategy},
                           {"subject", of.subjects[run.subject].name},
                           {"seed", run.seed},
                           {"trials", run.trials},
                           {"pruned", run.pruned},
                           {"outcomes", std::move(outcomes)},
                           {"compile_seconds", run.compile_seconds},
                           {"run_seconds", run.run_seconds},
                           {"model_seconds", run.model_seconds},
                           {"improvements", std::move(improvements)}});
  }
  return out;
}

}  // namespace lab
