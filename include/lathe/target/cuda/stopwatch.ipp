/// @file
/// Bodies of stopwatch.hpp.
#pragma once

#include <lathe/target/cuda/stopwatch.hpp>

#include <cstddef>

namespace lathe::gpu {

LATHE_INLINE void stopwatch::event_deleter::operator()(driver::event* each) const {
  const current_context here(*in);
  in->api().EventDestroy_v2(each);
}

LATHE_INLINE result<stopwatch> stopwatch::create(const context& in, l2_state cache,
                                                 driver::stream* stream) {
  stopwatch out;
  out.in_ = shared<context>::make(in);
  out.stream_ = stream;
  out.cache_ = cache;
  if (cache == l2_state::flushed) {
    // Written twice over, nothing else is left.
    result<device_memory> memory = device_memory::allocate(in, 2 * in.what().l2_bytes);
    if (!memory) return memory.error();
    out.flushing_ = std::move(*memory);
  }
  return out;
}

/// The event of that number, made when it is first used. The context is current.
LATHE_INLINE result<driver::event*> stopwatch::event(std::size_t index) {
  while (events_.size() <= index) {
    driver::event* made = nullptr;
    if (const int code = in_->api().EventCreate(&made, 0); code != driver::success)
      return cuda_failure("cuEventCreate", code);
    events_.emplace_back(made, event_deleter{in_.get()});
  }
  return events_[index].get();
}

LATHE_INLINE result<double> stopwatch::seconds(int calls, enqueue_function enqueue, void* self) {
  const current_context here(*in_);
  const cuda_api& api = in_->api();
  const bool is_flushed = cache_ == l2_state::flushed;
  // Flushed, every call has a pair of events of its own; warm, all of them have one.
  const std::size_t pairs = is_flushed ? static_cast<std::size_t>(calls) : 1;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const result<driver::event*> begin = event(2 * pair), end = event(2 * pair + 1);
    if (!begin) return begin.error();
    if (!end) return end.error();
    result<bool> done = is_flushed ? fill(*in_, flushing_.address(), flushing_.bytes(), 0, stream_)
                                   : enqueue(self, stream_);
    if (done) done = detail::outcome("cuEventRecord", api.EventRecord(*begin, stream_));
    for (int call = 0; done && call < (is_flushed ? 1 : calls); ++call)
      done = enqueue(self, stream_);
    if (done) done = detail::outcome("cuEventRecord", api.EventRecord(*end, stream_));
    if (!done) return done.error();
  }
  if (const result<bool> waited = in_->synchronize(stream_); !waited) return waited.error();
  double total = 0;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    float milliseconds = 0;
    const int code =
        api.EventElapsedTime(&milliseconds, events_[2 * pair].get(), events_[2 * pair + 1].get());
    if (code != driver::success) return cuda_failure("cuEventElapsedTime", code);
    total += 1e-3 * static_cast<double>(milliseconds);
  }
  return total / calls;
}

}  // namespace lathe::gpu
