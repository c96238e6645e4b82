/// @file
/// What a stored winner is found by. In: the fingerprint of the computation (extents included), of
/// the target, and the options that change which schedules are legal or fast. Out: a canonical text
/// and a hash. Called by api/ to look up and by the record reader.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/hash.hpp>
#include <lathe/core/sequence.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace lathe {

/// Changes whenever the meaning of a key does. Keys of other schemas are never equal.
inline constexpr int key_schema = 1;

/// Identifies one tuning problem on one kind of machine. Two keys are equal if their text() is.
struct cache_key {
  fingerprint128 structure;     ///< of the description with its extents
  std::string target;           ///< target fingerprint: instruction set, caches, model
  int threads = 1;              ///< CPUs the kernel may use, 1 to 65536
  sequence<std::string> bound;  ///< names of tensors packed by bind(); the order is irrelevant
  bool strict_fp = false;       ///< no contraction, no reassociation

  std::string op;       ///< operator name, for people only: no part of text() or of comparisons
  std::string extents;  ///< e.g. "i=1024 j=1024 k=1024", for people only

  /// Canonical text, "1|<structure>|<target>|threads=2|bound=W|strict_fp=0".
  LATHE_INLINE std::string text() const;
  /// 32 hex digits: the first 128 bits of the SHA-256 of text().
  LATHE_INLINE std::string hash() const;

  friend bool operator==(const cache_key& left, const cache_key& right) {
    return left.text() == right.text();
  }
};

/// Inverse of cache_key::text(). Nothing if the text is not canonical or of another schema.
LATHE_INLINE std::optional<cache_key> parse_key(std::string_view text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/store/key.ipp>
#endif
