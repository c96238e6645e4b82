/// @file
/// What a compiled kernel needs to run, as plain data. In: lowering writes it beside the loop nest.
/// Out: the CPU runner, the measuring worker, the store and the exporters read it.
///
/// A kernel is a list of phases executed in order with a barrier between them. A phase is one
/// exported function  `void phase(void* const* buffers, void* scratch, int64 begin, int64 end)`
/// that executes tasks [begin, end) of its outermost loop.
#pragma once

#include <lathe/core/dtype.hpp>
#include <lathe/core/sequence.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// Alignment of the scratch block, of every scratch buffer in it and of workspaces [bytes]: a cache
/// line, so that tasks do not share one.
inline constexpr std::int64_t buffer_alignment = 64;

/// `bytes` rounded up to buffer_alignment.
constexpr std::int64_t aligned_bytes(std::int64_t bytes) {
  return (bytes + buffer_alignment - 1) / buffer_alignment * buffer_alignment;
}

/// Signature of every exported phase function.
using phase_function = void (*)(void* const* buffers, void* scratch, std::int64_t begin,
                                std::int64_t end);

/// One entry of the `buffers` table: first the operator's parameters in order, then workspaces.
struct plan_buffer {
  std::string name;
  dtype type{};
  std::int64_t elements = 0;  ///< number of elements
  bool param = false;         ///< supplied by the caller; otherwise workspace
  bool output = false;        ///< written by the kernel (parameters only)
  bool scalar = false;        ///< rank-0 run-time scalar (parameters only)
  bool bound = false;         ///< workspace filled once by bind() rather than on every call
  /// [bytes]
  std::int64_t bytes() const { return elements * size_of(type); }
};

/// One exported function.
struct plan_phase {
  std::string symbol;      ///< unique within the kernel, e.g. "phase0"
  std::int64_t tasks = 1;  ///< iterations of the outermost loop; 1 = serial
  bool parallel = false;   ///< tasks may run concurrently in any order
  bool bind_only = false;  ///< runs in bind(), not in every call
};

/// Everything but the code.
struct kernel_plan {
  sequence<plan_buffer> buffers;
  sequence<plan_phase> phases;
  std::int64_t scratch_bytes =
      0;  ///< private scratch per concurrently running task, 64-byte aligned
};

}  // namespace lathe
