/// @file
/// Log files of records: one per writing process, so that no lock is needed, also on network file
/// systems. In: lines from winner.hpp. Out: the lines of all processes. Called by cache.hpp.
///
/// Names: `<family>-<host>-<pid>-<random>.log`; family "seg" for winners, "trial" for trials. Host
/// "whole" is that of segments that appeared with all their records, to which nobody appends.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/store/directory.hpp>
#include <lathe/store/report.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe::detail {

/// Appends records to a segment that belongs to this process and this object alone. The file
/// appears with its first record; after fork() the child starts its own.
class segment_writer {
 public:
  explicit segment_writer(std::string family) : family_(std::move(family)) {}

  /// Appends one line with one write. `durable`: returns only when it is on the disk.
  /// @returns 0 or errno; after a failure nothing of the line is left behind, or a torn record
  LATHE_INLINE int append(const store_directory& directory, std::string_view line, bool durable);

  /// Names of the segments this object has written. They are not written again after close().
  const sequence<std::string>& names() const { return names_; }
  /// Ends the current segment; the next append starts another.
  void close() { file_.reset(); }

 private:
  LATHE_INLINE int begin(const store_directory& directory);

  std::string family_;
  unique_descriptor file_;
  sequence<std::string> names_;
  std::int64_t process_ = 0;
  std::int64_t started_ = 0;  // [s]
  std::int64_t size_ = 0;     // [bytes]
};

/// Reads the segments of a directory again and again, each byte once.
class segment_reader {
 public:
  explicit segment_reader(std::string family) : family_(std::move(family)) {}

  /// Payloads of the whole records that appeared since the last call. Damage is counted in
  /// `report`.
  LATHE_INLINE sequence<std::string> read_new(const store_directory& directory,
                                              store_report& report);

  /// Number of segments met so far.
  std::size_t count() const { return progress_.size(); }

 private:
  LATHE_INLINE bool read_listed(const store_directory& directory, store_report& report,
                                sequence<std::string>& out);

  struct progress {
    std::int64_t done = 0;   // [bytes] read
    std::int64_t seen = -2;  // [bytes] size at the last look
  };

  std::string family_;
  flat_map<std::string, progress> progress_;  // by segment name
};

/// Payloads of the whole records of a text; the rest is counted in `report`, named as `source`.
/// @param[out] consumed  bytes before a torn end
LATHE_INLINE sequence<std::string> payloads_of(std::string_view text, const std::string& source,
                                               store_report& report, std::size_t& consumed);

/// Writes lines as a segment of their own: readers see all of them or none. @returns 0 or errno
LATHE_INLINE int write_segment(const store_directory& directory, const std::string& family,
                               std::string_view lines);

/// Bytes of all segments of a family.
LATHE_INLINE std::int64_t segment_bytes(const store_directory& directory,
                                        const std::string& family);

/// What merge_segments() did.
struct merged_segments {
  std::size_t segments = 0;  ///< that became one
  std::size_t dropped = 0;   ///< records forgotten, see `most_bytes`
};

/// Merges the segments of a family that nobody writes to any more into one: those of processes that
/// are dead, or without a change for a day, or in `own`. Every distinct whole record is kept as it
/// is, newer schemas too, but not the torn end that a killed writer left; a segment with damage is
/// left alone. Does nothing for fewer than two.
/// @param most_bytes  the records are disposable: of more bytes than these the oldest are dropped
///                    until a quarter is free, and damage with them
LATHE_INLINE merged_segments merge_segments(const store_directory& directory,
                                            const std::string& family,
                                            const sequence<std::string>& own, store_report& report,
                                            std::optional<std::int64_t> most_bytes = {});

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/store/segment.ipp>
#endif
