/// @file
/// Bodies of buffer.hpp: POSIX mappings, fills and generators.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/error.hpp>
#include <lathe/measure/buffer.hpp>

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace lathe {

namespace detail {

inline constexpr std::byte padding_byte{0xb5};

inline constexpr std::uint32_t untouched_f32 = 0xffc5a5a5U;          // quiet NaN
inline constexpr std::uint16_t untouched_half = 0xffc5U;             // quiet NaN
inline constexpr std::uint64_t untouched_f64 = 0xfff8a5a5a5a5a5a5U;  // quiet NaN
inline constexpr std::uint8_t untouched_byte = 0x5a;                 // neither false nor true

/// The pattern of one element of `type` as the low bytes of an integer.
constexpr std::uint64_t untouched_bits(dtype type) {
  switch (type) {
    case dtype::f32: return untouched_f32;
    case dtype::f64: return untouched_f64;
    case dtype::bf16:
    case dtype::f16: return untouched_half;
    default: return 0x5a5a5a5a5a5a5a5aU;
  }
}

template <class Word>
void fill_words(void* data, std::int64_t count, Word value) {
  auto* const first = static_cast<Word*>(data);
  for (std::int64_t at = 0; at < count; ++at) first[at] = value;
}

template <class Word>
std::int64_t count_words(const void* data, std::int64_t count, Word value) {
  const auto* first = static_cast<const Word*>(data);
  std::int64_t found = 0;
  for (std::int64_t at = 0; at < count; ++at) found += first[at] == value ? 1 : 0;
  return found;
}

/// Stores `generate()` converted to `type` in every element.
template <class Generator>
void fill_elements(void* data, dtype type, std::int64_t elements, Generator generate) {
  const auto store = [&]<class Element>(Element* to) {
    for (std::int64_t index = 0; index < elements; ++index) {
      to[index] = static_cast<Element>(generate());
    }
  };
  switch (type) {
    case dtype::boolean:
    case dtype::u8: return store(static_cast<std::uint8_t*>(data));
    case dtype::i8: return store(static_cast<std::int8_t*>(data));
    case dtype::i32: return store(static_cast<std::int32_t*>(data));
    case dtype::f32: return store(static_cast<float*>(data));
    case dtype::bf16: return store(static_cast<bf16*>(data));
    case dtype::f16: return store(static_cast<f16*>(data));
    case dtype::f64:
    case dtype::weak_float: return store(static_cast<double*>(data));
    case dtype::i64:
    case dtype::weak_int: return store(static_cast<std::int64_t*>(data));
  }
}

inline std::int64_t page_bytes() {
  static const std::int64_t bytes = sysconf(_SC_PAGESIZE);
  return bytes;
}

constexpr std::int64_t rounded_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace detail

LATHE_INLINE guarded_buffer::guarded_buffer(std::int64_t bytes, buffer_layout layout,
                                            buffer_sharing sharing)
    : size_(bytes) {
  constexpr std::int64_t cache_line = 64;
  const std::int64_t page = detail::page_bytes();
  const std::int64_t occupied =
      layout == buffer_layout::starts_aligned ? detail::rounded_up(bytes, cache_line) : bytes;
  const std::int64_t accessible = detail::rounded_up(larger<std::int64_t>(occupied, 1), page);
  mapped_bytes_ = accessible + 2 * page;

  const int flags = MAP_ANONYMOUS | (sharing == buffer_sharing::shared ? MAP_SHARED : MAP_PRIVATE);
  void* const mapping =
      mmap(nullptr, static_cast<std::size_t>(mapped_bytes_), PROT_NONE, flags, -1, 0);
  if (mapping == MAP_FAILED) {
    fail("LATHE-E501", "no memory for a test buffer of " + std::to_string(bytes) + " bytes (" +
                           std::strerror(errno) + "): measure a smaller problem");
  }
  mapping_ = static_cast<std::byte*>(mapping);
  std::byte* const front = mapping_ + page;
  if (mprotect(front, static_cast<std::size_t>(accessible), PROT_READ | PROT_WRITE) != 0) {
    release();
    fail("LATHE-E501", "no memory for a test buffer of " + std::to_string(bytes) +
                           " bytes: measure a smaller problem");
  }
  data_ = front + (accessible - occupied);
  reset_padding();
}

LATHE_INLINE guarded_buffer::guarded_buffer(guarded_buffer&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

LATHE_INLINE guarded_buffer& guarded_buffer::operator=(guarded_buffer&& other) noexcept {
  if (this != &other) {
    release();
    mapping_ = std::exchange(other.mapping_, nullptr);
    mapped_bytes_ = std::exchange(other.mapped_bytes_, 0);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

LATHE_INLINE guarded_buffer::~guarded_buffer() { release(); }

LATHE_INLINE void guarded_buffer::release() noexcept {
  if (mapping_ != nullptr) munmap(mapping_, static_cast<std::size_t>(mapped_bytes_));
  mapping_ = nullptr;
}

LATHE_INLINE bool guarded_buffer::padding_intact() const {
  if (mapping_ == nullptr) return true;
  const std::int64_t page = detail::page_bytes();
  const auto is_padding = [](std::byte value) { return value == detail::padding_byte; };
  return all_of(std::span(mapping_ + page, data_), is_padding) &&
         all_of(std::span(data_ + size_, mapping_ + mapped_bytes_ - page), is_padding);
}

LATHE_INLINE void guarded_buffer::reset_padding() {
  if (mapping_ == nullptr) return;
  const std::int64_t page = detail::page_bytes();
  const auto fill = [](std::byte* first, const std::byte* end) {
    std::memset(first, static_cast<int>(detail::padding_byte),
                static_cast<std::size_t>(end - first));
  };
  fill(mapping_ + page, data_);
  fill(data_ + size_, mapping_ + mapped_bytes_ - page);
}

LATHE_INLINE void guarded_buffer::forbid_writing() const {
  if (mapping_ == nullptr) return;
  const std::int64_t page = detail::page_bytes();
  mprotect(mapping_ + page, static_cast<std::size_t>(mapped_bytes_ - 2 * page), PROT_READ);
}

LATHE_INLINE bool guarded_buffer::owns(const void* address) const {
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  const auto first = reinterpret_cast<std::uintptr_t>(mapping_);
  return place >= first && place - first < static_cast<std::uintptr_t>(mapped_bytes_);
}

LATHE_INLINE void fill_untouched(void* data, dtype type, std::int64_t elements) {
  const std::uint64_t bits = detail::untouched_bits(type);
  switch (size_of(type)) {
    case 1: return detail::fill_words(data, elements, static_cast<std::uint8_t>(bits));
    case 2: return detail::fill_words(data, elements, static_cast<std::uint16_t>(bits));
    case 4: return detail::fill_words(data, elements, static_cast<std::uint32_t>(bits));
    default: return detail::fill_words(data, elements, bits);
  }
}

LATHE_INLINE std::int64_t count_untouched(const void* data, dtype type, std::int64_t elements) {
  const std::uint64_t bits = detail::untouched_bits(type);
  switch (size_of(type)) {
    case 1: return detail::count_words(data, elements, static_cast<std::uint8_t>(bits));
    case 2: return detail::count_words(data, elements, static_cast<std::uint16_t>(bits));
    case 4: return detail::count_words(data, elements, static_cast<std::uint32_t>(bits));
    default: return detail::count_words(data, elements, bits);
  }
}

LATHE_INLINE int exact_magnitude(dtype type, std::int64_t terms, int factors) {
  if (!is_float(type)) return 2;
  const double largest_integer = static_cast<double>(std::int64_t{1} << digits_of(type));
  double largest_sum = static_cast<double>(terms);
  if (largest_sum > largest_integer) return 0;
  for (int factor = 0; factor < factors; ++factor) largest_sum *= 2;
  return largest_sum <= largest_integer ? 2 : 1;
}

LATHE_INLINE void fill_exact(void* data, dtype type, std::int64_t elements, int magnitude,
                             random_engine& engine) {
  const auto range = static_cast<std::uint32_t>(magnitude);
  if (type == dtype::boolean) {
    return detail::fill_elements(data, type, elements, [&] { return engine.below(2); });
  }
  if (type == dtype::u8) {
    return detail::fill_elements(data, type, elements, [&] { return 1 + engine.below(range); });
  }
  detail::fill_elements(data, type, elements, [&] {
    const std::uint32_t pick = engine.below(2 * range);  // sign and size from one draw
    const int size = 1 + static_cast<int>(pick / 2);
    return pick % 2 == 0 ? size : -size;
  });
}

LATHE_INLINE void fill_real(void* data, dtype type, std::int64_t elements, bool positive,
                            random_engine& engine) {
  if (!is_float(type)) return fill_exact(data, type, elements, 2, engine);
  detail::fill_elements(data, type, elements, [&] {
    const double size = 0.5 + 1.5 * engine.uniform();
    return positive || engine.below(2) == 0 ? size : -size;
  });
}

LATHE_INLINE void fill_indices(void* data, dtype type, std::int64_t elements, std::int64_t bound,
                               random_engine& engine) {
  detail::fill_elements(data, type, elements,
                        [&] { return engine.below(static_cast<std::uint32_t>(bound)); });
}

LATHE_INLINE std::uint64_t hash_bytes(const void* data, std::int64_t bytes) {
  constexpr int lanes = 4;  // independent, so that the multiplications overlap
  constexpr std::int64_t block = lanes * sizeof(std::uint64_t);
  constexpr std::uint64_t factor = 0xff51afd7ed558ccdU;
  const auto* place = static_cast<const std::byte*>(data);
  std::uint64_t lane[lanes] = {1, 2, 3, 4};
  const auto mix_in = [&](const std::byte* from, std::size_t count) {
    std::uint64_t words[lanes] = {};
    std::memcpy(words, from, count);
    for (int n = 0; n < lanes; ++n) {
      lane[n] = (lane[n] ^ words[n]) * factor;
      lane[n] ^= lane[n] >> 32;
    }
  };
  std::int64_t done = 0;
  for (; done + block <= bytes; done += block) mix_in(place + done, block);
  if (done < bytes) mix_in(place + done, static_cast<std::size_t>(bytes - done));

  auto result = static_cast<std::uint64_t>(bytes);
  for (const std::uint64_t value : lane) result = (result ^ value) * factor ^ result >> 29;
  return result;
}

}  // namespace lathe
