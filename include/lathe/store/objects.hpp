/// @file
/// Machine code of winners: files named by the SHA-256 of their bytes in a private directory. In:
/// object bytes. Out: the same bytes, or nothing. Called by cache.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/store/directory.hpp>
#include <lathe/store/report.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace lathe::detail {

/// Largest object that is kept [bytes].
inline constexpr std::int64_t max_object = std::int64_t{64} << 20;

/// Keeps the bytes, then drops the least recently used objects until `limit` bytes are not
/// exceeded.
/// @returns the digest, "" if they were not kept (a message is in `report`)
LATHE_INLINE std::string keep_object(const store_directory& directory,
                                     std::span<const std::byte> bytes, std::int64_t limit,
                                     store_report& report);

/// The bytes with this digest. Nothing if there is no such object, or if the file is not what it
/// claims to be: the digest is compared before a byte is returned.
LATHE_INLINE std::optional<sequence<std::byte>> load_object(const store_directory& directory,
                                                            const std::string& digest,
                                                            store_report& report);

/// True if load_object() would return these bytes; does not count as a use.
LATHE_INLINE bool check_object(const store_directory& directory, const std::string& digest,
                               store_report& report);

/// Drops least recently used objects until at most `limit` bytes are left, never the one named
/// `kept`. @returns number of objects dropped
LATHE_INLINE std::size_t drop_objects(const store_directory& directory, std::int64_t limit,
                                      const std::string& kept = {});

/// Digests of all objects, by file name alone.
LATHE_INLINE sequence<std::string> object_digests(const store_directory& directory);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/store/objects.ipp>
#endif
