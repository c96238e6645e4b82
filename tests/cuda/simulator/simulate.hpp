/// @file
/// Runs CUDA text on the host. In: text and launches as emit_cuda.hpp makes them, and arguments.
/// Out: the outputs, or what a device would not do right. For tests of emitted kernels where there
/// is no GPU.
///
/// Every launch runs in several orders of blocks, warps and threads, with asynchronous copies that
/// happen early and late, with memory full of NaN and pages that cannot be accessed around every
/// buffer; all orders must give the same bits. The text is compiled by the compiler that built the
/// tests. Not modelled: threads of a warp that run in lockstep, the memory model, bank conflicts,
/// time.
#pragma once

#include <lathe/target/cuda/cuda_source.hpp>

#include "cuda/simulator/host_library.hpp"
#include "cuda/simulator/machine.hpp"
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cuda_simulator {

/// In which ways to run a source.
struct simulation_options {
  std::vector<run_mode> modes = {{thread_order::forward, copy_time::at_wait},
                                 {thread_order::reverse, copy_time::at_start},
                                 {thread_order::stride, copy_time::at_wait}};
};

/// What came of it.
struct simulation_report {
  std::string problem;       ///< what went wrong and where; empty if nothing did
  fault kind = fault::none;  ///< of a problem at run time
  bool changed = false;      ///< a condition that mutation.hpp altered had another value
  bool ok() const { return problem.empty(); }
};

/// Sources compiled together: an invocation of the compiler takes 0.1 s, a kernel in it a tenth.
class simulator {
 public:
  explicit simulator(std::span<const lathe::cuda_source> sources);

  /// Runs all launches of a source: those for bind() once, the others as two calls if there are
  /// any.
  /// @param arguments  one per parameter, of its size; those of outputs get the results
  simulation_report run(std::size_t source, std::span<const std::span<std::byte>> arguments,
                        const simulation_options& options = {}) const;

 private:
  struct compiled_source {
    lathe::cuda_source source;
    std::vector<kernel_heading> kernels;
    std::size_t library = 0, text = 0;
    std::string problem;
  };
  std::vector<compiled_source> sources_;
  std::vector<host_library> libraries_;
};

/// Compiles and runs one source.
simulation_report simulate(const lathe::cuda_source& source,
                           std::span<const std::span<std::byte>> arguments,
                           const simulation_options& options = {});

}  // namespace cuda_simulator
