/// @file
/// CUDA C++ text and what is needed to launch it, as plain data. In: emit_cuda.hpp makes it from a
/// loop nest. Out: nvrtc.hpp compiles the text, the static checks judge the launches, the runner
/// launches them, the tests run the text on the host.
///
/// The text needs no header. It is the prelude (cuda_prelude.hpp: copies, matrix instructions and
/// conversions under names that begin with `lathe_`) followed by one `extern "C" __global__`
/// function per kernel. A simulator replaces the prelude and keeps the rest.
#pragma once

#include <lathe/core/sequence.hpp>
#include <lathe/target/plan.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// One kernel launch: grid and block are one-dimensional, kernels take their indices apart.
struct cuda_launch {
  std::string symbol;             ///< name of the `extern "C" __global__` function
  std::int64_t blocks = 1;        ///< gridDim.x, 1 to 2^31 - 1
  std::int64_t threads = 1;       ///< blockDim.x, 1 to 1024
  std::int64_t shared_bytes = 0;  ///< dynamic shared memory per block [bytes]
  /// Arguments in order: indices into cuda_source::buffers. A pointer to the first element on the
  /// device, but the value itself of a scalar parameter (its size: size_of(type)).
  sequence<int> arguments;
  bool bind_only = false;     ///< runs in bind(), not in every call
  std::int64_t unrolled = 0;  ///< statements after unrolling, for the limit on compile time
  std::int64_t registers_at_least = 0;  ///< accumulators and their operands, per thread
};

/// A kernel of the user as CUDA text. Launches run one after the other in one stream.
struct cuda_source {
  std::string prelude;            ///< what the target's compiler is given before `text`
  std::string text;               ///< the kernels
  sequence<plan_buffer> buffers;  ///< parameters in the operator's order, then workspaces
  sequence<cuda_launch> launches;
};

}  // namespace lathe
