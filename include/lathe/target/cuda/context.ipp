/// @file
/// Bodies of context.hpp.
#pragma once

#include <lathe/target/cuda/context.hpp>

#include <array>
#include <cstddef>

namespace lathe::gpu {

namespace detail {

/// True, or the error of a call.
inline result<bool> outcome(const char* call, int code) {
  if (code == driver::success) return true;
  return cuda_failure(call, code);
}

/// What the driver says about a device.
LATHE_INLINE device device_behind(const cuda_api& api, int ordinal) {
  device out;
  std::array<char, 256> name{};
  api.DeviceGetName(name.data(), static_cast<int>(name.size()) - 1, ordinal);
  out.name = name.data();
  const auto attribute = [&](int which) {
    int value = 0;
    api.DeviceGetAttribute(&value, which, ordinal);
    return value;
  };
  out.compute_major = attribute(driver::compute_capability_major);
  out.compute_minor = attribute(driver::compute_capability_minor);
  out.multiprocessors = attribute(driver::multiprocessor_count);
  out.warp = attribute(driver::warp_size);
  out.threads_per_block = attribute(driver::max_threads_per_block);
  out.threads_per_multiprocessor = attribute(driver::max_threads_per_multiprocessor);
  out.blocks_per_multiprocessor = attribute(driver::max_blocks_per_multiprocessor);
  out.registers_per_multiprocessor = attribute(driver::max_registers_per_multiprocessor);
  out.registers_per_block = attribute(driver::max_registers_per_block);
  out.shared_per_multiprocessor = attribute(driver::max_shared_memory_per_multiprocessor);
  out.shared_per_block = attribute(driver::max_shared_memory_per_block_optin);
  out.shared_without_asking = attribute(driver::max_shared_memory_per_block);
  out.shared_reserved = attribute(driver::reserved_shared_memory_per_block);
  std::size_t memory = 0;
  api.DeviceTotalMem_v2(&memory, ordinal);
  out.memory_bytes = static_cast<std::int64_t>(memory);
  out.l2_bytes = attribute(driver::l2_cache_size);
  out.f32_per_clock = f32_per_clock_of(out.capability());
  out.clock_hz = 1e3 * attribute(driver::clock_rate);
  // Two transfers per cycle of the memory's clock.
  out.bandwidth =
      2.0 * 1e3 * attribute(driver::memory_clock_rate) * attribute(driver::memory_bus_width) / 8;
  return out;
}

}  // namespace detail

LATHE_INLINE result<context> context::current_or_primary(int ordinal) {
  const result<const cuda_api*> loaded = cuda_api::load();
  if (!loaded) return loaded.error();
  const cuda_api& api = **loaded;
  context out;
  out.state_ = shared<state>::make();
  state& made = *out.state_;
  made.api = &api;
  int of = ordinal;
  if (const int code = api.CtxGetCurrent(&made.handle); code != driver::success)
    return cuda_failure("cuCtxGetCurrent", code);
  if (made.handle != nullptr) {
    if (const int code = api.CtxGetDevice(&of); code != driver::success)
      return cuda_failure("cuCtxGetDevice", code);
  } else {
    if (const int code = api.DeviceGet(&of, ordinal); code != driver::success)
      return cuda_failure("cuDeviceGet(" + std::to_string(ordinal) + ")", code);
    if (const int code = api.DevicePrimaryCtxRetain(&made.handle, of); code != driver::success)
      return cuda_failure("cuDevicePrimaryCtxRetain", code);
    made.primary_of = of;
  }
  made.what = detail::device_behind(api, of);
  return out;
}

LATHE_INLINE result<bool> context::synchronize(driver::stream* stream) const {
  const current_context here(*this);
  return detail::outcome("cuStreamSynchronize", api().StreamSynchronize(stream));
}

LATHE_INLINE current_context::current_context(const context& wanted) : api_(wanted.api()) {
  driver::context* now = nullptr;
  api_.CtxGetCurrent(&now);
  // If pushing fails, the calls that need the context say so.
  pushed_ = now != wanted.handle() && api_.CtxPushCurrent_v2(wanted.handle()) == driver::success;
}

LATHE_INLINE current_context::~current_context() {
  driver::context* popped = nullptr;
  if (pushed_) api_.CtxPopCurrent_v2(&popped);
}

LATHE_INLINE result<device_memory> device_memory::allocate(const context& in, std::int64_t bytes) {
  device_memory out;
  if (bytes == 0) return out;
  const current_context here(in);
  const int code = in.api().MemAlloc_v2(&out.address_, static_cast<std::size_t>(bytes));
  if (code != driver::success)
    return cuda_failure("cuMemAlloc of " + std::to_string(bytes) + " bytes", code);
  out.in_ = in;
  out.bytes_ = bytes;
  return out;
}

LATHE_INLINE device_memory::~device_memory() {
  if (address_ == 0) return;
  const current_context here(in_);
  in_.api().MemFree_v2(address_);
}

LATHE_INLINE result<bool> upload(const context& in, driver::address to, const void* from,
                                 std::int64_t bytes, driver::stream* stream) {
  const current_context here(in);
  return detail::outcome(
      "cuMemcpyHtoDAsync",
      in.api().MemcpyHtoDAsync_v2(to, from, static_cast<std::size_t>(bytes), stream));
}

LATHE_INLINE result<bool> download(const context& in, void* to, driver::address from,
                                   std::int64_t bytes, driver::stream* stream) {
  const current_context here(in);
  const int code = in.api().MemcpyDtoHAsync_v2(to, from, static_cast<std::size_t>(bytes), stream);
  if (code != driver::success) return cuda_failure("cuMemcpyDtoHAsync", code);
  return in.synchronize(stream);
}

LATHE_INLINE result<bool> fill(const context& in, driver::address first, std::int64_t bytes,
                               unsigned char value, driver::stream* stream) {
  const current_context here(in);
  return detail::outcome(
      "cuMemsetD8Async",
      in.api().MemsetD8Async(first, value, static_cast<std::size_t>(bytes), stream));
}

LATHE_INLINE std::string availability() {
  const result<context> here = context::current_or_primary();
  if (!here) return here.error().text();
  return "CUDA " + cuda_version_text(here->api().version) + ", " + text_of(here->what());
}

}  // namespace lathe::gpu
