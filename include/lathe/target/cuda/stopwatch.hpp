/// @file
/// How long do calls take on the device? In: something that enqueues calls. Out: seconds by CUDA
/// events, which the device itself writes. Called when candidates are timed (measure/) and by
/// benchmarks.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cuda/context.hpp>

namespace lathe::gpu {

/// Whether calls find in L2 what the call before has left there.
enum class l2_state : unsigned char {
  warm,    ///< calls follow each other
  flushed  ///< between calls as much memory is written as evicts everything
};

/// Events in one stream, and the memory that a flush writes. Belongs to one thread at a time.
class stopwatch {
 public:
  /// Enqueues one call into the stream.
  using enqueue_function = result<bool> (*)(void* self, driver::stream* stream);

  /// @error LATHE-E338, E340
  LATHE_INLINE static result<stopwatch> create(const context& in, l2_state cache = l2_state::warm,
                                               driver::stream* stream = nullptr);

  /// [s] per call. Work that is not timed goes first, a call or the flush, so that the queue is not
  /// empty when the timing begins: the host's time for a launch does not count. Waits for the
  /// device.
  /// @error what `enqueue` gives; LATHE-E339 a kernel failed
  LATHE_INLINE result<double> seconds(int calls, enqueue_function enqueue, void* self);

 private:
  struct event_deleter {
    const context* in = nullptr;
    LATHE_INLINE void operator()(driver::event* each) const;
  };
  stopwatch() = default;
  LATHE_INLINE result<driver::event*> event(std::size_t index);

  shared<const context> in_;
  driver::stream* stream_ = nullptr;
  l2_state cache_ = l2_state::warm;
  device_memory flushing_;  ///< what a flush writes
  sequence<owner<driver::event, event_deleter>> events_;
};

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/stopwatch.ipp>
#endif
