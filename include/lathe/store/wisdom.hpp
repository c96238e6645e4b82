/// @file
/// Winners as text that travels: from other machines, groups and sites, and to them. In: files or
/// text in the record format of record_io.hpp. Out: winners without machine code. Called by
/// cache.hpp. Nothing read here is trusted: it is marked imported and checked before its first use.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/store/report.hpp>
#include <lathe/store/winner.hpp>

#include <span>
#include <string>
#include <string_view>

namespace lathe {

/// Reads winners from text, each by without_code(). Everything else is skipped and counted.
LATHE_INLINE sequence<winner> parse_wisdom(std::string_view text, const std::string& source,
                                           store_report& report);

/// The winners as text, each by without_code() but with its provenance, after a comment line.
LATHE_INLINE std::string wisdom_text(std::span<const winner> winners);

/// Reads a wisdom file, or all `*.wisdom` and `*.log` files of a directory in the order of their
/// names. What cannot be read is counted in `report`.
LATHE_INLINE sequence<winner> read_wisdom(const std::string& path, store_report& report);

/// Writes a text file by a temporary name and rename.
/// @error E402 it cannot be written
LATHE_INLINE result<std::size_t> write_text_file(const std::string& path, std::string_view text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/store/wisdom.ipp>
#endif
