/// @file
/// Bodies of cpu_evaluator.hpp.
#pragma once

#include <lathe/api/cpu_evaluator.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/threads.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/target/cpu/host.hpp>

namespace lathe::detail {

LATHE_INLINE contestant bound_to_each(const native::executable& run,
                                      const sequence<sequence<void*>>& sets) {
  contestant out;
  for (const sequence<void*>& params : sets)
    out.push_back(run.needs_bind() ? run.bind(params.data()) : run);
  return out;
}

LATHE_INLINE sequence<sequence<void*>> addresses_of(const argument_set& arguments) {
  sequence<sequence<void*>> out;
  for (int set = 0; set < arguments.sets(); ++set) {
    out.emplace_back();
    for (std::size_t at = 0; at < arguments.size(); ++at)
      out.back().push_back(arguments.address(set, at));
  }
  return out;
}

LATHE_INLINE sequence<sequence<double>> race(sequence<contestant>& runs,
                                             const sequence<sequence<void*>>& sets, int threads,
                                             double begin, double seconds) {
  constexpr int rounds = 15, least_rounds = 3;
  constexpr double most_seconds = 4;
  constexpr double sample_seconds = 2e-4;
  constexpr double hopeless = 1.5;
  double (*const clock)() = threads == 1 ? &thread_seconds : &monotonic_seconds;
  sequence<sequence<double>> samples(runs.size());
  std::size_t next = 0;
  const auto call = [&](const contestant& each, int times) {
    next = (next + 1) % sets.size();
    for (int n = 0; n < times; ++n) each[next](sets[next].data());
  };
  for (int round = 0;; ++round) {
    const double spent = monotonic_seconds() - begin;
    const bool is_late = spent > smaller(seconds, most_seconds);
    if (round >= (spent > 2 * seconds ? 1 : is_late ? least_rounds : rounds)) break;
    for (std::size_t at = 0; at < runs.size(); ++at) {
      if (runs[at].empty()) continue;
      const int in_a_row =
          calls_in_a_row(static_cast<int>(sets.size()), round == 0 ? 0 : samples[at].back());
      if (round == 0 || samples[at].back() < long_call) call(runs[at], 1);
      const double start = clock();
      int calls = 0;
      double now = start;
      do {
        call(runs[at], in_a_row);
        calls += in_a_row;
        now = clock();
      } while (now - start < sample_seconds);
      samples[at].push_back((now - start) / calls);
    }
    if (round + 1 < least_rounds) continue;
    double best = std::numeric_limits<double>::infinity();
    for (const auto& each : samples)
      if (!each.empty()) best = smaller(best, median(each));
    for (std::size_t at = 0; at < runs.size(); ++at)
      if (!samples[at].empty() && median(samples[at]) > hopeless * best) runs[at].clear();
  }
  return samples;
}

LATHE_INLINE result<owner<worker>> make_bench(const tuning_request& request,
                                              const native::jit& compiler, argument_set& arguments,
                                              sequence<std::string>& notes) {
  worker_options options;
  options.threads = request.threads;
  options.isolate = request.isolate;
  result<owner<worker>> bench = worker::create(compiler, arguments, options);
  if (bench || options.isolate == isolation::none) return bench;
  notes.push_back("candidates run in this process: " + bench.error().text());
  options.isolate = isolation::none;
  return worker::create(compiler, arguments, options);
}

LATHE_INLINE bool is_disturbed_by_compiling(std::int64_t bytes, double floor_seconds,
                                            const cpu_target& target) {
  constexpr double bytes_per_second = 1e10;  // of memory, from one core
  return bytes > target.l2_bytes && static_cast<double>(bytes) / bytes_per_second > floor_seconds;
}

LATHE_INLINE cpu_evaluator::cpu_evaluator(const cpu_space& space, const program& of,
                                          const tuning_request& request,
                                          const native::jit& compiler, worker& bench,
                                          oracle& answer, double floor_seconds)
    : space_(space),
      program_(of),
      request_(request),
      compiler_(compiler),
      bench_(bench),
      answer_(answer),
      options_{request.bound, request.strict_fp},
      compiles_ahead_(
          request.isolate == isolation::process && native::allowed_cores() > request.threads &&
          !is_disturbed_by_compiling(answer.arguments->bytes(), floor_seconds, request.target)),
      compilers_(static_cast<std::size_t>(larger(request.threads, native::allowed_cores()))) {
  measure_.floor_seconds = floor_seconds;
  // Short timings rank candidates well enough: the finalists are timed again, interleaved.
  measure_.timing.max_seconds = 0.12;
  measure_.timing.max_samples = 20;
  measure_.timing.hopeless_factor = 1.5;
  if (request.threads == 1) measure_.timing.clock = &thread_seconds;
}

LATHE_INLINE sequence<observation> cpu_evaluator::evaluate(std::span<const point> points,
                                                           double seconds) {
  const double end = monotonic_seconds() + seconds;
  sequence<observation> out;
  if (compiles_ahead_) {
    evaluate_ahead(points, end, out);
    return out;
  }
  // A whole batch keeps all CPUs compiling. Near the end it would leave no time to measure.
  constexpr double near_the_end = 10;  // [s]
  const std::size_t together = seconds > near_the_end ? points.size() : compilers_;
  for (std::size_t first = 0; first < points.size(); first += together) {
    const std::size_t count = smaller(together, points.size() - first);
    if (!evaluate_together(points.subspan(first, count), end, out)) break;
  }
  return out;
}

/// Appends one observation per point, fewer if the search ended first. The points are compiled in
/// order on a core of their own while this thread measures those before.
LATHE_INLINE void cpu_evaluator::evaluate_ahead(std::span<const point> points, double end,
                                                sequence<observation>& to) {
  sequence<observation> out(points.size());
  sequence<std::optional<compiled>> kernels(points.size());
  semaphore ready;
  lathe::detail::atomic<bool> is_over = false;
  auto compile_in_order = [&] {
    for (std::size_t at = 0; at < points.size(); ++at) {
      if (!is_over.load() && monotonic_seconds() < end)
        compile_point(points[at], out[at], kernels[at]);
      ready.post();
    }
  };
  const background ahead(compile_in_order);
  for (std::size_t at = 0; at < points.size(); ++at) {
    ready.wait();
    is_over.store(!measure_point(end, out[at], kernels[at]));
    if (is_over.load()) return;
    to.push_back(std::move(out[at]));
  }
}

/// The same where all CPUs compile first and all is measured then. False if the search ended.
LATHE_INLINE bool cpu_evaluator::evaluate_together(std::span<const point> points, double end,
                                                   sequence<observation>& to) {
  sequence<observation> out(points.size());
  sequence<std::optional<compiled>> kernels(points.size());
  const std::size_t begun = compile_all(points, out, kernels, end);
  for (std::size_t at = 0; at < points.size(); ++at) {
    if (at >= begun || !measure_point(end, out[at], kernels[at])) return false;
    to.push_back(std::move(out[at]));
  }
  return true;
}

/// Measures what could be compiled. False if the search ends before it is done.
LATHE_INLINE bool cpu_evaluator::measure_point(double end, observation& of,
                                               std::optional<compiled>& kernel) {
  constexpr double longest = 60;  // [s]
  const double left = end - monotonic_seconds();
  if (left <= 0 || (request_.cancel != nullptr && request_.cancel->is_set())) return false;
  if (!kernel) return true;
  measure_.timing.best_seconds = best_;
  measure_.slow_limit = slow_limit(kernel->plan);
  measure_.time_limit = smaller(longest, left);
  measurement outcome = bench_.measure(kernel->plan, kernel->object, answer_.wanted, measure_);
  // Not its own time was over, but that of the search.
  if (outcome.failed == failure::timeout && left < longest) return false;
  outcome.compile_seconds = of.outcome.compile_seconds;
  if (outcome.ok()) {
    best_ = smaller(best_, outcome.seconds());
    publish(of.at, outcome, *kernel);
    keep(of.at, outcome.seconds(), std::move(*kernel));
  }
  of.outcome = std::move(outcome);
  return true;
}

LATHE_INLINE sequence<observation> cpu_evaluator::compare(std::span<const point> finalists,
                                                          double seconds) {
  const double begin = monotonic_seconds();
  sequence<observation> out(finalists.size());
  sequence<std::optional<compiled>> kernels(finalists.size());
  for (std::size_t at = 0; at < finalists.size(); ++at)
    for (const kept_kernel& each : kept_)
      if (each.at == finalists[at]) kernels[at] = each.made;
  compile_all(finalists, out, kernels, std::numeric_limits<double>::infinity());
  sequence<contestant> runs(finalists.size());
  const sequence<sequence<void*>> sets = addresses_of(*answer_.arguments);
  for (std::size_t at = 0; at < finalists.size(); ++at) {
    if (!kernels[at]) continue;
    result<native::executable> made =
        native::executable::make(std::move(kernels[at]->plan), std::move(kernels[at]->object),
                                 compiler_, request_.threads, hook_of(request_));
    if (!made) {
      out[at].outcome = measurement::failure_of(failure::compile, made.error().what());
      continue;
    }
    runs[at] = bound_to_each(*made, sets);
    compared_.emplace_back(finalists[at], std::move(*made));
  }
  auto samples = race(runs, sets, request_.threads, begin, seconds);
  for (std::size_t at = 0; at < finalists.size(); ++at)
    out[at].outcome.samples = std::move(samples[at]);
  return out;
}

LATHE_INLINE const native::executable* cpu_evaluator::executable_of(const point& finalist) const {
  for (const auto& [at, run] : compared_)
    if (at == finalist) return &run;
  return nullptr;
}

LATHE_INLINE sequence<sequence<double>> cpu_evaluator::duel(const native::executable& left,
                                                            const native::executable& right) const {
  constexpr double most_seconds = 1;
  const double begin = monotonic_seconds();
  const sequence<sequence<void*>> sets = addresses_of(*answer_.arguments);
  sequence<contestant> runs;
  for (const native::executable* each : {&left, &right}) runs.push_back(bound_to_each(*each, sets));
  return race(runs, sets, request_.threads, begin, most_seconds);
}

/// Tells who asked for it of a kernel that is clearly faster than the last one it was told of.
LATHE_INLINE void cpu_evaluator::publish(const point& at, const measurement& seen,
                                         const compiled& made) {
  constexpr double clearly = 0.97;
  if (request_.on_better.call == nullptr || seen.seconds() > clearly * published_) return;
  result<native::executable> run = native::executable::make(made.plan, made.object, compiler_,
                                                            request_.threads, hook_of(request_));
  if (!run) return;
  published_ = seen.seconds();
  tuned better;
  better.run = std::move(*run);
  better.steps = space_.to_trace(at);
  better.origin = kernel_origin::search;
  better.median_seconds = seen.seconds();
  better.best_seconds = minimum(seen.samples);
  request_.on_better.call(request_.on_better.self, better);
}

/// Keeps the fastest kernels and the estimates', so that they need not be compiled again.
LATHE_INLINE void cpu_evaluator::keep(const point& at, double seconds, compiled made) {
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
LATHE_INLINE double cpu_evaluator::slow_limit(const kernel_plan& plan) const {
  constexpr double factor = 8;  // cold caches, other programs
  constexpr double link_seconds = 0.1;
  constexpr double seconds_per_byte = 4e-9;  // pages touched first, packing in bind()
  double bytes = 0;
  for (const plan_buffer& buffer : plan.buffers) bytes += static_cast<double>(buffer.bytes());
  return link_seconds + seconds_per_byte * bytes + factor * best_;
}

/// Compiles what is not there yet until `end`. @returns how many points were begun, the first ones
LATHE_INLINE std::size_t cpu_evaluator::compile_all(std::span<const point> points,
                                                    sequence<observation>& out,
                                                    sequence<std::optional<compiled>>& kernels,
                                                    double end) {
  lathe::detail::atomic<std::size_t> next;
  sequence<char> is_begun(points.size(), 0);
  auto work = [&] {
    for (std::size_t at = next.fetch_add(1); at < points.size(); at = next.fetch_add(1)) {
      if (end <= monotonic_seconds()) return;
      is_begun[at] = 1;
      compile_point(points[at], out[at], kernels[at]);
    }
  };
  run_on_threads(smaller(points.size(), compilers_), work);
  return position(is_begun, 0);
}

/// Compiles the point unless its kernel is there.
LATHE_INLINE void cpu_evaluator::compile_point(const point& at, observation& to,
                                               std::optional<compiled>& kernel) const {
  to.at = at;
  if (kernel) return;
  const double start = monotonic_seconds();
  result<compiled> made =
      compile_trace(program_, space_.to_trace(at), request_.target, compiler_, options_);
  if (made) {
    kernel.emplace(std::move(*made));
  } else {
    const bool illegal = made.error().id().starts_with("LATHE-E2");
    to.outcome =
        measurement::failure_of(illegal ? failure::illegal : failure::compile, made.error().what());
  }
  to.outcome.compile_seconds = monotonic_seconds() - start;
}

}  // namespace lathe::detail
