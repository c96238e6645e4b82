/// @file
/// Bodies of desk.hpp. The byte form of a plan never leaves this process and its children.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/desk.hpp>

#include <cstring>
#include <new>
#include <string>
#include <type_traits>

namespace lathe {

namespace detail {

/// Appends plain values and texts to bytes.
struct byte_writer {
  sequence<std::byte> bytes;

  template <class Value>
  void put(const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), first, first + sizeof value);
  }
  void put_text(const std::string& text) {
    put(text.size());
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    bytes.insert(bytes.end(), first, first + text.size());
  }
};

/// Reads what byte_writer wrote.
struct byte_reader {
  const std::byte* at;

  template <class Value>
  Value take() {
    Value value;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  std::string take_text() {
    const auto size = take<std::size_t>();
    std::string text(reinterpret_cast<const char*>(at), size);
    at += size;
    return text;
  }
};

inline void put_buffers(byte_writer& out, const sequence<plan_buffer>& buffers) {
  out.put(buffers.size());
  for (const plan_buffer& buffer : buffers) {
    out.put_text(buffer.name);
    out.put(buffer.type);
    out.put(buffer.elements);
    out.put(buffer.param);
    out.put(buffer.output);
    out.put(buffer.scalar);
    out.put(buffer.bound);
  }
}

inline sequence<plan_buffer> take_buffers(byte_reader& in) {
  sequence<plan_buffer> buffers(in.take<std::size_t>());
  for (plan_buffer& buffer : buffers) {
    buffer.name = in.take_text();
    buffer.type = in.take<dtype>();
    buffer.elements = in.take<std::int64_t>();
    buffer.param = in.take<bool>();
    buffer.output = in.take<bool>();
    buffer.scalar = in.take<bool>();
    buffer.bound = in.take<bool>();
  }
  return buffers;
}

inline sequence<std::byte> plan_to_bytes(const kernel_plan& plan) {
  byte_writer out;
  out.put(plan.scratch_bytes);
  put_buffers(out, plan.buffers);
  out.put(plan.phases.size());
  for (const plan_phase& phase : plan.phases) {
    out.put_text(phase.symbol);
    out.put(phase.tasks);
    out.put(phase.parallel);
    out.put(phase.bind_only);
  }
  return std::move(out.bytes);
}

inline kernel_plan plan_from_bytes(const std::byte* bytes) {
  byte_reader in{bytes};
  kernel_plan plan;
  plan.scratch_bytes = in.take<std::int64_t>();
  plan.buffers = take_buffers(in);
  plan.phases.resize(in.take<std::size_t>());
  for (plan_phase& phase : plan.phases) {
    phase.symbol = in.take_text();
    phase.tasks = in.take<std::int64_t>();
    phase.parallel = in.take<bool>();
    phase.bind_only = in.take<bool>();
  }
  return plan;
}

}  // namespace detail

LATHE_INLINE desk::desk()
    : memory_(bytes, buffer_layout::starts_aligned, buffer_sharing::shared),
      first_(memory_.data()) {
  static_assert(std::is_trivially_copyable_v<desk_page>);
  new (first_) desk_page;
}

LATHE_INLINE bool desk::put(const kernel_plan& plan, std::span<const std::byte> object) {
  const sequence<std::byte> as_bytes = detail::plan_to_bytes(plan);
  return put_bytes(as_bytes, object);
}

LATHE_INLINE bool desk::put_bytes(std::span<const std::byte> plan,
                                  std::span<const std::byte> object) {
  if (plan.size() + object.size() > static_cast<std::size_t>(room)) return false;
  page().plan_bytes = static_cast<std::int64_t>(plan.size());
  page().object_bytes = static_cast<std::int64_t>(object.size());
  std::memcpy(payload(), plan.data(), plan.size());
  std::memcpy(payload() + plan.size(), object.data(), object.size());
  return true;
}

LATHE_INLINE kernel_plan desk::plan() const { return detail::plan_from_bytes(payload()); }

LATHE_INLINE std::span<const std::byte> desk::object() const {
  return {payload() + page().plan_bytes, static_cast<std::size_t>(page().object_bytes)};
}

LATHE_INLINE void desk::reply_failure(failure kind, std::string_view reason) {
  desk_page& reply = page();
  reply.failed = kind;
  const std::size_t length = smaller(reason.size(), reply.reason.size() - 1);
  std::memcpy(reply.reason.data(), reason.data(), length);
  reply.reason[length] = '\0';
}

LATHE_INLINE void desk::reply_times(const timing& times) {
  desk_page& reply = page();
  reply.failed = failure::none;
  reply.hopeless = times.hopeless;
  const std::size_t count = smaller(times.samples.size(), reply.samples.size());
  for (std::size_t at = 0; at < count; ++at) reply.samples[at] = times.samples[at];
  reply.sample_count = static_cast<int>(count);
}

}  // namespace lathe
