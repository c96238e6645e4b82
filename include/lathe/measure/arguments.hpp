/// @file
/// The arguments of an operator under test: one guarded buffer per parameter. In: a plan and the
/// caller's inputs. Out: what kernels of that operator are run on, and whether they left the inputs
/// and everything around the outputs alone; more sets of the same for timing. Called by the worker.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/measure/buffer.hpp>
#include <lathe/target/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace lathe {

/// One parameter and its memory.
struct argument {
  plan_buffer what;
  guarded_buffer memory;
  std::uint64_t hash = 0;  ///< of an input after seal_inputs()
};

/// The parameters of one operator in order. Every kernel of the operator, whatever its schedule,
/// has these same parameters; workspaces differ from kernel to kernel and are not part of it.
class argument_set {
 public:
  /// Memory for the parameters of `plan`, shared with children forked later. Inputs hold what
  /// fill_untouched() writes until the caller fills them.
  /// @error LATHE-E501 if the system has no memory
  LATHE_INLINE explicit argument_set(const kernel_plan& plan);

  std::size_t size() const { return arguments_.size(); }
  /// Of all parameters together, in one set.
  LATHE_INLINE std::int64_t bytes() const;
  argument& operator[](std::size_t index) { return arguments_[index]; }
  const argument& operator[](std::size_t index) const { return arguments_[index]; }

  /// Makes copies, so that there are `count` sets in all. Call it after filling the inputs.
  /// @error LATHE-E501 if the system has no memory
  LATHE_INLINE void make_sets(int count);
  int sets() const { return 1 + static_cast<int>(copies_.size()); }
  /// First byte of a parameter in one of the sets; set 0 is the one that outputs are checked in.
  LATHE_INLINE void* address(int set, std::size_t index) const;

  /// Remembers the inputs as they are now. Call it after filling them.
  LATHE_INLINE void seal_inputs();
  /// Fills the outputs and the padding of all arguments, so that the traces of the last kernel are
  /// gone. @pre the inputs are intact
  LATHE_INLINE void reset_outputs();
  /// Makes writing to inputs fault, in this process only.
  LATHE_INLINE void forbid_writing_inputs() const;
  /// What a kernel did that it must not: "changed its input A", "wrote outside C"; empty if
  /// nothing.
  /// @param hash_inputs  false where writing to inputs faults anyway
  LATHE_INLINE std::string damage(bool hash_inputs = true) const;

 private:
  sequence<argument> arguments_;
  sequence<sequence<guarded_buffer>> copies_;  ///< per further set: memory of every parameter
};

/// How many sets of `bytes` bytes timing takes in turn. What a program calls next finds operands
/// that fit into L2 there, and larger ones where the work between has left them: so these rotate
/// among as many sets as exceed the last-level cache, at most 4 and 512 MiB.
LATHE_INLINE int rotating_sets(std::int64_t bytes, const cpu_target& target);

/// Calls in a row on each of several sets: the first finds its operands in memory, the second as
/// far as they fit in the last-level cache. A kernel should be good at both; to calls so long that
/// it makes no difference, one. @param seconds  that a call takes
LATHE_INLINE int calls_in_a_row(int sets, double seconds);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/arguments.ipp>
#endif
