/// @file
/// Bodies of session.hpp.
#pragma once

#include <lathe/analysis/fingerprint.hpp>
#include <lathe/analysis/stats.hpp>
#include <lathe/api/calls.hpp>
#include <lathe/api/cpu_evaluator.hpp>
#include <lathe/api/neighbours.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/session.hpp>
#include <lathe/api/stored_kernel.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/peak.hpp>

#include <optional>

namespace lathe {
namespace detail {

/// Fewest seconds a call can take: operations over the peak of all threads.
LATHE_INLINE double roofline_of(const desc_view& desc, const tuning_request& request,
                                const native::jit& compiler) {
  const double flops = least_operations(desc);
  if (flops <= 0) return 0;
  const result<native::cpu_peak> peak = native::measured_peak(compiler, request.target);
  if (!peak) return 0;
  bool wide = false;
  int least = 4;  // [bytes]: vectors of smaller elements do as many more operations, but for f16
  for (int at = 0; at < desc.tensor_count; ++at) {
    const dtype type = desc.tensors[at].type;
    wide |= type == dtype::f64;
    if (type != dtype::f16) least = smaller(least, size_of(type));
  }
  const double gflops = wide ? peak->f64_gflops : peak->f32_gflops * 4 / least;
  return flops / (gflops * 1e9 * request.threads);
}

}  // namespace detail

LATHE_INLINE cache_key key_of(const desc_view& desc, const tuning_request& request) {
  cache_key key;
  key.structure = fingerprint_of(desc);
  key.target = native::fingerprint(request.target);
  key.threads = request.threads;
  key.bound = request.bound;
  key.strict_fp = request.strict_fp;
  key.op = desc.name;
  key.extents = detail::extents_text(desc);
  return key;
}

LATHE_INLINE trace estimated_trace(const desc_view& desc, const tuning_request& request) {
  const program of = make_program(desc);
  return estimate_trace(of, request.target, {request.bound, request.threads});
}

LATHE_INLINE result<tuned> compile_description(const desc_view& desc, const trace& steps,
                                               const tuning_request& request) {
  result<native::jit> compiler = detail::shared_jit(request.target);
  if (!compiler) return compiler.error();
  const program of = make_program(desc);
  const result<bool> callable = define_calls(of, *compiler);
  if (!callable) return callable.error();
  result<native::executable> run =
      ready_kernel(of, steps, request.target, *compiler, {request.bound, request.strict_fp},
                   request.threads, hook_of(request));
  if (!run) return run.error();
  tuned out;
  out.run = std::move(*run);
  out.steps = steps;
  out.origin = kernel_origin::hand_written;
  out.flops = flops_of(desc);
  return out;
}

LATHE_INLINE result<tuned> tune_description(const desc_view& desc, const tuning_request& request) {
  result<native::jit> compiler = detail::shared_jit(request.target);
  if (!compiler) return compiler.error();
  const program of = make_program(desc);
  const result<bool> callable = define_calls(of, *compiler);
  if (!callable) return callable.error();

  // 1. What an earlier run found.
  cache store = cache::open(request.cache);
  const cache_key key = key_of(desc, request);
  std::optional<detail::stored_kernel> known =
      detail::usable_winner(store, key, of, request, *compiler);
  const bool can_keep_more = store.mode() == cache_mode::rw;
  const bool may_search =
      request.effort == effort_level::measure || request.effort == effort_level::patient;
  if (known) {
    known->how.flops = flops_of(desc);
    if (!can_keep_more || !may_search) return std::move(known->how);
  }
  if (request.effort == effort_level::wisdom_only) return detail::no_winner(key);
  cpu_space space(of, request.target, {request.bound, request.threads});
  const std::string version = detail::version_of(space);
  if (known && !detail::asks_for_more(request, known->record, store, version))
    return std::move(known->how);
  const trace first = space.to_trace(space.estimates[0]);
  if (request.effort == effort_level::estimate) {
    result<tuned> made = compile_description(desc, first, request);
    if (made) made->origin = kernel_origin::estimate;
    return made;
  }

  // 2. The right answer, and a process in which candidates can do no harm.
  const double begin = monotonic_seconds();
  result<oracle> answer =
      make_oracle(of, first, request.target, *compiler, {request.bound, request.strict_fp},
                  request.seed, request.check == check_level::all);
  if (!answer) return answer.error();
  if (request.check == check_level::off) answer->wanted.clear();
  answer->arguments->make_sets(rotating_sets(answer->arguments->bytes(), request.target));
  const double roofline = detail::roofline_of(desc, request, *compiler);
  sequence<std::string> notes;
  result<owner<worker>> bench = detail::make_bench(request, *compiler, *answer->arguments, notes);
  if (!bench) return bench.error();
  if (known && known->record.effort.space != version)
    notes.push_back(
        "the cached winner is from another version of the search space: this search "
        "starts from it");

  // 3. Search, from the stored winner on if it was not searched for long enough, or from what was
  //    found for other extents.
  const std::optional<point> start = known ? detail::point_of(known->record, space) : std::nullopt;
  if (start && !(*start == space.estimates[0])) space.estimates.push_back(*start);
  if (!known)
    for (point& each : detail::neighbours_of(key, store, space)) space.estimates.push_back(each);
  detail::cpu_evaluator judge(space, of, request, *compiler, **bench, *answer, roofline / 1.05);
  const search_result found =
      detail::search_for(desc, space, judge, request, store, key, compiler->code_fingerprint(),
                         roofline, begin, notes);
  if (!found.best && known) return std::move(known->how);
  if (!found.best && request.cancel != nullptr && request.cancel->is_set()) {
    result<tuned> made = compile_description(desc, first, request);
    if (!made) return made;
    made->origin = kernel_origin::estimate;
    made->stopped = "cancelled before the first measurement";
    made->tuning_seconds = monotonic_seconds() - begin;
    return made;
  }
  if (!found.best) return detail::no_candidate(key, found);

  // 4. Keep the winner.
  tuned out;
  out.steps = space.to_trace(found.best->at);
  out.origin =
      found.best->at == space.estimates[0] ? kernel_origin::estimate : kernel_origin::search;
  sequence<double> samples = found.best->outcome.samples;
  sequence<double> known_samples = start ? detail::times_of(found, *start) : sequence<double>{};
  std::string choices = detail::choices_text(found.best->at);
  if (const native::executable* compared = judge.executable_of(found.best->at)) {
    out.run = *compared;
  } else {
    result<native::executable> made =
        ready_kernel(of, out.steps, request.target, *compiler, {request.bound, request.strict_fp},
                     request.threads, hook_of(request));
    if (!made) return made.error();
    out.run = std::move(*made);
  }
  const bool met = start && judge.executable_of(*start) != nullptr;
  if (known && !met && known->record.trace != to_text(out.steps)) {
    // The stored winner is no point of this space, or there was no time for it.
    auto times = judge.duel(known->how.run, out.run);
    known_samples = times[0];
    if (median(times[0]) < median(times[1])) {
      out.run = known->how.run;
      out.steps = known->how.steps;
      out.origin = kernel_origin::search;
      samples = std::move(times[0]);
      choices = known->record.choices;
    }
  }
  out.flops = flops_of(desc);
  out.checked = request.check == check_level::off ? "not checked (check = off)" : answer->how;
  out.notes = std::move(notes);
  detail::report_search(out, found, samples, begin);
  winner keep = detail::record_of(key, out, request, samples, found.stopped, std::move(choices));
  keep.llvm_version = compiler->code_fingerprint();
  keep.cpu_features = compiler->code_fingerprint();
  keep.plan = out.run.plan();
  keep.effort.space = version;
  if (known && known->record.trace != keep.trace)
    detail::measured_again(store, known->record, known_samples, known->how.run.object());
  store.put(std::move(keep), out.run.object());
  for (const std::string& trouble : store.report().messages) out.notes.push_back(trouble);
  detail::write_page(out, space, found, request, key);
  return out;
}

}  // namespace lathe
