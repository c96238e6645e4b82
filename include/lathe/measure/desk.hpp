/// @file
/// The memory that a worker's host and child share: the job lies on it for the child, the reply for
/// the host. In: plan and object bytes. Out: times, or why there are none. Called by worker.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/measure/buffer.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/target/plan.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lathe {

/// What the child does next with the kernel on the desk.
enum class desk_job : unsigned char {
  check,  ///< link, run once
  time    ///< time the kernel of the last check
};

/// Everything of fixed size on the desk. Plain data: a crash leaves it readable.
struct desk_page {
  // host to child
  desk_job job{};
  std::int64_t plan_bytes = 0;
  std::int64_t object_bytes = 0;
  timing_options timing;
  double alarm_seconds = 0;  ///< [s] after which the child ends itself, should the host be gone

  // child to host, set before the kernel runs: where it may crash
  std::array<std::uintptr_t, 64> addresses{};  ///< of the first buffers of the plan
  std::uintptr_t stack_top = 0;
  int crash_signal = 0;  ///< 0 = none
  std::uintptr_t crash_address = 0;

  // child to host, the reply
  failure failed = failure::none;
  std::array<char, 500> reason{};  ///< zero-terminated
  double seconds = 0;              ///< [s] check: one run, cold; link time not included
  double link_seconds = 0;
  std::array<double, 256> samples{};
  int sample_count = 0;
  bool hopeless = false;
};

/// Shared memory with one page of fixed data and room for a plan and an object file.
class desk {
 public:
  /// In memory of its own, shared with children forked later.
  /// @error LATHE-E501 if the system has no memory
  LATHE_INLINE desk();
  /// In memory of the caller's, at least `bytes` of it, zeroed or with a desk on it.
  explicit desk(std::byte* memory) : first_(memory) {}

  /// The fixed part.
  desk_page& page() const { return *reinterpret_cast<desk_page*>(first_); }

  /// Puts a kernel on the desk. False if there is not enough room.
  LATHE_INLINE bool put(const kernel_plan& plan, std::span<const std::byte> object);
  /// The same with the plan as bytes of the caller's.
  LATHE_INLINE bool put_bytes(std::span<const std::byte> plan, std::span<const std::byte> object);
  /// The plan of the last put(). @pre the page was not written to by a kernel gone wrong
  LATHE_INLINE kernel_plan plan() const;
  /// The plan of the last put() as bytes.
  std::span<const std::byte> plan_bytes() const {
    return {payload(), static_cast<std::size_t>(page().plan_bytes)};
  }
  /// The object bytes of the last put().
  LATHE_INLINE std::span<const std::byte> object() const;

  /// Replies with a failure.
  LATHE_INLINE void reply_failure(failure kind, std::string_view reason);
  /// Replies with times; keeps the first 256.
  LATHE_INLINE void reply_times(const timing& times);

  /// Bytes for plan and object together; pages are used only when touched.
  static constexpr std::int64_t room = 64 << 20;
  /// Of page and room together.
  static constexpr std::int64_t bytes = static_cast<std::int64_t>(sizeof(desk_page)) + room;

 private:
  std::byte* payload() const { return first_ + sizeof(desk_page); }

  guarded_buffer memory_;
  std::byte* first_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/desk.ipp>
#endif
