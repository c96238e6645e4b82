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

/// Reads wisdom that must be right as a whole: of text with damage, records that no version writes,
/// or traces that are none, nothing is taken. Records of newer versions are skipped and counted.
/// @error E408 what is wrong, and where
LATHE_INLINE result<sequence<winner>> parse_whole_wisdom(std::string_view text,
                                                         const std::string& source,
                                                         store_report& report);

/// parse_whole_wisdom() of a file, or of all files of a directory that read_wisdom() would read.
/// @error E405 a path cannot be read, E408 a file is not right
LATHE_INLINE result<sequence<winner>> read_whole_wisdom(const std::string& path,
                                                        store_report& report);

/// The best of every key, by ranks_before(), in the order of the keys' texts.
LATHE_INLINE sequence<winner> best_of_each_key(sequence<winner> winners);

/// The winners as text, each by without_code() but with its provenance, after a comment line.
LATHE_INLINE std::string wisdom_text(std::span<const winner> winners);

/// Reads a wisdom file, or all `*.wisdom` and `*.log` files of a directory in the order of their
/// names: another cache is one, but for its trials. What cannot be read is counted in `report`.
LATHE_INLINE sequence<winner> read_wisdom(const std::string& path, store_report& report);

namespace detail {

/// A record of a wisdom file as it stands there.
struct wisdom_record {
  std::string payload;
  std::string source;  ///< its file
};

/// The records of the files that read_wisdom() reads, not decoded.
LATHE_INLINE sequence<wisdom_record> wisdom_records(const std::string& path, store_report& report);

/// Counts a decoded record that is no value of this version.
LATHE_INLINE void count_skipped(const decoded& record, const std::string& source,
                                store_report& report);

}  // namespace detail

/// Writes a text file by a temporary name and rename.
/// @error E402 it cannot be written
LATHE_INLINE result<std::size_t> write_text_file(const std::string& path, std::string_view text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/store/wisdom.ipp>
#endif
