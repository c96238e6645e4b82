/// @file
/// Bodies of plan_text.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/store/plan_text.hpp>
#include <lathe/store/text.hpp>

namespace lathe {
namespace detail {

// The letters of `all` whose flag is set, in order; '-' if none is.
LATHE_INLINE std::string flag_letters(std::string_view all, std::initializer_list<bool> flags) {
  std::string out;
  std::size_t index = 0;
  for (const bool flag : flags) {
    if (flag) out += all[index];
    ++index;
  }
  return out.empty() ? "-" : out;
}

LATHE_INLINE bool is_symbol(std::string_view text) {
  return !text.empty() && text.size() <= 128 && (text[0] < '0' || text[0] > '9') &&
         all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.';
         });
}

LATHE_INLINE std::optional<dtype> parse_dtype(std::string_view text) {
  for (int index = 0; index <= static_cast<int>(dtype::f16); ++index) {
    const auto kind = static_cast<dtype>(index);
    if (kind != dtype::weak_int && kind != dtype::weak_float && text == name_of(kind)) return kind;
  }
  return std::nullopt;
}

LATHE_INLINE std::optional<plan_buffer> parse_plan_buffer(const sequence<std::string_view>& parts) {
  if (parts.size() != 5) return std::nullopt;
  const auto name = unescaped(parts[1], ",;");
  const auto type = parse_dtype(parts[2]);
  const auto elements = parse_integer(parts[3], 0, std::int64_t{1} << 50);
  const auto has = [&](char letter) { return parts[4].find(letter) != std::string_view::npos; };
  if (!name || !type || !elements) return std::nullopt;
  return plan_buffer{*name, *type, *elements, has('p'), has('o'), has('s'), has('b')};
}

LATHE_INLINE std::optional<plan_phase> parse_plan_phase(const sequence<std::string_view>& parts) {
  if (parts.size() != 4 || !is_symbol(parts[1])) return std::nullopt;
  const auto tasks = parse_integer(parts[2], 0, std::int64_t{1} << 50);
  const auto has = [&](char letter) { return parts[3].find(letter) != std::string_view::npos; };
  if (!tasks) return std::nullopt;
  return plan_phase{std::string(parts[1]), *tasks, has('p'), has('b')};
}

}  // namespace detail

LATHE_INLINE std::string plan_text(const kernel_plan& plan) {
  std::string out;
  for (const plan_buffer& buffer : plan.buffers) {
    out +=
        "b," + detail::escaped(buffer.name, ",;") + ',' + name_of(buffer.type) + ',' +
        std::to_string(buffer.elements) + ',' +
        detail::flag_letters("posb", {buffer.param, buffer.output, buffer.scalar, buffer.bound}) +
        ';';
  }
  for (const plan_phase& phase : plan.phases) {
    out += "f," + phase.symbol + ',' + std::to_string(phase.tasks) + ',' +
           detail::flag_letters("pb", {phase.parallel, phase.bind_only}) + ';';
  }
  return out + "s," + std::to_string(plan.scratch_bytes);
}

LATHE_INLINE std::optional<kernel_plan> parse_plan(std::string_view text) {
  const auto items = detail::split_text(text, ';');
  if (items.size() > 4096) return std::nullopt;
  kernel_plan plan;
  for (const auto item : items) {
    const auto parts = detail::split_text(item, ',');
    if (parts[0] == "b") {
      auto buffer = detail::parse_plan_buffer(parts);
      if (!buffer) return std::nullopt;
      plan.buffers.push_back(std::move(*buffer));
    } else if (parts[0] == "f") {
      auto phase = detail::parse_plan_phase(parts);
      if (!phase) return std::nullopt;
      plan.phases.push_back(std::move(*phase));
    } else {
      const auto bytes = parts.size() == 2
                             ? detail::parse_integer(parts[1], 0, std::int64_t{1} << 50)
                             : std::nullopt;
      if (!bytes) return std::nullopt;
      plan.scratch_bytes = *bytes;
    }
  }
  // Order of the items, unknown flags and repeated parts show as a different text.
  if (plan.phases.empty() || plan_text(plan) != text) return std::nullopt;
  return plan;
}

}  // namespace lathe
