/// @file
/// What the fuzzers of the store make of their input: no mutation keeps a checksum right, so that
/// lines become payloads with a frame of their own, and only those after '!' are taken as they are.
#pragma once

#include <lathe/store/record_io.hpp>
#include <lathe/store/text.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// The text of a segment or wisdom file. `raw` = lines were taken as they are.
inline std::string framed_lines(std::string_view input, bool& raw) {
  namespace store = lathe::detail;
  std::string out;
  for (const std::string_view line : store::split_text(input, '\n')) {
    if (line.starts_with('!')) {
      raw = true;
      out += line.substr(1);
      continue;
    }
    if (line.empty() || line.find(store::record_mark) != std::string_view::npos) continue;
    const std::string body = store::hex_text(line.size(), 8) + '\t' + std::string(line);
    out += std::string(store::record_mark) + body + '\t' + store::record_checksum(body) + '\n';
  }
  return out;
}

}  // namespace fuzz
