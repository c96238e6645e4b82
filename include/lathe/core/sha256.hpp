/// @file
/// SHA-256 of bytes. In: any bytes, in pieces. Out: the digest as bytes or as 64 hex digits. The
/// store names object files by it and checks its records with it.
#pragma once

#include <lathe/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

/// Accumulates bytes into a SHA-256 digest (FIPS 180-4). Linear in the bytes, no allocation.
class sha256 {
 public:
  /// Adds bytes. Splitting them over several calls does not change the digest.
  LATHE_INLINE void add(std::span<const std::byte> bytes);
  /// Adds the characters of a text.
  LATHE_INLINE void add(std::string_view text);
  /// The digest of everything added. Ends the accumulation: call it once.
  LATHE_INLINE std::array<std::uint8_t, 32> finish();

 private:
  LATHE_INLINE void absorb(const unsigned char* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667U, 0xbb67ae85U, 0x3c6ef372U, 0xa54ff53aU,
                                         0x510e527fU, 0x9b05688cU, 0x1f83d9abU, 0x5be0cd19U};
  std::array<unsigned char, 64> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;  // [bytes]
};

/// The digest of some bytes as 64 lower-case hex digits.
LATHE_INLINE std::string sha256_hex(std::span<const std::byte> bytes);
/// The digest of a text as 64 lower-case hex digits.
LATHE_INLINE std::string sha256_hex(std::string_view text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/core/sha256.ipp>
#endif
