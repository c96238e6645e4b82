/// @file
/// Bodies of cuda_bench.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/measure/cuda_bench.hpp>

#include <cstring>
#include <limits>
#include <utility>

namespace lathe {

namespace detail {

/// Bytes of pattern before and behind every buffer on the device: a stray row of a tile hits them.
inline constexpr std::int64_t device_guard_bytes = 64 << 10;
inline constexpr unsigned char device_guard_byte = 0xb5;
inline constexpr unsigned char not_a_number_byte = 0xff;  ///< makes every floating-point type NaN

LATHE_INLINE sequence<std::byte> job_to_bytes(const cuda_source& source, const cuda_timing& how) {
  byte_writer out;
  out.put(how);
  put_buffers(out, source.buffers);
  out.put(source.launches.size());
  for (const cuda_launch& launch : source.launches) {
    out.put_text(launch.symbol);
    out.put(launch.blocks);
    out.put(launch.threads);
    out.put(launch.shared_bytes);
    out.put(launch.bind_only);
    out.put(launch.arguments.size());
    for (const int argument : launch.arguments) out.put(argument);
  }
  return std::move(out.bytes);
}

LATHE_INLINE cuda_source job_from_bytes(const std::byte* bytes, cuda_timing& how) {
  byte_reader in{bytes};
  cuda_source source;
  how = in.take<cuda_timing>();
  source.buffers = take_buffers(in);
  source.launches.resize(in.take<std::size_t>());
  for (cuda_launch& launch : source.launches) {
    launch.symbol = in.take_text();
    launch.blocks = in.take<std::int64_t>();
    launch.threads = in.take<std::int64_t>();
    launch.shared_bytes = in.take<std::int64_t>();
    launch.bind_only = in.take<bool>();
    launch.arguments.resize(in.take<std::size_t>());
    for (int& argument : launch.arguments) argument = in.take<int>();
  }
  return source;
}

}  // namespace detail

LATHE_INLINE sequence<std::int64_t> cuda_bench::places_of(std::span<const plan_buffer> parameters) {
  sequence<std::int64_t> places{aligned_bytes(desk::bytes)};
  for (const plan_buffer& each : parameters)
    places.push_back(places.back() + aligned_bytes(each.bytes()));
  return places;
}

LATHE_INLINE result<bool> cuda_bench::open() {
  if (here_) return true;
  result<gpu::context> found = gpu::context::current_or_primary();
  if (!found) return found.error();
  here_.emplace(std::move(*found));
  return true;
}

LATHE_INLINE void cuda_bench::serve_job() {
  desk_page& page = desk_.page();
  page.timing.clock = nullptr;  // a function of another program
  const result<bool> done = page.job == desk_job::check ? check() : time();
  if (!done) reply(done.error());
}

/// Errors of the device become failures of the kernel.
LATHE_INLINE void cuda_bench::reply(const error& failed) {
  lost_ = failed.id() == "LATHE-E339";
  const failure kind = lost_                         ? failure::crash
                       : failed.id() == "LATHE-E340" ? failure::limit
                       : failed.id() == "LATHE-E509" ? failure::wrong_answer
                                                     : failure::compile;
  desk_.reply_failure(kind, failed.text());
}

LATHE_INLINE result<bool> cuda_bench::check() {
  desk_page& page = desk_.page();
  trial_.reset();
  cuda_source source = detail::job_from_bytes(desk_.plan_bytes().data(), how_);
  result<bool> done = prepare_arguments(source.buffers);
  if (!done) return done;
  const double prepared = monotonic_seconds();
  const std::span<const std::byte> code = desk_.object();
  result<gpu::executable> made = gpu::executable::make(
      std::move(source), sequence<std::byte>(code.begin(), code.end()), *here_);
  if (!made) return made.error();
  result<guarded> workspace = allocate(made->workspace_bytes());
  if (!workspace) return workspace.error();
  trial_.emplace(trial{std::move(*made), std::move(*workspace), {}, 0, {}});
  page.link_seconds = monotonic_seconds() - prepared;

  guarded& scratch = trial_->workspace;
  if (scratch.bytes > 0)
    done = gpu::fill(*here_, scratch.address, scratch.bytes, detail::not_a_number_byte);
  if (done) done = guard(scratch);
  const double started = monotonic_seconds();
  if (done) done = call(0);
  if (done) done = here_->synchronize(nullptr);
  if (!done) return done;
  page.seconds = monotonic_seconds() - started;

  // Launching takes the host's time: short calls are timed again, on the device.
  constexpr double long_enough = 0.01;
  if (page.seconds < long_enough) {
    result<gpu::stopwatch> watch = gpu::stopwatch::create(*here_);
    if (!watch) return watch.error();
    const result<double> seconds = watch->seconds(
        1, [](void* self, gpu::driver::stream*) { return static_cast<cuda_bench*>(self)->call(0); },
        this);
    if (!seconds) return seconds.error();
    page.seconds = *seconds;
  }
  return fetch_outputs();
}

LATHE_INLINE result<bool> cuda_bench::time() {
  result<bool> done = make_sets(how_.sets);
  if (!done) return done;
  result<gpu::stopwatch> watch = gpu::stopwatch::create(*here_, how_.cache);
  if (!watch) return watch.error();
  struct {
    cuda_bench& bench;
    gpu::stopwatch& watch;
  } context{*this, *watch};
  const auto seconds_of = [](void* self, int calls) {
    auto& [bench, stopwatch] = *static_cast<decltype(context)*>(self);
    // Flushed, every call has events of its own: more of them say no more.
    constexpr int most_calls = 1000;
    const result<double> seconds = stopwatch.seconds(
        smaller(calls, most_calls),
        [](void* of, gpu::driver::stream*) {
          auto& self_bench = *static_cast<cuda_bench*>(of);
          trial& now = *self_bench.trial_;
          now.next_set = (now.next_set + 1) % self_bench.sets_.size();
          return self_bench.call(now.next_set);
        },
        &bench);
    if (seconds) return *seconds;
    bench.trial_->failed = seconds.error();
    return std::numeric_limits<double>::infinity();
  };
  const timing times = time_calls(seconds_of, &context, desk_.page().timing);
  if (trial_->failed) return *trial_->failed;
  desk_.reply_times(times);
  return fetch_outputs();
}

LATHE_INLINE result<cuda_bench::guarded> cuda_bench::allocate(std::int64_t bytes) const {
  guarded out;
  result<gpu::device_memory> memory =
      gpu::device_memory::allocate(*here_, bytes + 2 * detail::device_guard_bytes);
  if (!memory) return memory.error();
  out.memory = std::move(*memory);
  out.address = out.memory.address() + detail::device_guard_bytes;
  out.bytes = bytes;
  return out;
}

/// Writes the pattern around the memory.
LATHE_INLINE result<bool> cuda_bench::guard(const guarded& each) const {
  result<bool> done = gpu::fill(*here_, each.memory.address(), detail::device_guard_bytes,
                                detail::device_guard_byte);
  if (!done) return done;
  return gpu::fill(*here_, each.address + static_cast<gpu::driver::address>(each.bytes),
                   detail::device_guard_bytes, detail::device_guard_byte);
}

/// Whether the pattern around the memory is still there.
LATHE_INLINE result<bool> cuda_bench::is_intact(const guarded& each) const {
  sequence<unsigned char> bytes(static_cast<std::size_t>(detail::device_guard_bytes));
  for (const gpu::driver::address from :
       {each.memory.address(), each.address + static_cast<gpu::driver::address>(each.bytes)}) {
    const result<bool> done = gpu::download(*here_, bytes.data(), from, detail::device_guard_bytes);
    if (!done) return done;
    if (!all_of(bytes, [](unsigned char at) { return at == detail::device_guard_byte; }))
      return false;
  }
  return true;
}

/// Arguments on the device: inputs once, outputs as the host has filled them.
LATHE_INLINE result<bool> cuda_bench::prepare_arguments(const sequence<plan_buffer>& buffers) {
  if (sets_.empty()) {
    for (const plan_buffer& each : buffers)
      if (each.param) parameters_.push_back(each);
    places_ = places_of(parameters_);
    sequence<guarded> first;
    for (const plan_buffer& each : parameters_) {
      result<guarded> memory = allocate(each.scalar ? 0 : each.bytes());
      if (!memory) return memory.error();
      first.push_back(std::move(*memory));
    }
    sets_.push_back(std::move(first));
  }
  for (std::size_t at = 0; at < parameters_.size(); ++at) {
    const guarded& each = sets_[0][at];
    result<bool> done = guard(each);
    if (done && each.bytes > 0 && (parameters_[at].output || !inputs_sent_))
      done = gpu::upload(*here_, each.address, memory_ + places_[at], each.bytes);
    if (!done) return done;
  }
  inputs_sent_ = true;
  return true;
}

/// Copies of the first set, as many as the kernel is timed on, each bound where it needs that.
LATHE_INLINE result<bool> cuda_bench::make_sets(int count) {
  const gpu::current_context here(*here_);
  while (sets_.size() < static_cast<std::size_t>(larger(count, 1))) {
    sequence<guarded> copies;
    for (const guarded& each : sets_[0]) {
      result<guarded> copy = allocate(each.bytes);
      if (!copy) return copy.error();
      const int code = here_->api().MemcpyDtoDAsync_v2(
          copy->address, each.address, static_cast<std::size_t>(each.bytes), nullptr);
      if (each.bytes > 0 && code != gpu::driver::success)
        return gpu::cuda_failure("cuMemcpyDtoDAsync", code);
      copies.push_back(std::move(*copy));
    }
    sets_.push_back(std::move(copies));
  }
  return true;
}

LATHE_INLINE sequence<void*> cuda_bench::addresses(std::size_t set) const {
  sequence<void*> out;
  for (std::size_t at = 0; at < parameters_.size(); ++at)
    out.push_back(parameters_[at].scalar ? static_cast<void*>(memory_ + places_[at])
                                         : reinterpret_cast<void*>(sets_[set][at].address));
  return out;
}

/// Enqueues one call on a set of arguments; the first on it binds.
LATHE_INLINE result<bool> cuda_bench::call(std::size_t set) {
  trial& now = *trial_;
  const sequence<void*> params = addresses(set);
  while (now.bound.size() <= set) {
    const sequence<void*> of_set = addresses(now.bound.size());
    now.bound.push_back(now.run);
    if (!now.run.needs_bind()) continue;
    result<gpu::executable> bound = now.run.bind(of_set.data());
    if (!bound) return bound.error();
    now.bound.back() = std::move(*bound);
  }
  return now.bound[set](params.data(), now.workspace.address, nullptr);
}

/// Brings the outputs of the first set to the host, and looks for what the kernel must not do.
LATHE_INLINE result<bool> cuda_bench::fetch_outputs() {
  sequence<std::byte> input;
  for (std::size_t at = 0; at < parameters_.size(); ++at) {
    const guarded& each = sets_[0][at];
    if (each.bytes == 0) continue;
    const result<bool> intact = is_intact(each);
    if (!intact) return intact;
    if (!*intact) return error("LATHE-E509", "wrote outside " + parameters_[at].name);
    std::byte* const home = memory_ + places_[at];
    if (!parameters_[at].output) input.resize(static_cast<std::size_t>(each.bytes));
    const result<bool> done = gpu::download(*here_, parameters_[at].output ? home : input.data(),
                                            each.address, each.bytes);
    if (!done) return done;
    if (parameters_[at].output || std::memcmp(home, input.data(), input.size()) == 0) continue;
    inputs_sent_ = false;
    return error("LATHE-E509", "changed its input " + parameters_[at].name);
  }
  const result<bool> intact = is_intact(trial_->workspace);
  if (intact && !*intact) return error("LATHE-E509", "wrote outside its workspaces");
  return intact;
}

}  // namespace lathe
