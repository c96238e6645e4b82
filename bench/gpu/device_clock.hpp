/// @file
/// Times calls on the device, by CUDA events. In: contestants whose run() enqueues one call.
#pragma once

#include <lathe/target/cuda/stopwatch.hpp>

#include "timing.hpp"

namespace bench {

/// The clock of timing.hpp for a GPU. Every sample follows a call that warms up.
class device_clock final : public call_clock {
 public:
  explicit device_clock(const lathe::gpu::context& in)
      : watch_(lathe::gpu::stopwatch::create(in).value()) {}

  double sample(const std::function<void()>& run, int repeats) override {
    const auto enqueue = [](void* self, lathe::gpu::driver::stream*) -> lathe::result<bool> {
      (*static_cast<const std::function<void()>*>(self))();
      return true;
    };
    void* const self = const_cast<std::function<void()>*>(&run);
    return watch_.seconds(repeats, enqueue, self).value();
  }
  double once(const std::function<void()>& run) override { return sample(run, 1); }

 private:
  lathe::gpu::stopwatch watch_;
};

}  // namespace bench
