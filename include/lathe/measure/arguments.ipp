/// @file
/// Bodies of arguments.hpp.
#pragma once

#include <lathe/measure/arguments.hpp>

#include <utility>

namespace lathe {

LATHE_INLINE argument_set::argument_set(const kernel_plan& plan) {
  for (const plan_buffer& buffer : plan.buffers) {
    if (!buffer.param) continue;
    argument one{buffer, guarded_buffer(buffer.bytes(), buffer_layout::ends_at_guard,
                                        buffer_sharing::shared)};
    fill_untouched(one.memory.data(), buffer.type, buffer.elements);
    arguments_.push_back(std::move(one));
  }
}

LATHE_INLINE void argument_set::seal_inputs() {
  for (argument& one : arguments_) {
    if (!one.what.output) one.hash = hash_bytes(one.memory.data(), one.memory.size());
  }
}

LATHE_INLINE void argument_set::reset_outputs() {
  for (argument& one : arguments_) {
    if (one.what.output) fill_untouched(one.memory.data(), one.what.type, one.what.elements);
    one.memory.reset_padding();
  }
}

LATHE_INLINE void argument_set::forbid_writing_inputs() const {
  for (const argument& one : arguments_) {
    if (!one.what.output) one.memory.forbid_writing();
  }
}

LATHE_INLINE std::string argument_set::damage(bool hash_inputs) const {
  for (const argument& one : arguments_) {
    if (!one.memory.padding_intact()) return "wrote outside " + one.what.name;
    if (one.what.output || !hash_inputs) continue;
    if (one.hash != hash_bytes(one.memory.data(), one.memory.size())) {
      return "changed its input " + one.what.name;
    }
  }
  return {};
}

}  // namespace lathe
