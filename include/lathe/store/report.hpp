/// @file
/// What the store met that it could not use. Nothing in a cache is ever fatal: it is counted here,
/// said once, and the run continues. Filled by all of store/, shown by api/ and the command line.
#pragma once

#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <string>

namespace lathe {

/// Counts and one-line messages; every message appears once and starts with its id, "[LATHE-E401]".
///
/// Ids: E401 directory refused, E402 cannot write (continuing in memory), E403 damaged or malformed
/// records, E404 object refused, E405 file refused or unreadable, E406 record of a newer version,
/// E407 winner that cannot be stored, E408 wisdom that is not imported because a part is wrong.
struct store_report {
  std::size_t records = 0;    ///< understood
  std::size_t torn = 0;       ///< incomplete at the end of a file: the writer was stopped
  std::size_t damaged = 0;    ///< regions whose checksum or frame is wrong
  std::size_t malformed = 0;  ///< whole, but not what any version writes
  std::size_t newer = 0;      ///< of a newer schema or an unknown kind: skipped and kept
  std::size_t refused = 0;    ///< files and directories not used because of what they are
  sequence<std::string> messages;

  /// Adds a message unless it is there already.
  void say(const std::string& message) {
    for (const std::string& known : messages) {
      if (known == message) return;
    }
    messages.push_back(message);
  }
  /// True if every byte was understood and nothing was refused.
  bool clean() const { return torn + damaged + malformed + newer + refused == 0; }
};

}  // namespace lathe
