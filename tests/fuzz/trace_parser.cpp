/// @file
/// libFuzzer entry for schedules as text: what is accepted has one canonical text.
#include <lathe/schedule/trace.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto steps = lathe::parse_trace(text);
  if (!steps) return 0;
  const std::string canonical = lathe::to_text(*steps);
  const auto again = lathe::parse_trace(canonical);
  if (!again || lathe::to_text(*again) != canonical || !(*again == *steps)) std::abort();
  return 0;
}
