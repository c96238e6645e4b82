/// @file
/// Bodies of search_report.hpp.
#pragma once

#include <lathe/analysis/stats.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/trial_log.hpp>
#include <lathe/api/tuning_page.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/search/progress.hpp>
#include <lathe/search/resume.hpp>
#include <lathe/space/rewrite.hpp>
#include <lathe/target/c/c_text.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <sys/stat.h>
#include <utility>

namespace lathe::detail {

LATHE_INLINE result<native::jit> shared_jit(const cpu_target& target) {
  struct slot {
    lathe::detail::mutex guard;
    std::optional<native::jit> made;
  };
  static std::array<slot, 3> slots;
  slot& at = slots[static_cast<std::size_t>(target.set)];
  const lathe::detail::lock_guard lock(at.guard);
  if (!at.made) {
    result<native::jit> made = native::jit::create(target);
    if (!made) return made.error();
    at.made.emplace(std::move(*made));
  }
  return *at.made;
}

LATHE_INLINE std::string extents_text(const desc_view& desc) {
  std::string out;
  for (int at = 0; at < desc.axis_count; ++at)
    out += (out.empty() ? "" : " ") + std::string(desc.axes[at].name) + "=" +
           std::to_string(desc.axes[at].extent);
  return out.size() > 200 ? out.substr(0, 200) : out;
}

LATHE_INLINE double least_operations(const desc_view& desc) {
  const double flops = flops_of(desc);
  if (flops <= 0) return 0;
  const program of = make_program(desc);
  return smaller(flops, operations_of(without_borders(rewritten(of, rewrites_of(of)))));
}

LATHE_INLINE search_options search_options_of(const tuning_request& request, double begin,
                                              double roofline) {
  search_options options;
  const double most_seconds = seconds_of(request);
  options.limits.seconds = larger(most_seconds / 2, most_seconds - (monotonic_seconds() - begin));
  options.compare_seconds = smaller(4.0, options.limits.seconds / 10);
  options.limits.trials = request.trials;
  options.limits.roofline_seconds = roofline;
  options.limits.patience = request.patience;
  options.limits.target_fraction = request.target_fraction;
  options.finalists = 8;
  options.cancel = request.cancel;
  return options;
}

LATHE_INLINE search_result search_for(const desc_view& desc, const traced_space& space,
                                      evaluator& judge, const tuning_request& request, cache& store,
                                      const cache_key& key, std::string_view code, double roofline,
                                      double begin, sequence<std::string>& notes) {
  search_options options = search_options_of(request, begin, roofline);
  progress_printer printer(stderr, request.progress, {desc.name, flops_of(desc), roofline});
  options.on_progress = &progress_printer::callback;
  options.progress_context = &printer;
  const owner<strategy> proposer = request.strategy.make({space.points(), request.seed});
  // Unchecked kernels may be wrong: what they gave is not kept for searches that check.
  const bool keeps_trials = store.mode() == cache_mode::rw && !store.directory().empty() &&
                            request.check != check_level::off;
  std::optional<trial_log> log;
  if (keeps_trials) log.emplace(store, key, space, code);
  resuming_evaluator resuming(space.points(), judge, log ? &trial_log::note : nullptr,
                              log ? &*log : nullptr);
  if (log) log->give(resuming);
  search_result found = run_search(space.points(), *proposer, resuming, options);
  printer.finish(found.progress);
  if (resuming.answered() > 0)
    notes.push_back(std::to_string(resuming.answered()) + " of " +
                    std::to_string(found.progress.trials) +
                    " candidates were tried by earlier searches, whose times were used");
  return found;
}

LATHE_INLINE error no_winner(const cache_key& key) {
  return error("LATHE-E506", "effort 'wisdom_only': the cache has no winner for '" + key.op +
                                 "' (" + key.extents +
                                 ") on this machine; tune it once with effort 'measure'");
}

LATHE_INLINE error no_candidate(const cache_key& key, const search_result& found) {
  const std::string why =
      found.trials.empty() ? "nothing was tried" : found.trials[0].outcome.reason;
  return error("LATHE-E505",
               "no candidate for '" + key.op + "' worked; the first failed with: " + why);
}

LATHE_INLINE void report_search(tuning_report& out, const search_result& found,
                                const sequence<double>& samples, double begin) {
  out.spent = found.progress;
  out.improvements = improvements_of(found);
  out.median_range = median_interval(samples);
  out.median_seconds = median(samples);
  out.best_seconds = minimum(samples);
  out.trials = found.progress.trials;
  out.outcomes = found.progress.outcomes;
  out.stopped = text_of(found.stopped);
  out.tuning_seconds = monotonic_seconds() - begin;
}

LATHE_INLINE winner record_of(const cache_key& key, const tuning_report& found,
                              const tuning_request& request, const sequence<double>& samples,
                              stop_reason stopped, std::string choices) {
  winner keep;
  keep.key = key;
  keep.trace = to_text(found.steps);
  keep.best_seconds = found.best_seconds;
  keep.median_seconds = found.median_seconds;
  keep.samples = static_cast<int>(samples.size());
  keep.gflops = larger(0.0, found.gflops());
  keep.origin =
      found.origin == kernel_origin::estimate ? provenance::estimate : provenance::searched;
  keep.effort = {name_of(request.effort), found.tuning_seconds, found.trials, name_of(stopped)};
  keep.choices = std::move(choices);
  return keep;
}

LATHE_INLINE std::string file_in(const std::string& path, const cache_key& key,
                                 const char* ending) {
  if (!path.ends_with('/')) return path;
  ::mkdir(path.c_str(), 0777);  // that it is not there shows when the file is written
  constexpr std::size_t digits = 12;
  return path + c_identifiers().make(key.op) + "-" + key.hash().substr(0, digits) + ending;
}

LATHE_INLINE void write_page(tuning_report& of, const search_space& space,
                             const search_result& found, const tuning_request& request,
                             const cache_key& key) {
  if (request.report.empty()) return;
  const result<bool> written =
      write_report(file_in(request.report, key, ".html"),
                   tuning_page(space, found, of, key.op + " " + key.extents));
  if (!written) of.notes.push_back(written.error().what());
}

}  // namespace lathe::detail
