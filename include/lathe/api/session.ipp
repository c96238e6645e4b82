/// @file
/// Bodies of session.hpp.
#pragma once

#include <lathe/analysis/fingerprint.hpp>
#include <lathe/analysis/stats.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/session.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/peak.hpp>

#include <mutex>
#include <optional>
#include <thread>

namespace lathe {
namespace detail {

/// One jit per instruction set and process: creating it opens libLLVM.
LATHE_INLINE result<native::jit> shared_jit(const cpu_target& target) {
  struct slot {
    std::mutex guard;
    std::optional<native::jit> made;
  };
  static std::array<slot, 3> slots;
  slot& at = slots[static_cast<std::size_t>(target.set)];
  const std::lock_guard lock(at.guard);
  if (!at.made) {
    result<native::jit> made = native::jit::create(target);
    if (!made) return made.error();
    at.made.emplace(std::move(*made));
  }
  return *at.made;
}

LATHE_INLINE parallel_for_hook hook_of(const tuning_request& request) {
  return request.hook.run != nullptr ? request.hook : native::default_parallel_for();
}

/// Lowers, compiles, checks and times candidates.
class cpu_evaluator final : public lathe::evaluator {
 public:
  cpu_evaluator(const cpu_space& space, const program& of, const tuning_request& request,
                const native::jit& compiler, worker& bench, oracle& answer, double floor_seconds)
      : space_(space),
        program_(of),
        request_(request),
        compiler_(compiler),
        bench_(bench),
        answer_(answer),
        options_{request.bound, request.strict_fp} {
    measure_.floor_seconds = floor_seconds;
    // Short timings rank candidates well enough: the finalists are timed again, interleaved.
    measure_.timing.max_seconds = 0.12;
    measure_.timing.max_samples = 20;
    measure_.timing.hopeless_factor = 1.5;
    if (request.threads == 1) measure_.timing.clock = &thread_seconds;
  }

  sequence<observation> evaluate(std::span<const point> points, double seconds) override {
    constexpr double longest = 60;  // [s]
    const double end = monotonic_seconds() + seconds;
    sequence<observation> out(points.size());
    sequence<std::optional<compiled>> kernels(points.size());
    const std::size_t begun = compile_all(points, out, kernels, end);
    for (std::size_t at = 0; at < points.size(); ++at) {
      const double left = end - monotonic_seconds();
      if (at >= begun || is_over(left)) {
        out.resize(at);
        break;
      }
      if (!kernels[at]) continue;
      measure_.timing.best_seconds = best_;
      measure_.slow_limit = slow_limit(kernels[at]->plan);
      measure_.time_limit = smaller(longest, left);
      measurement outcome =
          bench_.measure(kernels[at]->plan, kernels[at]->object, answer_.wanted, measure_);
      if (outcome.failed == failure::timeout && left < longest) {  // the search's time, not its own
        out.resize(at);
        break;
      }
      outcome.compile_seconds = out[at].outcome.compile_seconds;
      if (outcome.ok()) {
        best_ = smaller(best_, outcome.seconds());
        keep(points[at], outcome.seconds(), std::move(*kernels[at]));
      }
      out[at].outcome = std::move(outcome);
    }
    return out;
  }

