/// @file
/// Bodies of trial.hpp.
#pragma once

#include <lathe/measure/trial.hpp>
#include <lathe/target/cpu/run.hpp>

#include <cstdint>
#include <cstring>
#include <utility>

namespace lathe {

LATHE_INLINE result<kernel_trial> kernel_trial::create(const native::jit& compiler,
                                                       kernel_plan plan,
                                                       std::span<const std::byte> object,
                                                       const argument_set& arguments, int threads,
                                                       const parallel_for_hook& hook) {
  kernel_trial trial;
  trial.arguments_ = &arguments;
  trial.tables_.emplace_back();
  sequence<void*>& addresses = trial.tables_[0];
  std::size_t parameter = 0;
  for (const plan_buffer& buffer : plan.buffers) {
    if (!buffer.param) {
      trial.workspaces_.emplace_back(buffer.bytes(), buffer_layout::starts_aligned);
      addresses.push_back(trial.workspaces_.back().data());
      native::prefer_huge_pages(addresses.back(), buffer.bytes());
      continue;
    }
    if (parameter == arguments.size() || arguments[parameter].memory.size() != buffer.bytes()) {
      return error("LATHE-E502", "parameter " + buffer.name + " of the kernel has " +
                                     std::to_string(buffer.bytes()) +
                                     " bytes, the arguments under test differ: make them from a "
                                     "plan of the same operator and extents");
    }
    addresses.push_back(arguments.address(0, parameter++));
  }

  result<native::loaded_object> loaded = compiler.load(object);
  if (!loaded) return loaded.error();
  trial.object_ = std::move(*loaded);
  result<sequence<phase_function>> phases = native::phase_functions(plan, trial.object_);
  if (!phases) return phases.error();
  trial.phases_ = std::move(*phases);

  const std::int64_t scratch = native::scratch_bytes(plan, threads);
  if (scratch > 0) trial.scratch_ = guarded_buffer(scratch, buffer_layout::starts_aligned);
  trial.plan_ = std::move(plan);
  trial.threads_ = threads;
  trial.hook_ = hook;
  return trial;
}

LATHE_INLINE void kernel_trial::run_afresh() {
  std::size_t workspace = 0;
  for (const plan_buffer& buffer : plan_.buffers) {
    if (buffer.param) continue;
    fill_untouched(workspaces_[workspace++].data(), buffer.type, buffer.elements);
  }
  double begin = 0;
  for (const native::plan_part part : {native::plan_part::bind, native::plan_part::every_call}) {
    begin = monotonic_seconds();
    native::run_plan(plan_, phases_, tables_[0].data(), scratch_.data(), threads_, hook_, part);
  }
  afresh_seconds_ = monotonic_seconds() - begin;
}

LATHE_INLINE void kernel_trial::make_tables() {
  for (int set = static_cast<int>(tables_.size()); set < arguments_->sets(); ++set) {
    sequence<void*> table;
    std::size_t parameter = 0;
    for (std::size_t at = 0; at < plan_.buffers.size(); ++at) {
      const plan_buffer& buffer = plan_.buffers[at];
      table.push_back(buffer.param ? arguments_->address(set, parameter++) : tables_[0][at]);
      if (!buffer.bound) continue;
      native::memory_block copy(buffer.bytes());
      std::memcpy(copy.data(), table.back(), static_cast<std::size_t>(buffer.bytes()));
      table.back() = copy.data();
      bound_copies_.push_back(std::move(copy));
    }
    tables_.push_back(std::move(table));
  }
}

LATHE_INLINE timing kernel_trial::time(const timing_options& options) {
  make_tables();
  struct {
    kernel_trial& trial;
    int in_a_row;
  } context{*this, calls_in_a_row(arguments_->sets(), afresh_seconds_)};
  const auto calls = [](void* self) {
    auto& [trial, in_a_row] = *static_cast<decltype(context)*>(self);
    trial.next_set_ = (trial.next_set_ + 1) % trial.tables_.size();
    for (int call = 0; call < in_a_row; ++call)
      native::run_plan(trial.plan_, trial.phases_, trial.tables_[trial.next_set_].data(),
                       trial.scratch_.data(), trial.threads_, trial.hook_);
  };
  timing_options of_all = options;
  of_all.best_seconds *= context.in_a_row;
  timing times = time_calls(calls, &context, of_all);
  for (double& seconds : times.samples) seconds /= context.in_a_row;
  return times;
}

LATHE_INLINE std::string kernel_trial::damage() const {
  std::size_t workspace = 0;
  for (const plan_buffer& buffer : plan_.buffers) {
    if (buffer.param) continue;
    if (!workspaces_[workspace++].padding_intact()) return "wrote outside workspace " + buffer.name;
  }
  return scratch_.padding_intact() ? std::string() : "wrote outside its scratch memory";
}

}  // namespace lathe
