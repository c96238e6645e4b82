/// @file
/// Bodies of stored_kernel.hpp.
#pragma once

#include <lathe/api/cpu_evaluator.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/stored_kernel.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sha256.hpp>
#include <lathe/store/text.hpp>

#include <cstdint>
#include <limits>
#include <utility>

namespace lathe::detail {

LATHE_INLINE result<kernel_check> check_kernel(const native::executable& run, const program& of,
                                               const tuning_request& request,
                                               const native::jit& compiler) {
  const trace first = estimate_trace(of, request.target, {request.bound, request.threads});
  result<oracle> answer = make_oracle(of, first, request.target, compiler,
                                      {request.bound, request.strict_fp}, request.seed);
  if (!answer) return answer.error();
  sequence<std::string> notes;
  result<owner<worker>> bench = make_bench(request, compiler, *answer->arguments, notes);
  if (!bench) return bench.error();
  measure_options options;
  options.time_limit = 60;  // as for the first candidate of a search
  return kernel_check{(*bench)->measure(run.plan(), run.object(), answer->wanted, options),
                      std::move(answer->how)};
}

/// A stored winner made runnable: from its object bytes, or compiled again from its trace.
LATHE_INLINE result<tuned> revive(const winner& found, cache& store, const program& of,
                                  const tuning_request& request, const native::jit& compiler) {
  tuned out;
  out.origin = kernel_origin::cache;
  out.median_seconds = found.median_seconds;
  out.best_seconds = found.best_seconds;
  result<trace> steps = parse_trace(found.trace);
  if (!steps) return steps.error();
  out.steps = std::move(*steps);
  const std::string& code = compiler.code_fingerprint();
  if (found.plan) {
    if (auto object = store.object_of(found, code, code)) {
      result<native::executable> made = native::executable::make(
          *found.plan, std::move(*object), compiler, request.threads, hook_of(request));
      if (made) {
        out.run = std::move(*made);
        return out;
      }
    }
  }
  result<native::executable> made =
      ready_kernel(of, out.steps, request.target, compiler, {request.bound, request.strict_fp},
                   request.threads, hook_of(request));
  if (!made) return made.error();
  out.run = std::move(*made);
  return out;
}

LATHE_INLINE std::optional<stored_kernel> usable_winner(cache& store, const cache_key& key,
                                                        const program& of,
                                                        const tuning_request& request,
                                                        const native::jit& compiler) {
  std::string checked_trace, checked_how;
  while (std::optional<winner> found = store.find(key)) {
    result<tuned> old = revive(*found, store, of, request, compiler);
    std::string reason = old ? "" : old.error().what();
    // A trace that was checked but could not be put is still the one that was checked.
    const bool is_checked = found->trace == checked_trace;
    if (old && found->origin == provenance::imported && !is_checked) {
      result<kernel_check> check = check_kernel(old->run, of, request, compiler);
      if (!check) return std::nullopt;
      reason = check->outcome.reason;
      if (check->outcome.ok()) {
        checked_trace = found->trace;
        checked_how = check->how;
        winner mine = *found;
        mine.origin = provenance::searched;
        mine.median_seconds = median(check->outcome.samples);
        mine.best_seconds = minimum(check->outcome.samples);
        mine.samples = static_cast<int>(check->outcome.samples.size());
        mine.gflops = found->gflops * found->median_seconds / mine.median_seconds;
        mine.llvm_version = mine.cpu_features = compiler.code_fingerprint();
        mine.plan = old->run.plan();
        store.put(std::move(mine), old->run.object());
        continue;  // measured here, it may no longer be the best
      }
    }
    if (reason.empty()) {
      if (is_checked) old->checked = checked_how;
      return stored_kernel{std::move(*found), std::move(*old)};
    }
    store.reject(key, found->trace, reason);
    if (found->origin != provenance::imported) break;
  }
  return std::nullopt;
}

LATHE_INLINE std::string version_of(const traced_space& space) {
  std::string text;
  for (const site& each : space.points().sites)
    text += each.name + ':' + std::to_string(each.choices) + '\n';
  text += to_text(space.to_trace(space.points().estimates[0]));
  return sha256_hex(text).substr(0, 16);
}

LATHE_INLINE bool asks_for_more(const tuning_request& request, const search_effort& done,
                                std::string_view space) {
  constexpr double clearly_more = 4;
  const bool is_patient = request.effort == effort_level::patient;
  if (!is_patient && request.effort != effort_level::measure) return false;
  if (done.space != space) return request.time_limit > 0;
  if (done.stopped == name_of(stop_reason::exhausted)) return false;
  if (is_patient && done.level != name_of(effort_level::patient)) return true;
  if (done.stopped == name_of(stop_reason::trials)) {
    return request.trials != std::numeric_limits<int>::max() &&
           request.trials > clearly_more * done.trials;
  }
  const bool ran_out =
      done.stopped == name_of(stop_reason::time) || done.stopped == name_of(stop_reason::cancelled);
  return ran_out && seconds_of(request) > clearly_more * done.seconds;
}

LATHE_INLINE bool asks_for_more(const tuning_request& request, const winner& found,
                                const cache& store, std::string_view space) {
  bool asks = asks_for_more(request, found.effort, space);
  for (const search_effort& done : store.efforts(found.key))
    asks &= asks_for_more(request, done, space);
  return asks;
}

LATHE_INLINE sequence<double> times_of(const search_result& found, const point& at) {
  for (const sequence<observation>* each : {&found.finalists, &found.trials})
    for (const observation& one : *each)
      if (one.at == at && one.outcome.ok()) return one.outcome.samples;
  return {};
}

LATHE_INLINE void measured_again(cache& store, winner found, const sequence<double>& samples,
                                 std::span<const std::byte> object) {
  if (samples.empty()) return;
  const double before = found.median_seconds;
  found.median_seconds = median(samples);
  found.best_seconds = minimum(samples);
  found.samples = static_cast<int>(samples.size());
  found.gflops *= before / found.median_seconds;
  found.date.clear();
  found.version.clear();
  store.put(std::move(found), object);
}

LATHE_INLINE std::string choices_text(const point& at) {
  std::string text;
  for (const std::int32_t choice : at.choices)
    text += (text.empty() ? "" : ",") + std::to_string(choice);
  return text;
}

LATHE_INLINE std::optional<point> point_of(const winner& record, const traced_space& space) {
  point at;
  for (const auto part : split_text(record.choices, ',')) {
    const auto choice = parse_integer(part, 0, std::numeric_limits<std::int32_t>::max());
    if (!choice) return std::nullopt;
    at.choices.push_back(static_cast<std::int32_t>(*choice));
  }
  if (!space.points().is_inside(at) || to_text(space.to_trace(at)) != record.trace)
    return std::nullopt;
  return at;
}

}  // namespace lathe::detail