  /// In this process, with the threads that the program will use, one call of each in turn.
  sequence<observation> compare(std::span<const point> finalists, double seconds) override {
    const double begin = monotonic_seconds();
    sequence<observation> out(finalists.size());
    sequence<std::optional<compiled>> kernels(finalists.size());
    for (std::size_t at = 0; at < finalists.size(); ++at)
      for (const kept_kernel& each : kept_)
        if (each.at == finalists[at]) kernels[at] = each.made;
    compile_all(finalists, out, kernels, std::numeric_limits<double>::infinity());
    sequence<std::optional<native::executable>> runs(finalists.size());
    sequence<void*> params;
    for (std::size_t at = 0; at < answer_.arguments->size(); ++at)
      params.push_back((*answer_.arguments)[at].memory.data());
    for (std::size_t at = 0; at < finalists.size(); ++at) {
      if (!kernels[at]) continue;
      result<native::executable> made = native::executable::make(
          std::move(kernels[at]->plan), std::move(kernels[at]->object), compiler_,
          request_.threads, hook_of(request_));
      if (!made) {
        out[at].outcome = measurement::failure_of(failure::compile, made.error().what());
        continue;
      }
      runs[at] = made->needs_bind() ? made->bind(params.data()) : *made;
      compared_.emplace_back(finalists[at], std::move(*made));
    }
    double (*const clock)() = request_.threads == 1 ? &thread_seconds : &monotonic_seconds;
    constexpr int rounds = 15, least_rounds = 3;
    constexpr double most_seconds = 4;
    constexpr double long_call = 5e-3;  // [s] what filling the caches again is nothing against
    constexpr double hopeless = 1.5;
    for (int round = 0;; ++round) {
      const double spent = monotonic_seconds() - begin;
      const bool is_late = spent > smaller(seconds, most_seconds);
      if (round >= (spent > 2 * seconds ? 1 : is_late ? least_rounds : rounds)) break;
      for (std::size_t at = 0; at < finalists.size(); ++at) {
        if (!runs[at]) continue;
        if (round == 0 || out[at].outcome.samples.back() < long_call) (*runs[at])(params.data());
        const double start = clock();
        int calls = 0;
        double now = start;
        do {
          (*runs[at])(params.data());
          ++calls;
          now = clock();
        } while (now - start < 2e-4);
        out[at].outcome.samples.push_back((now - start) / calls);
      }
      if (round + 1 < least_rounds) continue;
      // Those far behind, mostly the estimate, have had their chance.
      double best = std::numeric_limits<double>::infinity();
      for (const observation& each : out) best = smaller(best, each.outcome.seconds());
      for (std::size_t at = 0; at < finalists.size(); ++at)
        if (out[at].outcome.seconds() > hopeless * best) runs[at].reset();
    }
    return out;
  }

  /// The kernel of a finalist, ready to run (and to bind); null if it was not compared.
  const native::executable* executable_of(const point& finalist) const {
    for (const auto& [at, run] : compared_)
      if (at == finalist) return &run;
    return nullptr;
  }

 private:
  /// A kernel that may become a finalist.
  struct kept_kernel {
    point at;
    double seconds;
    compiled made;
  };

  /// Keeps the fastest kernels and the estimates', so that they need not be compiled again.
  void keep(const point& at, double seconds, compiled made) {
    constexpr std::size_t most_kept = 16;
    kept_.push_back({at, seconds, std::move(made)});
    if (kept_.size() <= most_kept) return;
    double longest = 0;
    std::size_t slowest = 0;
    for (std::size_t n = 0; n < kept_.size(); ++n) {
      if (contains(space_.estimates, kept_[n].at) || kept_[n].seconds < longest) continue;
      longest = kept_[n].seconds;
      slowest = n;
    }
    kept_.erase(kept_.begin() + slowest);
  }

  /// Linking and a first run that take longer mean a kernel too far behind to be timed [s].
  double slow_limit(const kernel_plan& plan) const {
    constexpr double factor = 8;               // cold caches, other programs
    constexpr double link_seconds = 0.1;
    constexpr double seconds_per_byte = 4e-9;  // pages touched first, packing in bind()
    double bytes = 0;
    for (const plan_buffer& buffer : plan.buffers) bytes += static_cast<double>(buffer.bytes());
    return link_seconds + seconds_per_byte * bytes + factor * best_;
  }

  /// True if the search ends here.
  bool is_over(double seconds_left) const {
    return seconds_left <= 0 || (request_.cancel != nullptr && request_.cancel->load());
  }

  /// Compiles what is not there yet until `end`. @returns how many points were begun, the first ones
  std::size_t compile_all(std::span<const point> points, sequence<observation>& out,
                          sequence<std::optional<compiled>>& kernels, double end) {
    std::atomic<std::size_t> next{0};
    sequence<char> is_begun(points.size(), 0);
    const auto work = [&] {
      for (std::size_t at = next++; at < points.size(); at = next++) {
        if (end <= monotonic_seconds()) return;
        is_begun[at] = 1;
        out[at].at = points[at];
        if (kernels[at]) continue;
        const double start = monotonic_seconds();
        result<compiled> made = compile_trace(program_, space_.to_trace(points[at]),
                                              request_.target, compiler_, options_);
        if (made) {
          kernels[at].emplace(std::move(*made));
        } else {
          const bool illegal = made.error().id().starts_with("LATHE-E2");
          out[at].outcome = measurement::failure_of(illegal ? failure::illegal : failure::compile,
                                                    made.error().what());
        }
        out[at].outcome.compile_seconds = monotonic_seconds() - start;
      }
    };
    sequence<std::jthread> others;
    const std::size_t count = smaller<std::size_t>(
        points.size(), static_cast<std::size_t>(larger(1, request_.target.threads)));
    for (std::size_t at = 1; at < count; ++at) others.emplace_back(work);
    work();
    others.clear();  // joins
    return static_cast<std::size_t>(std::find(is_begun.begin(), is_begun.end(), 0) -
                                    is_begun.begin());
  }

