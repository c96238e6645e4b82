/// @file
/// Bodies of executable.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/target/cuda/executable.hpp>

#include <utility>

namespace lathe::gpu {

namespace detail {

/// Alignment of workspaces on the device [bytes]: that of allocations.
inline constexpr std::int64_t device_alignment = 256;

constexpr std::int64_t device_aligned(std::int64_t bytes) {
  return (bytes + device_alignment - 1) / device_alignment * device_alignment;
}

/// The error of loading code, with what decides about it.
LATHE_INLINE error load_failure(const context& where, int code) {
  const error plain = cuda_failure("cuModuleLoadData", code);
  const bool is_refused = code == driver::no_binary_for_gpu ||
                          code == driver::unsupported_ptx_version || code == 200 || code == 218;
  if (!is_refused) return plain;
  return error(plain.id(), plain.text() + "; the device is " + where.what().architecture() +
                               ", the driver one of CUDA " +
                               cuda_version_text(where.api().version) +
                               ": compile for that architecture, with an NVRTC that is not newer");
}

}  // namespace detail

struct executable::state {
  /// What copies and bound versions share.
  struct loaded_code {
    loaded_code() = default;
    loaded_code(const loaded_code&) = delete;
    loaded_code& operator=(const loaded_code&) = delete;
    ~loaded_code() {
      if (module == nullptr) return;
      const current_context here(where);
      where.api().ModuleUnload(module);
    }

    cuda_source source;
    sequence<std::byte> bytes;
    context where;
    driver::module* module = nullptr;
    sequence<driver::function*> functions;  ///< per launch
  };
  /// Workspace of the calls in one stream.
  struct workspace {
    driver::stream* stream;
    device_memory memory;
  };

  shared<const loaded_code> of;
  sequence<std::int64_t> offset;  ///< per buffer: in the workspace, -1 = not there
  std::int64_t workspace_bytes = 0;
  sequence<device_memory> bound;  ///< per buffer, without memory = not bound
  mutable lathe::detail::mutex guard;
  mutable sequence<workspace> workspaces;

  void lay_out() {
    for (const plan_buffer& buffer : of->source.buffers) {
      const bool here = !buffer.param && !buffer.bound;
      offset.push_back(here ? workspace_bytes : -1);
      if (here) workspace_bytes += detail::device_aligned(buffer.bytes());
      bound.emplace_back();
    }
  }

