/// @file
/// Bodies of arguments.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/measure/arguments.hpp>
#include <lathe/measure/timer.hpp>

#include <cstring>
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

LATHE_INLINE std::int64_t argument_set::bytes() const {
  std::int64_t sum = 0;
  for (const argument& one : arguments_) sum += one.memory.size();
  return sum;
}

LATHE_INLINE void argument_set::make_sets(int count) {
  copies_.clear();
  for (int set = 1; set < count; ++set) {
    copies_.emplace_back();
    for (const argument& one : arguments_) {
      const auto bytes = static_cast<std::size_t>(one.memory.size());
      copies_.back().emplace_back(one.memory.size());
      std::memcpy(copies_.back().back().data(), one.memory.data(), bytes);
    }
  }
}

LATHE_INLINE void* argument_set::address(int set, std::size_t index) const {
  return set == 0 ? arguments_[index].memory.data()
                  : copies_[static_cast<std::size_t>(set - 1)][index].data();
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
  for (std::size_t at = 0; at < arguments_.size(); ++at) {
    if (arguments_[at].what.output) continue;
    arguments_[at].memory.forbid_writing();
    for (const sequence<guarded_buffer>& set : copies_) set[at].forbid_writing();
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

LATHE_INLINE int rotating_sets(std::int64_t bytes, const cpu_target& target) {
  constexpr std::int64_t most_sets = 4, most_bytes = std::int64_t{512} << 20;
  if (bytes <= target.l2_bytes) return 1;
  const std::int64_t wanted = smaller(most_sets, target.l3_bytes / bytes + 1);
  return static_cast<int>(larger<std::int64_t>(1, smaller(wanted, most_bytes / bytes)));
}

LATHE_INLINE int calls_in_a_row(int sets, double seconds) {
  return sets > 1 && seconds < long_call ? 2 : 1;
}

}  // namespace lathe
