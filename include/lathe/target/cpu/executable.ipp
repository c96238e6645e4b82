/// @file
/// Bodies of executable.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/memory_block.hpp>
#include <lathe/target/cpu/run.hpp>

#include <array>

namespace lathe::native {

struct executable::state {
  struct code {
    kernel_plan plan;
    sequence<std::byte> object;
    loaded_object loaded;
    sequence<phase_function> phases;
  };

  shared<const code> of;
  int threads = 1;
  parallel_for_hook hook{};
  std::int64_t scratch = 0;       ///< [bytes]
  sequence<std::int64_t> offset;  ///< per buffer: in the workspace, -1 = not there
  std::int64_t workspace = 0;     ///< [bytes]
  memory_block bound;             ///< packed copies of bound inputs
  sequence<void*> bound_address;  ///< per buffer, null = not bound
  mutable lathe::detail::mutex guard;
  mutable sequence<memory_block> idle;

  void lay_out() {
    scratch = aligned_bytes(scratch_bytes(of->plan, threads));
    workspace = scratch;
    for (const plan_buffer& buffer : of->plan.buffers) {
      const bool here = !buffer.param && !buffer.bound;
      offset.push_back(here ? workspace : -1);
      if (here) workspace += aligned_bytes(buffer.bytes());
    }
    bound_address.assign(of->plan.buffers.size(), nullptr);
  }

  void run(void* const* params, std::byte* memory, plan_part part) const {
    constexpr std::size_t usual = 32;  // longer tables are rare: allocate for them only
    std::array<void*, usual> small{};
    sequence<void*> large;
    const std::size_t count = of->plan.buffers.size();
    void** table = small.data();
    if (count > usual) {
      large.resize(count);
      table = large.data();
    }
    std::size_t param = 0;
    for (std::size_t at = 0; at < count; ++at) {
      if (of->plan.buffers[at].param)
        table[at] = params[param++];
      else
        table[at] = offset[at] >= 0 ? memory + offset[at] : bound_address[at];
    }
    run_plan(of->plan, of->phases, table, memory, threads, hook, part);
  }
};

LATHE_INLINE result<executable> executable::make(kernel_plan plan, sequence<std::byte> object,
                                                 const jit& linker, int threads,
                                                 parallel_for_hook hook) {
  auto code = shared<state::code>::make();
  result<loaded_object> loaded = linker.load(object);
  if (!loaded) return loaded.error();
  code->loaded = std::move(*loaded);
  result<sequence<phase_function>> phases = phase_functions(plan, code->loaded);
  if (!phases) return phases.error();
  code->phases = std::move(*phases);
  code->plan = std::move(plan);
  code->object = std::move(object);
  auto made = shared<state>::make();
  made->of = std::move(code);
  made->threads = larger(threads, 1);
  made->hook = hook;
  made->lay_out();
  executable out;
  out.state_ = std::move(made);
  return out;
}

LATHE_INLINE void executable::operator()(void* const* params) const {
  if (state_->workspace == 0) return state_->run(params, nullptr, plan_part::every_call);
  memory_block block;
  {
    const lathe::detail::lock_guard lock(state_->guard);
    if (!state_->idle.empty()) {
      block = std::move(state_->idle.back());
      state_->idle.pop_back();
    }
  }
  if (block.data() == nullptr) block = memory_block(state_->workspace);
  state_->run(params, block.data(), plan_part::every_call);
  const lathe::detail::lock_guard lock(state_->guard);
  state_->idle.push_back(std::move(block));
}

LATHE_INLINE void executable::operator()(void* const* params, void* workspace) const {
  state_->run(params, static_cast<std::byte*>(workspace), plan_part::every_call);
}

LATHE_INLINE std::int64_t executable::workspace_bytes() const { return state_->workspace; }

LATHE_INLINE executable executable::bind(void* const* params) const {
  auto made = shared<state>::make();
  made->of = state_->of;
  made->threads = state_->threads;
  made->hook = state_->hook;
  made->lay_out();
  std::int64_t bytes = 0;
  sequence<std::int64_t> place;
  for (const plan_buffer& buffer : made->of->plan.buffers) {
    place.push_back(buffer.bound ? bytes : -1);
    if (buffer.bound) bytes += aligned_bytes(buffer.bytes());
  }
  made->bound = memory_block(bytes);
  for (std::size_t at = 0; at < place.size(); ++at)
    if (place[at] >= 0) made->bound_address[at] = made->bound.data() + place[at];
  const memory_block temporary(made->workspace);
  made->run(params, temporary.data(), plan_part::bind);
  executable out;
  out.state_ = std::move(made);
  return out;
}

LATHE_INLINE bool executable::needs_bind() const {
  return state_->bound.data() == nullptr &&
         any_of(state_->of->plan.buffers, [](const plan_buffer& each) { return each.bound; });
}

LATHE_INLINE const kernel_plan& executable::plan() const { return state_->of->plan; }
LATHE_INLINE const sequence<std::byte>& executable::object() const { return state_->of->object; }
LATHE_INLINE int executable::threads() const { return state_->threads; }

}  // namespace lathe::native
