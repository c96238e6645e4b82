/// @file
/// Bodies of cuda_session.hpp.
#pragma once

#include <lathe/analysis/fingerprint.hpp>
#include <lathe/analysis/stats.hpp>
#include <lathe/api/calls.hpp>
#include <lathe/api/cuda_evaluator.hpp>
#include <lathe/api/cuda_session.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/session.hpp>
#include <lathe/api/stored_kernel.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/space/gpu_space.hpp>
#include <lathe/store/cache.hpp>

#include <limits>
#include <optional>
#include <utility>

namespace lathe {
namespace detail {

/// A process in which candidates can do no harm. Without the program they run in this one, which is
/// then said in `notes`.
LATHE_INLINE result<owner<cuda_worker>> make_bench(const tuning_request& request,
                                                   const cuda& target, argument_set& arguments,
                                                   sequence<std::string>& notes) {
  cuda_worker_options options{request.isolate, target.timing};
  result<owner<cuda_worker>> bench = cuda_worker::create(arguments, options);
  if (bench || options.isolate == isolation::none) return bench;
  notes.push_back("GPU candidates run in this process: " + bench.error().text());
  options.isolate = isolation::none;
  return cuda_worker::create(arguments, options);
}

/// Tensor cores add in an order of their own, and round f32 factors.
LATHE_INLINE tensor_use tensor_use_of(const cuda& target, const tuning_request& request) {
  if (target.tf32) return tensor_use::tf32;
  return request.strict_fp ? tensor_use::none : tensor_use::halves;
}

/// Fewest seconds a call can take: operations over the peak of f32, or of the tensor cores where
/// they may be used. Those are at most 8 times as fast with TF32, 16 and 32 times with 16 and 8
/// bits (data sheets of A100 and H100).
LATHE_INLINE double roofline_of(const desc_view& desc, const gpu::device& on, tensor_use tensor) {
  double faster = tensor == tensor_use::tf32 ? 8 : 1;
  for (int at = 0; at < desc.tensor_count; ++at) {
    const int bytes = size_of(desc.tensors[at].type);
    if (bytes < 4) faster = larger(faster, bytes == 1 ? 32.0 : 16.0);
  }
  const double peak = on.peak_f32() * faster;
  return peak > 0 ? least_operations(desc) / peak : 0;
}

LATHE_INLINE cache_key key_of(const desc_view& desc, const gpu::device& on,
                              const tuning_request& request) {
  cache_key key;
  key.structure = fingerprint_of(desc);
  key.target = "cuda " + on.architecture() + " " + on.name + " " +
               std::to_string(on.multiprocessors) + " multiprocessors";
  key.strict_fp = request.strict_fp;
  key.op = desc.name;
  key.extents = extents_text(desc);
  return key;
}

/// A stored winner made runnable: from its code, or compiled again from its trace.
LATHE_INLINE result<cuda_tuned> revive(const winner& found, cache& store, const program& of,
                                       const cuda_toolchain& with) {
  result<trace> steps = parse_trace(found.trace);
  if (!steps) return steps.error();
  cuda_tuned out;
  out.origin = kernel_origin::cache;
  out.median_seconds = found.median_seconds;
  out.best_seconds = found.best_seconds;
  out.steps = std::move(*steps);
  const std::string made_by = with.fingerprint();
  if (auto code = store.object_of(found, made_by, made_by)) {
    result<cuda_source> source = cuda_text_of(of, out.steps);
    if (!source) return source.error();
    result<gpu::executable> run =
        gpu::executable::make(std::move(*source), std::move(*code), with.where);
    if (run) {
      out.run = std::move(*run);
      return out;
    }
  }
  result<cuda_compiled> made = compile_cuda(of, out.steps, with, gpu::screening_limits{});
  if (!made) return made.error();
  result<gpu::executable> run =
      gpu::executable::make(std::move(made->source), std::move(made->code), with.where);
  if (!run) return run.error();
  out.run = std::move(*run);
  return out;
}

}  // namespace detail

LATHE_INLINE result<cuda_tuned> compile_cuda_description(const desc_view& desc, const trace& steps,
                                                         const cuda& target,
                                                         const tuning_request& request) {
  const result<cuda_toolchain> with = cuda_toolchain::find(target, request.strict_fp);
  if (!with) return with.error();
  // By hand, slow is allowed.
  constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
  result<cuda_compiled> made = compile_cuda(make_program(desc), steps, *with, {any, 0, any, 0});
  if (!made) return made.error();
  result<gpu::executable> run =
      gpu::executable::make(std::move(made->source), std::move(made->code), with->where);
  if (!run) return run.error();
  cuda_tuned out;
  out.run = std::move(*run);
  out.steps = steps;
  out.origin = kernel_origin::hand_written;
  out.flops = flops_of(desc);
  return out;
}

LATHE_INLINE result<cuda_tuned> tune_cuda(const desc_view& desc, const cuda& target,
                                          const tuning_request& request) {
  const result<cuda_toolchain> with = cuda_toolchain::find(target, request.strict_fp);
  if (!with) return with.error();
  const gpu::device& on = with->where.what();
  const program of = make_program(desc);

  // 1. What an earlier run found. Winners of others are where the search starts.
  cache store = cache::open(request.cache);
  cache_key key = detail::key_of(desc, on, request);
  if (target.tf32) key.target += " tf32";
  std::optional<winner> known = store.find(key);
  std::optional<cuda_tuned> old;
  if (known && known->origin != provenance::imported) {
    result<cuda_tuned> made = detail::revive(*known, store, of, *with);
    if (!made) {
      store.reject(key, known->trace, made.error().what());
      known.reset();
    } else {
      old = std::move(*made);
      old->flops = flops_of(desc);
      const bool may_search =
          request.effort == effort_level::measure || request.effort == effort_level::patient;
      if (store.mode() != cache_mode::rw || !may_search) return std::move(*old);
    }
  }
  if (request.effort == effort_level::wisdom_only) return detail::no_winner(key);
  const tensor_use tensor = detail::tensor_use_of(target, request);
  gpu_space space(of, on, tensor);
  const std::string version = detail::version_of(space);
  if (old && !detail::asks_for_more(request, *known, store, version)) return std::move(*old);
  const trace first = space.to_trace(space.estimates[0]);
  if (request.effort == effort_level::estimate) {
    result<cuda_tuned> made = compile_cuda_description(desc, first, target, request);
    if (made) made->origin = kernel_origin::estimate;
    return made;
  }

  // 2. The right answer, made on the CPU, and a process in which candidates can do no harm.
  const double begin = monotonic_seconds();
  const result<native::jit> compiler = detail::shared_jit(request.target);
  if (!compiler) return compiler.error();
  const result<bool> callable = define_calls(of, *compiler);
  if (!callable) return callable.error();
  const trace on_cpu = estimate_trace(of, request.target, {{}, request.threads});
  result<oracle> answer =
      make_oracle(of, on_cpu, request.target, *compiler, {{}, request.strict_fp}, request.seed,
                  request.check == check_level::all);
  if (!answer) return answer.error();
  if (request.check == check_level::off) answer->wanted.clear();
  sequence<std::string> notes;
  result<owner<cuda_worker>> bench = detail::make_bench(request, target, *answer->arguments, notes);
  if (!bench) return bench.error();

  // 3. Search, from the stored winner on if there is one.
  const std::optional<point> start = known ? detail::point_of(*known, space) : std::nullopt;
  if (start && !(*start == space.estimates[0])) space.estimates.push_back(*start);
  const double roofline = detail::roofline_of(desc, on, tensor);
  detail::cuda_evaluator judge(space, of, request, *with, **bench, *answer, roofline / 1.05);
  const search_result found = detail::search_for(desc, space, judge, request, store, key,
                                                 with->fingerprint(), roofline, begin, notes);
  if (!found.best && request.cancel != nullptr && request.cancel->is_set()) {
    result<cuda_tuned> made = compile_cuda_description(desc, first, target, request);
    if (!made) return made;
    made->origin = kernel_origin::estimate;
    made->stopped = "cancelled before the first measurement";
    made->tuning_seconds = monotonic_seconds() - begin;
    return made;
  }
  if (!found.best) return detail::no_candidate(key, found);

  // 4. Keep the winner.
  const cuda_compiled& made = *judge.code_of(found.best->at);  // it was compared
  result<gpu::executable> run = gpu::executable::make(made.source, made.code, with->where);
  if (!run) return run.error();
  cuda_tuned out;
  out.run = std::move(*run);
  out.steps = space.to_trace(found.best->at);
  out.origin =
      found.best->at == space.estimates[0] ? kernel_origin::estimate : kernel_origin::search;
  out.flops = flops_of(desc);
  out.checked = request.check == check_level::off ? "not checked (check = off)" : answer->how;
  out.notes = std::move(notes);
  const sequence<double>& samples = found.best->outcome.samples;
  detail::report_search(out, found, samples, begin);
  winner keep = detail::record_of(key, out, request, samples, found.stopped,
                                  detail::choices_text(found.best->at));
  keep.llvm_version = keep.cpu_features = with->fingerprint();
  keep.effort.space = version;
  if (old && start && known->trace != keep.trace)
    detail::measured_again(store, *known, detail::times_of(found, *start), old->run.code());
  store.put(std::move(keep), out.run.code());
  for (const std::string& trouble : store.report().messages) out.notes.push_back(trouble);
  detail::write_page(out, space, found, request, key);
  return out;
}

}  // namespace lathe
