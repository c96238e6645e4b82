/// @file
/// Bodies of sha256.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sha256.hpp>

#include <bit>
#include <cstring>

namespace lathe {

LATHE_INLINE void sha256::absorb(const unsigned char* block) {
  // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  static constexpr std::array<std::uint32_t, 64> constants = {
      0x428a2f98U, 0x71374491U, 0xb5c0fbcfU, 0xe9b5dba5U, 0x3956c25bU, 0x59f111f1U, 0x923f82a4U,
      0xab1c5ed5U, 0xd807aa98U, 0x12835b01U, 0x243185beU, 0x550c7dc3U, 0x72be5d74U, 0x80deb1feU,
      0x9bdc06a7U, 0xc19bf174U, 0xe49b69c1U, 0xefbe4786U, 0x0fc19dc6U, 0x240ca1ccU, 0x2de92c6fU,
      0x4a7484aaU, 0x5cb0a9dcU, 0x76f988daU, 0x983e5152U, 0xa831c66dU, 0xb00327c8U, 0xbf597fc7U,
      0xc6e00bf3U, 0xd5a79147U, 0x06ca6351U, 0x14292967U, 0x27b70a85U, 0x2e1b2138U, 0x4d2c6dfcU,
      0x53380d13U, 0x650a7354U, 0x766a0abbU, 0x81c2c92eU, 0x92722c85U, 0xa2bfe8a1U, 0xa81a664bU,
      0xc24b8b70U, 0xc76c51a3U, 0xd192e819U, 0xd6990624U, 0xf40e3585U, 0x106aa070U, 0x19a4c116U,
      0x1e376c08U, 0x2748774cU, 0x34b0bcb5U, 0x391c0cb3U, 0x4ed8aa4aU, 0x5b9cca4fU, 0x682e6ff3U,
      0x748f82eeU, 0x78a5636fU, 0x84c87814U, 0x8cc70208U, 0x90befffaU, 0xa4506cebU, 0xbef9a3f7U,
      0xc67178f2U};
  std::array<std::uint32_t, 64> words{};
  for (std::size_t n = 0; n < 16; ++n) {
    words[n] = static_cast<std::uint32_t>(block[4 * n]) << 24 |
               static_cast<std::uint32_t>(block[4 * n + 1]) << 16 |
               static_cast<std::uint32_t>(block[4 * n + 2]) << 8 |
               static_cast<std::uint32_t>(block[4 * n + 3]);
  }
  for (std::size_t n = 16; n < 64; ++n) {
    const std::uint32_t near = words[n - 15];
    const std::uint32_t far = words[n - 2];
    words[n] = words[n - 16] + (std::rotr(near, 7) ^ std::rotr(near, 18) ^ near >> 3) +
               words[n - 7] + (std::rotr(far, 17) ^ std::rotr(far, 19) ^ far >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (std::size_t n = 0; n < 64; ++n) {
    const std::uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                                ((e & f) ^ (~e & g)) + constants[n] + words[n];
    const std::uint32_t second =
        (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  const std::array<std::uint32_t, 8> added = {a, b, c, d, e, f, g, h};
  for (std::size_t n = 0; n < 8; ++n) state_[n] += added[n];
}

LATHE_INLINE void sha256::add(std::span<const std::byte> bytes) {
  total_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t taken = smaller(bytes.size(), pending_.size() - pending_size_);
    std::memcpy(pending_.data() + pending_size_, bytes.data(), taken);
    pending_size_ += taken;
    bytes = bytes.subspan(taken);
    if (pending_size_ == pending_.size()) {
      absorb(pending_.data());
      pending_size_ = 0;
    }
  }
}

LATHE_INLINE void sha256::add(std::string_view text) {
  add(std::as_bytes(std::span<const char>(text.data(), text.size())));
}

LATHE_INLINE std::array<std::uint8_t, 32> sha256::finish() {
  const std::uint64_t bits = total_ * 8;
  pending_[pending_size_++] = 0x80;
  if (pending_size_ > 56) {
    for (std::size_t n = pending_size_; n < pending_.size(); ++n) pending_[n] = 0;
    absorb(pending_.data());
    pending_size_ = 0;
  }
  for (std::size_t n = pending_size_; n < 56; ++n) pending_[n] = 0;
  for (std::size_t n = 0; n < 8; ++n) {
    pending_[56 + n] = static_cast<unsigned char>(bits >> (56 - 8 * n) & 0xff);
  }
  absorb(pending_.data());
  std::array<std::uint8_t, 32> digest{};
  for (std::size_t n = 0; n < 32; ++n) {
    digest[n] = static_cast<std::uint8_t>(state_[n / 4] >> (24 - 8 * (n % 4)) & 0xff);
  }
  return digest;
}

LATHE_INLINE std::string sha256_hex(std::span<const std::byte> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  sha256 hash;
  hash.add(bytes);
  std::string text;
  text.reserve(64);
  for (const std::uint8_t value : hash.finish()) {
    text += digits[value >> 4];
    text += digits[value & 15];
  }
  return text;
}

LATHE_INLINE std::string sha256_hex(std::string_view text) {
  return sha256_hex(std::as_bytes(std::span<const char>(text.data(), text.size())));
}

}  // namespace lathe