  /// Enqueues the launches of a part. The context is current.
  result<bool> run(void* const* params, driver::address memory, driver::stream* stream,
                   bool is_bind) const {
    const cuda_source& source = of->source;
    sequence<driver::address> addresses;
    sequence<void*> values;  // per buffer: where the argument's value is
    addresses.reserve(source.buffers.size());
    std::size_t param = 0;
    for (std::size_t at = 0; at < source.buffers.size(); ++at) {
      const plan_buffer& buffer = source.buffers[at];
      if (buffer.param)
        addresses.push_back(reinterpret_cast<std::uintptr_t>(params[param]));
      else
        addresses.push_back(offset[at] >= 0 ? memory + static_cast<driver::address>(offset[at])
                                            : bound[at].address());
      values.push_back(buffer.scalar ? params[param] : static_cast<void*>(&addresses.back()));
      if (buffer.param) ++param;
    }
    sequence<void*> arguments;
    for (std::size_t at = 0; at < source.launches.size(); ++at) {
      const cuda_launch& launch = source.launches[at];
      if (launch.bind_only != is_bind) continue;
      arguments.clear();
      for (const int buffer : launch.arguments)
        arguments.push_back(values[static_cast<std::size_t>(buffer)]);
      const int code = of->where.api().LaunchKernel(
          of->functions[at], static_cast<unsigned>(launch.blocks), 1, 1,
          static_cast<unsigned>(launch.threads), 1, 1, static_cast<unsigned>(launch.shared_bytes),
          stream, arguments.data(), nullptr);
      if (code != driver::success) return cuda_failure("launch of " + launch.symbol, code);
    }
    return true;
  }
};

LATHE_INLINE result<executable> executable::make(cuda_source source, sequence<std::byte> code,
                                                 const context& where) {
  auto loaded = shared<state::loaded_code>::make();
  loaded->where = where;
  const current_context here(where);
  const cuda_api& api = where.api();
  if (const int failed = api.ModuleLoadDataEx(&loaded->module, code.data(), 0, nullptr, nullptr);
      failed != driver::success)
    return detail::load_failure(where, failed);
  for (const cuda_launch& launch : source.launches) {
    driver::function* function = nullptr;
    int failed = api.ModuleGetFunction(&function, loaded->module, launch.symbol.c_str());
    if (failed != driver::success) return cuda_failure("kernel " + launch.symbol, failed);
    if (launch.shared_bytes > where.what().shared_without_asking)
      failed = api.FuncSetAttribute(function, driver::function_max_dynamic_shared,
                                    static_cast<int>(launch.shared_bytes));
    if (failed != driver::success)
      return cuda_failure(
          std::to_string(launch.shared_bytes) + " bytes of shared memory for " + launch.symbol,
          failed);
    loaded->functions.push_back(function);
  }
  loaded->source = std::move(source);
  loaded->bytes = std::move(code);
  auto made = shared<state>::make();
  made->of = std::move(loaded);
  made->lay_out();
  executable out;
  out.state_ = std::move(made);
  return out;
}

LATHE_INLINE result<bool> executable::operator()(void* const* params,
                                                 driver::stream* stream) const {
  if (state_->workspace_bytes == 0) return (*this)(params, 0, stream);
  // Held while the launches are enqueued: two calls in a stream must not mix in their workspace.
  const lathe::detail::lock_guard lock(state_->guard);
  for (const state::workspace& each : state_->workspaces)
    if (each.stream == stream) return (*this)(params, each.memory.address(), stream);
  result<device_memory> memory = device_memory::allocate(where(), state_->workspace_bytes);
  if (!memory) return memory.error();
  state_->workspaces.push_back({stream, std::move(*memory)});
  return (*this)(params, state_->workspaces.back().memory.address(), stream);
}

LATHE_INLINE result<bool> executable::operator()(void* const* params, driver::address workspace,
                                                 driver::stream* stream) const {
  const current_context here(where());
  return state_->run(params, workspace, stream, false);
}

LATHE_INLINE result<bool> executable::on_host(void* const* params, driver::stream* stream) const {
  sequence<device_memory> copies;
  sequence<void*> on_device;
  std::size_t param = 0;
  for (const plan_buffer& buffer : source().buffers) {
    if (!buffer.param) continue;
    on_device.push_back(params[param]);
    copies.emplace_back();
    if (!buffer.scalar) {
      result<device_memory> memory = device_memory::allocate(where(), buffer.bytes());
      if (!memory) return memory.error();
      copies.back() = std::move(*memory);
      on_device.back() = reinterpret_cast<void*>(copies.back().address());
      if (!buffer.output) {
        result<bool> sent =
            upload(where(), copies.back().address(), params[param], buffer.bytes(), stream);
        if (!sent) return sent;
      }
    }
    ++param;
  }
  result<bool> done = (*this)(on_device.data(), stream);
  // Also after an error: nothing may be freed while the device uses it.
  const result<bool> waited = where().synchronize(stream);
  if (!done) return done;
  if (!waited) return waited;
  param = 0;
  for (const plan_buffer& buffer : source().buffers) {
    if (!buffer.param) continue;
    if (buffer.output)
      done = download(where(), params[param], copies[param].address(), buffer.bytes(), stream);
    if (!done) return done;
    ++param;
  }
  return true;
}

LATHE_INLINE result<executable> executable::bind(void* const* params,
                                                 driver::stream* stream) const {
  auto made = shared<state>::make();
  made->of = state_->of;
  made->lay_out();
  for (std::size_t at = 0; at < made->bound.size(); ++at) {
    const plan_buffer& buffer = source().buffers[at];
    if (!buffer.bound) continue;
    result<device_memory> memory = device_memory::allocate(where(), buffer.bytes());
    if (!memory) return memory.error();
    made->bound[at] = std::move(*memory);
  }
  const result<device_memory> temporary = device_memory::allocate(where(), made->workspace_bytes);
  if (!temporary) return temporary.error();
  {
    const current_context here(where());
    const result<bool> enqueued = made->run(params, temporary->address(), stream, true);
    const result<bool> waited = where().synchronize(stream);
    if (!enqueued) return enqueued.error();
    if (!waited) return waited.error();
  }
  executable out;
  out.state_ = std::move(made);
  return out;
}

LATHE_INLINE bool executable::needs_bind() const {
  for (std::size_t at = 0; at < state_->bound.size(); ++at)
    if (source().buffers[at].bound && state_->bound[at].address() == 0) return true;
  return false;
}

LATHE_INLINE std::int64_t executable::workspace_bytes() const { return state_->workspace_bytes; }
LATHE_INLINE const cuda_source& executable::source() const { return state_->of->source; }
LATHE_INLINE const sequence<std::byte>& executable::code() const { return state_->of->bytes; }
LATHE_INLINE const context& executable::where() const { return state_->of->where; }

}  // namespace lathe::gpu
