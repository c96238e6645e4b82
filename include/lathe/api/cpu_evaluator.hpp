/// @file
/// What points of the CPU space are worth: lowers, compiles, checks and times them. In: points.
/// Out: observations; kernels of finalists. Called by the search of session.hpp.
#pragma once

#include <lathe/api/oracle.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/worker.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lathe::detail {

/// A kernel to be compared with others, bound to each set of arguments; empty if it could not be
/// made.
using contestant = sequence<native::executable>;

/// The same kernel for each set of arguments, bound where it needs that. @param sets  see race()
LATHE_INLINE contestant bound_to_each(const native::executable& run,
                                      const sequence<sequence<void*>>& sets);

/// Of all parameters, for each set of arguments.
LATHE_INLINE sequence<sequence<void*>> addresses_of(const argument_set& arguments);

/// Times contestants in this process, with the threads that the program will use, one call of each
/// in turn, on one set of arguments after the other, see calls_in_a_row(). Those far behind drop
/// out after three rounds.
/// @param[in,out] runs  dropped ones are cleared
/// @param sets     of addresses of parameters, see argument_set
/// @param begin    when the comparison began [s], on the monotonic clock
/// @param seconds  that it should take; each kernel is called at least once all the same
/// @returns samples per contestant [s], none for missing ones
LATHE_INLINE sequence<sequence<double>> race(sequence<contestant>& runs,
                                             const sequence<sequence<void*>>& sets, int threads,
                                             double begin, double seconds);

/// A process in which candidates can do no harm. Where the system allows none they run in this one,
/// which is then said in `notes`.
LATHE_INLINE result<owner<worker>> make_bench(const tuning_request& request,
                                              const native::jit& compiler, argument_set& arguments,
                                              sequence<std::string>& notes);

/// True if a kernel's time depends on whether another core compiles meanwhile: its operands come
/// from what cores share, memory or the last cache, and that rather than arithmetic limits it.
/// Measured by bench/search/compile_ahead.cpp.
/// @param bytes  of all operands
/// @param floor_seconds  that its arithmetic takes at least [s]
LATHE_INLINE bool is_disturbed_by_compiling(std::int64_t bytes, double floor_seconds,
                                            const cpu_target& target);

/// See the head of this file.
class cpu_evaluator final : public lathe::evaluator {
 public:
  /// All references must outlive the evaluator.
  /// @param floor_seconds  no kernel is faster [s]
  LATHE_INLINE cpu_evaluator(const cpu_space& space, const program& of,
                             const tuning_request& request, const native::jit& compiler,
                             worker& bench, oracle& answer, double floor_seconds);

  LATHE_INLINE sequence<observation> evaluate(std::span<const point> points,
                                              double seconds) override;
  LATHE_INLINE sequence<observation> compare(std::span<const point> finalists,
                                             double seconds) override;

  /// The kernel of a finalist, ready to run (and to bind); null if it was not compared.
  LATHE_INLINE const native::executable* executable_of(const point& finalist) const;

  /// Samples of two kernels timed against each other [s].
  LATHE_INLINE sequence<sequence<double>> duel(const native::executable& left,
                                               const native::executable& right) const;

 private:
  /// A kernel that may become a finalist.
  struct kept_kernel {
    point at;
    double seconds;
    compiled made;
  };

  LATHE_INLINE void evaluate_ahead(std::span<const point> points, double end,
                                   sequence<observation>& to);
  LATHE_INLINE bool evaluate_together(std::span<const point> points, double end,
                                      sequence<observation>& to);
  LATHE_INLINE void compile_point(const point& at, observation& to,
                                  std::optional<compiled>& kernel) const;
  LATHE_INLINE bool measure_point(double end, observation& of, std::optional<compiled>& kernel);
  LATHE_INLINE void publish(const point& at, const measurement& seen, const compiled& made);
  LATHE_INLINE void keep(const point& at, double seconds, compiled made);
  LATHE_INLINE double slow_limit(const kernel_plan& plan) const;
  LATHE_INLINE std::size_t compile_all(std::span<const point> points, sequence<observation>& out,
                                       sequence<std::optional<compiled>>& kernels, double end);

  const cpu_space& space_;
  const program& program_;
  const tuning_request& request_;
  native::jit compiler_;
  worker& bench_;
  oracle& answer_;
  pipeline_options options_;
  /// A core is free while a kernel is measured in its process: it compiles the next ones.
  bool compiles_ahead_;
  std::size_t compilers_;  ///< threads that compile where nothing is measured meanwhile
  measure_options measure_;
  double best_ = std::numeric_limits<double>::infinity();
  double published_ = std::numeric_limits<double>::infinity();  ///< [s]
  sequence<kept_kernel> kept_;
  sequence<std::pair<point, native::executable>> compared_;
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/cpu_evaluator.ipp>
#endif
