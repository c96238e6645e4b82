/// @file
/// Bodies of plan_of.hpp.
#pragma once

#include <lathe/lower/plan_of.hpp>

namespace lathe {
namespace detail {

/// Bytes of a scratch buffer including the padding after it.
LATHE_INLINE std::int64_t padded_bytes(const ir::buffer& buffer) {
  return aligned_bytes(buffer.elements * size_of(buffer.type));
}

}  // namespace detail

LATHE_INLINE sequence<std::int64_t> scratch_offsets(const ir::nest& nest) {
  sequence<std::int64_t> offsets;
  std::int64_t end = 0;
  for (const ir::buffer& buffer : nest.buffers) {
    const bool scratch = ir::is_private(buffer.where);
    offsets.push_back(scratch ? end : 0);
    if (scratch) end += detail::padded_bytes(buffer);
  }
  return offsets;
}

LATHE_INLINE kernel_plan plan_of(const ir::nest& nest) {
  kernel_plan plan;
  for (const ir::buffer& buffer : nest.buffers) {
    if (ir::is_private(buffer.where)) plan.scratch_bytes += detail::padded_bytes(buffer);
    if (buffer.where != ir::scope::param && buffer.where != ir::scope::workspace) continue;
    plan.buffers.push_back({buffer.name, buffer.type, buffer.elements,
                            buffer.where == ir::scope::param, buffer.output, buffer.scalar,
                            buffer.bound});
  }
  for (const ir::phase& phase : nest.phases)
    plan.phases.push_back({phase.name, phase.tasks, phase.parallel, phase.bind_only});
  return plan;
}

}  // namespace lathe
