/// @file
/// Finished cases on disk, one JSON object per line: what makes the bench resumable, and what its
/// reports read. A line that does not parse (a run was killed while it wrote) is skipped.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

using record = nlohmann::ordered_json;

/// The records of one file, the newest of each key.
class record_file {
 public:
  explicit record_file(std::string path);

  /// Null if there is none with this key.
  const record* find(const std::string& key) const;
  /// Appends to the file. @throws std::runtime_error if it cannot be written
  void add(record made);

 private:
  std::string path_;
  std::vector<record> all_;
};

}  // namespace bench
