/// @file
/// Bodies of record_io.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sha256.hpp>
#include <lathe/store/record_io.hpp>
#include <lathe/store/text.hpp>

namespace lathe::detail {

inline constexpr std::string_view record_mark = "@lathe ";
inline constexpr std::size_t record_head = 7 + 8 + 1;   // mark, length, TAB
inline constexpr std::size_t record_tail = 1 + 16 + 1;  // TAB, checksum, newline

LATHE_INLINE std::string record_checksum(std::string_view length_and_payload) {
  return sha256_hex(length_and_payload).substr(0, 16);
}

LATHE_INLINE bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

LATHE_INLINE std::optional<std::string> framed(const sequence<field>& fields) {
  if (fields.empty() || fields.size() > max_fields) return std::nullopt;
  std::string payload;
  for (const field& one : fields) {
    if (!is_field_name(one.name) || !is_plain_text(one.value, max_payload)) return std::nullopt;
    if (!payload.empty()) payload += '\t';
    payload += one.name + '=' + escaped(one.value, "@");
  }
  if (payload.size() > max_payload) return std::nullopt;
  const std::string body = hex_text(payload.size(), 8) + '\t' + payload;
  return std::string(record_mark) + body + '\t' + record_checksum(body) + '\n';
}

LATHE_INLINE std::optional<sequence<field>> parse_fields(std::string_view payload) {
  if (payload.size() > max_payload) return std::nullopt;
  sequence<field> fields;
  for (const auto part : split_text(payload, '\t')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || fields.size() == max_fields) return std::nullopt;
    const auto name = part.substr(0, equals);
    auto value = unescaped(part.substr(equals + 1), "@");
    if (!is_field_name(name) || !value || !is_plain_text(*value, max_payload)) return std::nullopt;
    for (const field& known : fields) {
      if (known.name == name) return std::nullopt;
    }
    fields.push_back({std::string(name), std::move(*value)});
  }
  return fields;
}

LATHE_INLINE scanned line_scanner::skip_damage(std::size_t from) {
  const std::size_t start = position_;
  const std::size_t mark = text_.find(record_mark, from);
  position_ = mark == std::string_view::npos ? text_.size() : mark;
  // What a text ends with may still become a record: readers on network file systems can see the
  // new size of a file before its new bytes, with zeros in their place.
  if (mark != std::string_view::npos) consumed_ = position_;
  return {scanned::state::damaged, text_.substr(start, position_ - start), {}};
}

LATHE_INLINE std::optional<scanned> line_scanner::next() {
  while (position_ < text_.size() && (text_[position_] == '\n' || text_[position_] == '#')) {
    const std::size_t end = text_.find('\n', position_);
    if (end == std::string_view::npos) return std::nullopt;  // a comment without its newline
    position_ = consumed_ = end + 1;
  }
  const auto rest = text_.substr(position_);
  if (rest.empty()) return std::nullopt;
  const std::size_t next_mark = rest.find(record_mark, 1);
  const std::size_t available = smaller(next_mark, rest.size());
  const auto torn = [&]() -> scanned {
    position_ = text_.size();
    return {scanned::state::torn, rest, {}};
  };
  const bool last = next_mark == std::string_view::npos;
  if (!rest.starts_with(record_mark.substr(0, smaller(rest.size(), record_mark.size())))) {
    return skip_damage(position_ + 1);
  }
  if (available < record_head) return last ? torn() : skip_damage(position_ + 1);
  const auto size = parse_hex(rest.substr(record_mark.size(), 8), 8);
  if (!size || *size == 0 || *size > max_payload || rest[record_head - 1] != '\t') {
    return skip_damage(position_ + 1);
  }
  const std::size_t whole = record_head + static_cast<std::size_t>(*size) + record_tail;
  if (available < whole) {
    // A record ends at its newline: with one inside, it is not the end that is missing.
    const bool ended = rest.substr(0, available).find('\n') != std::string_view::npos;
    return last && !ended ? torn() : skip_damage(position_ + 1);
  }
  const auto body = rest.substr(record_mark.size(), 8 + 1 + static_cast<std::size_t>(*size));
  const auto tail = rest.substr(whole - record_tail, record_tail);
  if (tail.front() != '\t' || tail.back() != '\n' || tail.substr(1, 16) != record_checksum(body)) {
    return skip_damage(position_ + 1);
  }
  position_ += whole;
  consumed_ = position_;
  return scanned{scanned::state::whole, rest.substr(0, whole), body.substr(9)};
}

}  // namespace lathe::detail
