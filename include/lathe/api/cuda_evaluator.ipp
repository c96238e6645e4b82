/// @file
/// Bodies of cuda_evaluator.hpp.
#pragma once

#include <lathe/api/cuda_evaluator.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/core/threads.hpp>
#include <lathe/measure/timer.hpp>

namespace lathe::detail {

LATHE_INLINE cuda_evaluator::cuda_evaluator(const gpu_space& space, const program& of,
                                            const tuning_request& request,
                                            const cuda_toolchain& with, cuda_worker& bench,
                                            const oracle& answer, double floor_seconds)
    : space_(space), program_(of), request_(request), with_(with), bench_(bench), answer_(answer) {
  measure_.floor_seconds = floor_seconds;
  // Short timings rank candidates well enough: the finalists are timed again, in turn.
  measure_.timing.max_seconds = 0.12;
  measure_.timing.max_samples = 20;
  measure_.timing.sample_seconds = 2e-4;  // events have a resolution of half a microsecond
  measure_.timing.hopeless_factor = 1.5;
}

LATHE_INLINE sequence<observation> cuda_evaluator::evaluate(std::span<const point> points,
                                                            double seconds) {
  constexpr double longest = 60;  // [s]
  const double end = monotonic_seconds() + seconds;
  sequence<observation> out(points.size());
  sequence<std::optional<cuda_compiled>> kernels(points.size());
  const std::size_t begun = compile_all(points, out, kernels, end);
  for (std::size_t at = 0; at < points.size(); ++at) {
    if (at >= begun || is_over(end)) {
      out.resize(at);
      break;
    }
    if (!kernels[at]) continue;
    const double left = end - monotonic_seconds();
    measure_.timing.best_seconds = best_;
    measure_.slow_limit = slow_limit(kernels[at]->source);
    measure_.time_limit = smaller(longest, left);
    measurement outcome =
        bench_.measure(kernels[at]->source, kernels[at]->code, answer_.wanted, measure_);
    // Not its own time was over, but that of the search.
    if (outcome.failed == failure::timeout && left < longest) {
      out.resize(at);
      break;
    }
    outcome.compile_seconds = out[at].outcome.compile_seconds;
    if (outcome.ok()) {
      best_ = smaller(best_, outcome.seconds());
      worked_.emplace_back(points[at], std::move(*kernels[at]));
    }
    out[at].outcome = std::move(outcome);
  }
  return out;
}

LATHE_INLINE sequence<observation> cuda_evaluator::compare(std::span<const point> finalists,
                                                           double seconds) {
  constexpr int rounds = 3;
  const double end = monotonic_seconds() + seconds;
  measure_.timing.best_seconds = std::numeric_limits<double>::infinity();
  measure_.slow_limit = std::numeric_limits<double>::infinity();
  measure_.time_limit = 60;
  sequence<observation> out(finalists.size());
  // Those that an earlier search tried are not compiled yet.
  sequence<std::optional<cuda_compiled>> kernels(finalists.size());
  for (std::size_t at = 0; at < finalists.size(); ++at)
    if (const cuda_compiled* known = code_of(finalists[at])) kernels[at] = *known;
  compile_all(finalists, out, kernels, std::numeric_limits<double>::infinity());
  for (int round = 0; round < rounds; ++round) {
    if (round > 0 && is_over(end)) break;
    for (std::size_t at = 0; at < finalists.size(); ++at) {
      if (out[at].outcome.failed != failure::none) continue;
      measurement again =
          bench_.measure(kernels[at]->source, kernels[at]->code, answer_.wanted, measure_);
      if (!again.ok())
        out[at].outcome = std::move(again);
      else
        out[at].outcome.samples.append(again.samples.begin(), again.samples.end());
    }
  }
  for (std::size_t at = 0; at < finalists.size(); ++at)
    if (kernels[at] && code_of(finalists[at]) == nullptr)
      worked_.emplace_back(finalists[at], std::move(*kernels[at]));
  return out;
}

LATHE_INLINE const cuda_compiled* cuda_evaluator::code_of(const point& at) const {
  for (const auto& [known, made] : worked_)
    if (known == at) return &made;
  return nullptr;
}

/// Compiles until `end`. @returns how many points were begun, the first ones
LATHE_INLINE std::size_t cuda_evaluator::compile_all(
    std::span<const point> points, sequence<observation>& out,
    sequence<std::optional<cuda_compiled>>& kernels, double end) {
  lathe::detail::atomic<std::size_t> next;
  sequence<char> is_begun(points.size(), 0);
  auto work = [&] {
    for (std::size_t at = next.fetch_add(1); at < points.size(); at = next.fetch_add(1)) {
      if (end <= monotonic_seconds()) return;
      is_begun[at] = 1;
      out[at].at = points[at];
      if (kernels[at]) continue;
      const double start = monotonic_seconds();
      result<cuda_compiled> made =
          compile_cuda(program_, space_.to_trace(points[at]), with_, gpu::screening_limits{});
      if (made) {
        kernels[at].emplace(std::move(*made));
      } else {
        const std::string& id = made.error().id();
        const failure kind = id.starts_with("LATHE-E2") ? failure::illegal
                             : id == "LATHE-E342"       ? failure::limit
                                                        : failure::compile;
        out[at].outcome = measurement::failure_of(kind, made.error().what());
      }
      out[at].outcome.compile_seconds = monotonic_seconds() - start;
    }
  };
  const auto threads = static_cast<std::size_t>(larger(request_.target.threads, 1));
  run_on_threads(smaller(points.size(), threads), work);
  return position(is_begun, 0);
}

/// Loading and a first run that take longer mean a kernel too far behind to be timed [s].
LATHE_INLINE double cuda_evaluator::slow_limit(const cuda_source& source) const {
  constexpr double factor = 20;              // several runs, and the copies that others make
  constexpr double start_seconds = 1;        // loading, and the first launch
  constexpr double seconds_per_byte = 2e-9;  // arguments to the device and back
  double bytes = 0;
  for (const plan_buffer& buffer : source.buffers) bytes += static_cast<double>(buffer.bytes());
  return start_seconds + seconds_per_byte * bytes + factor * best_;
}

/// True if the search ends here.
LATHE_INLINE bool cuda_evaluator::is_over(double end) const {
  return monotonic_seconds() >= end || (request_.cancel != nullptr && request_.cancel->is_set());
}

}  // namespace lathe::detail
