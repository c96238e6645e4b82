/// @file
/// Bodies of wide_memory.hpp.
#pragma once

#include <lathe/core/math.hpp>
#include <lathe/lower/wide_memory.hpp>

#include <cstring>

namespace lathe::detail {

LATHE_INLINE wide_memory make_wide_memory(dtype type, std::int64_t elements, std::int32_t writer) {
  const auto count = static_cast<std::size_t>(elements);
  wide_memory made;
  made.writer.assign(count, writer);
  if (is_float(type)) {
    made.value.resize(count);
    made.magnitude.resize(count);
  } else {
    made.integers.resize(count);
  }
  return made;
}

template <class Element>
void read_numbers(std::span<const std::byte> from, wide_memory& into) {
  for (std::size_t at = 0; at < into.value.size(); ++at) {
    Element element;
    std::memcpy(&element, from.data() + at * sizeof element, sizeof element);
    into.value[at] = static_cast<wide_real>(static_cast<double>(element));
    into.magnitude[at] = math::abs(static_cast<double>(element));
  }
}

template <class Element>
void read_integers(std::span<const std::byte> from, wide_memory& into) {
  for (std::size_t at = 0; at < into.integers.size(); ++at) {
    Element element;
    std::memcpy(&element, from.data() + at * sizeof element, sizeof element);
    into.integers[at] = element;
  }
}

LATHE_INLINE void read_elements(dtype type, std::span<const std::byte> from, wide_memory& into) {
  switch (type) {
    case dtype::f32: return read_numbers<float>(from, into);
    case dtype::f64: return read_numbers<double>(from, into);
    case dtype::bf16: return read_numbers<bf16>(from, into);
    case dtype::f16: return read_numbers<f16>(from, into);
    case dtype::i8: return read_integers<std::int8_t>(from, into);
    case dtype::i32: return read_integers<std::int32_t>(from, into);
    case dtype::i64: return read_integers<std::int64_t>(from, into);
    default: return read_integers<std::uint8_t>(from, into);
  }
}

}  // namespace lathe::detail