  const cpu_space& space_;
  const program& program_;
  const tuning_request& request_;
  native::jit compiler_;
  worker& bench_;
  oracle& answer_;
  pipeline_options options_;
  measure_options measure_;
  double best_ = std::numeric_limits<double>::infinity();
  sequence<kept_kernel> kept_;
  sequence<std::pair<point, native::executable>> compared_;
};

/// A stored winner made runnable: from its object bytes, or compiled again from its trace.
LATHE_INLINE result<tuned> revive(const winner& found, cache& store, const desc_view& desc,
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
  result<tuned> again = compile_description(desc, out.steps, request);
  if (!again) return again.error();
  out.run = again->run;
  return out;
}

/// Checks an imported winner before its first use.
LATHE_INLINE std::string check_imported(const tuned& candidate, const program& of,
                                        const tuning_request& request, const native::jit& compiler,
                                        const trace& estimate) {
  result<oracle> answer = make_oracle(of, estimate, request.target, compiler,
                                      {request.bound, request.strict_fp}, request.seed);
  if (!answer) return answer.error().what();
  worker_options options;
  options.threads = request.threads;
  options.isolate = request.isolate;
  result<std::unique_ptr<worker>> bench = worker::create(compiler, *answer->arguments, options);
  if (!bench) return bench.error().what();
  const measurement outcome =
      (*bench)->measure(candidate.run.plan(), candidate.run.object(), answer->wanted, {});
  return outcome.ok() ? "" : outcome.reason;
}

LATHE_INLINE std::string extents_text(const desc_view& desc) {
  std::string out;
  for (int at = 0; at < desc.axis_count; ++at)
    out += (out.empty() ? "" : " ") + std::string(desc.axes[at].name) + "=" +
           std::to_string(desc.axes[at].extent);
  return out.size() > 200 ? out.substr(0, 200) : out;
}

/// Fewest seconds a call can take: operations over the peak of all threads.
LATHE_INLINE double roofline_of(const desc_view& desc, const tuning_request& request,
                                const native::jit& compiler) {
  const double flops = flops_of(desc);
  if (flops <= 0) return 0;
  const result<native::cpu_peak> peak = native::measured_peak(compiler, request.target);
  if (!peak) return 0;
  bool wide = false;
  for (int at = 0; at < desc.tensor_count; ++at) wide |= desc.tensors[at].type == dtype::f64;
  return flops / ((wide ? peak->f64_gflops : peak->f32_gflops) * 1e9 * request.threads);
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
  return trace_of(of, estimate(of, request.target, {request.bound, request.threads}));
}

LATHE_INLINE result<tuned> compile_description(const desc_view& desc, const trace& steps,
                                               const tuning_request& request) {
  result<native::jit> compiler = detail::shared_jit(request.target);
  if (!compiler) return compiler.error();
  result<compiled> made = compile_trace(make_program(desc), steps, request.target, *compiler,
                                        {request.bound, request.strict_fp});
  if (!made) return made.error();
  result<native::executable> run =
      native::executable::make(std::move(made->plan), std::move(made->object), *compiler,
                               request.threads, detail::hook_of(request));
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
  cpu_space space(of, request.target, {request.bound, request.threads});
  const trace first = space.to_trace(space.estimates[0]);

  // 1. What an earlier run found.
  cache store = cache::open(request.cache);
  const cache_key key = key_of(desc, request);
  while (std::optional<winner> found = store.find(key)) {
    result<tuned> old = detail::revive(*found, store, desc, request, *compiler);
    std::string reason = old ? "" : old.error().what();
    if (old && found->origin == provenance::imported)
      reason = detail::check_imported(*old, of, request, *compiler, first);
    if (reason.empty()) {
      old->flops = flops_of(desc);
      return old;
    }
    store.reject(key, found->trace, reason);
    if (found->origin != provenance::imported) break;
  }
  if (request.effort == effort_level::wisdom_only)
    return error("LATHE-E506", "effort 'wisdom_only': the cache has no winner for '" +
                                   std::string(desc.name) + "' (" + key.extents +
                                   ") on this machine; tune it once with effort 'measure'");
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
  const double roofline = detail::roofline_of(desc, request, *compiler);
  worker_options bench_options;
  bench_options.threads = request.threads;
  bench_options.isolate = request.isolate;
  result<std::unique_ptr<worker>> bench =
      worker::create(*compiler, *answer->arguments, bench_options);
  sequence<std::string> notes;
  if (!bench && request.isolate == isolation::process) {
    notes.push_back("candidates run in this process: " + bench.error().text());
    bench_options.isolate = isolation::none;
    bench = worker::create(*compiler, *answer->arguments, bench_options);
  }
  if (!bench) return bench.error();

  // 3. Search.
  detail::cpu_evaluator judge(space, of, request, *compiler, **bench, *answer, roofline / 1.05);
  const bool patient = request.effort == effort_level::patient;
  search_options options;
  const double most_seconds = request.time_limit * (patient ? 10 : 1);
  // What finding the right answer took counts, up to half of the time.
  options.limits.seconds =
      larger(most_seconds / 2, most_seconds - (monotonic_seconds() - begin));
  options.compare_seconds = smaller(4.0, options.limits.seconds / 10);
  options.limits.trials = request.trials;
  options.limits.roofline_seconds = roofline;
  options.limits.target_fraction = request.target_fraction;
  options.finalists = 8;
  options.cancel = request.cancel;
  progress_printer printer(stderr, request.progress, {desc.name, flops_of(desc), roofline});
  options.on_progress = &progress_printer::callback;
  options.progress_context = &printer;
  search_result found;
  if (request.strategy == strategy_kind::random) {
    random_search proposer(space, request.seed);
    found = run_search(space, proposer, judge, options);
  } else {
    evolutionary_search proposer(space, request.seed);
    found = run_search(space, proposer, judge, options);
  }
  printer.finish(found.progress);
  if (!found.best && request.cancel != nullptr && request.cancel->load()) {
    result<tuned> made = compile_description(desc, first, request);
    if (!made) return made;
    made->origin = kernel_origin::estimate;
    made->stopped = "cancelled before the first measurement";
    made->tuning_seconds = monotonic_seconds() - begin;
    return made;
  }
  if (!found.best) {
    const std::string why =
        found.trials.empty() ? "nothing was tried" : found.trials[0].outcome.reason;
    return error("LATHE-E505", "no candidate for '" + std::string(desc.name) +
                                   "' worked; the first failed with: " + why);
  }

  // 4. Keep the winner.
  const trace steps = space.to_trace(found.best->at);
  result<tuned> out = tuned{};
  if (const native::executable* compared = judge.executable_of(found.best->at)) {
    out->run = *compared;
    out->steps = steps;
    out->flops = flops_of(desc);
  } else {
    out = compile_description(desc, steps, request);
    if (!out) return out.error();
  }
  out->origin =
      found.best->at == space.estimates[0] ? kernel_origin::estimate : kernel_origin::search;
  out->median_seconds = median(found.best->outcome.samples);
  out->best_seconds = minimum(found.best->outcome.samples);
  out->checked = request.check == check_level::off ? "not checked (check = off)" : answer->how;
  out->trials = found.progress.trials;
  out->outcomes = found.progress.outcomes;
  out->stopped = text_of(found.stopped);
  out->notes = std::move(notes);
  winner keep;
  keep.key = key;
  keep.trace = to_text(steps);
  keep.best_seconds = out->best_seconds;
  keep.median_seconds = out->median_seconds;
  keep.samples = static_cast<int>(found.best->outcome.samples.size());
  keep.gflops = larger(0.0, out->gflops());
  keep.origin =
      out->origin == kernel_origin::estimate ? provenance::estimate : provenance::searched;
  keep.llvm_version = compiler->code_fingerprint();
  keep.cpu_features = compiler->code_fingerprint();
  keep.plan = out->run.plan();
  store.put(std::move(keep), out->run.object());
  for (const std::string& trouble : store.report().messages) out->notes.push_back(trouble);
  out->tuning_seconds = monotonic_seconds() - begin;
  return out;
}

}  // namespace lathe
