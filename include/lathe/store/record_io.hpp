/// @file
/// Frame of a stored record: one line with a mark, a length and a checksum around named fields. In:
/// the bytes of a segment or wisdom file. Out: whole lines one by one, whatever is damaged between
/// them. Called by winner.hpp (fields), segment.hpp and wisdom.hpp (files).
///
///     line := "@lathe " length{8 hex} TAB payload TAB checksum{16 hex} NEWLINE
///     payload := name '=' value (TAB name '=' value)*
///
/// The mark cannot occur in a payload ('@' is escaped), so a reader finds the next record after any
/// damage. The checksum is the first 64 bits of the SHA-256 of length, TAB and payload.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lathe::detail {

/// Longest payload [bytes].
inline constexpr std::size_t max_payload = std::size_t{1} << 20;

/// Most fields of one record.
inline constexpr std::size_t max_fields = 64;

/// A named text. Names have 1 to 32 characters of a-z, 0-9, '_'.
struct field {
  std::string name;
  std::string value;
};

/// The line of a record, newline included. Nothing if a name, a value (UTF-8 without control
/// characters), the number of fields or the length is not allowed.
LATHE_INLINE std::optional<std::string> framed(const sequence<field>& fields);

/// The fields of a payload; nothing if it is malformed or a name occurs twice.
LATHE_INLINE std::optional<sequence<field>> parse_fields(std::string_view payload);

/// What line_scanner found.
struct scanned {
  enum class state : unsigned char {
    whole,    ///< `line` and `payload` are a record
    damaged,  ///< bytes that are no record, skipped up to the next mark
    torn      ///< a record that the text ends in the middle of
  };
  state what = state::whole;
  std::string_view line;     ///< newline included
  std::string_view payload;  ///< whole records only
};

/// Walks over the records of a text. Linear in its bytes. Blank lines and lines that start with '#'
/// between records are skipped.
class line_scanner {
 public:
  explicit line_scanner(std::string_view text) : text_(text) {}

  /// The next record or damage; nothing at the end.
  LATHE_INLINE std::optional<scanned> next();

  /// Bytes that are done with: all but an end that is torn or damaged, which may be whole when the
  /// file is read again.
  std::size_t consumed() const { return consumed_; }

 private:
  LATHE_INLINE scanned skip_damage(std::size_t from);

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t consumed_ = 0;
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/store/record_io.ipp>
#endif
