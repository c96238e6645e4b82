/// @file
/// Where kernels run: a context of the CUDA driver and the device behind it, and memory on it. In:
/// the caller's current context, or the device's primary one. Out: what modules are loaded into and
/// kernels are launched in. The caller's context is left as it was after every call.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/target/cuda/cuda_api.hpp>
#include <lathe/target/cuda/device.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace lathe::gpu {

/// A context that others own, or a share of a device's primary context, which the CUDA runtime and
/// most frameworks use. Copies share it. A context of others must outlive everything made in it.
class context {
 public:
  /// The context that is current on this thread; if there is none, the primary one of a device.
  /// @param ordinal  number of the device, for the primary context
  /// @error LATHE-E341, E331, E332 no driver, no usable one, no device; E338 the driver refuses
  LATHE_INLINE static result<context> current_or_primary(int ordinal = 0);

  const cuda_api& api() const { return *state_->api; }
  const device& what() const { return state_->what; }
  driver::context* handle() const { return state_->handle; }

  /// Waits until everything in the stream is done. @error LATHE-E339 a kernel failed
  LATHE_INLINE result<bool> synchronize(driver::stream* stream) const;

 private:
  struct state {
    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
      if (primary_of >= 0) api->DevicePrimaryCtxRelease_v2(primary_of);
    }

    const cuda_api* api = nullptr;
    driver::context* handle = nullptr;
    int primary_of = -1;  ///< the device whose primary context is retained, -1 = none
    device what;
  };
  shared<state> state_;
};

/// Makes a context current on this thread for as long as the object lives.
class current_context {
 public:
  LATHE_INLINE explicit current_context(const context& wanted);
  current_context(const current_context&) = delete;
  current_context& operator=(const current_context&) = delete;
  LATHE_INLINE ~current_context();

 private:
  const cuda_api& api_;
  bool pushed_ = false;
};

/// Memory on the device. Moves, is not copied.
class device_memory {
 public:
  device_memory() = default;
  /// @param bytes  0 = no memory
  /// @error LATHE-E340 there is not enough
  LATHE_INLINE static result<device_memory> allocate(const context& in, std::int64_t bytes);
  device_memory(device_memory&& other) noexcept
      : in_(other.in_), address_(other.address_), bytes_(other.bytes_) {
    other.address_ = 0;
  }
  device_memory& operator=(device_memory&& other) noexcept {
    std::swap(in_, other.in_);
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  LATHE_INLINE ~device_memory();

  /// First byte; 0 = no memory. Aligned to 256 bytes.
  driver::address address() const { return address_; }
  /// [bytes]
  std::int64_t bytes() const { return bytes_; }

 private:
  context in_;
  driver::address address_ = 0;
  std::int64_t bytes_ = 0;
};

/// Copies to the device; the host's memory is free again on return unless it is pinned.
LATHE_INLINE result<bool> upload(const context& in, driver::address to, const void* from,
                                 std::int64_t bytes, driver::stream* stream = nullptr);
/// Copies to the host and waits for it.
LATHE_INLINE result<bool> download(const context& in, void* to, driver::address from,
                                   std::int64_t bytes, driver::stream* stream = nullptr);
/// Sets every byte, in the order of the stream.
LATHE_INLINE result<bool> fill(const context& in, driver::address first, std::int64_t bytes,
                               unsigned char value, driver::stream* stream = nullptr);

/// What this process has, in one line: "CUDA 12.4, H200 (sm_90): ...", or why there is nothing.
LATHE_INLINE std::string availability();

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/context.ipp>
#endif
