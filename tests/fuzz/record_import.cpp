/// @file
/// libFuzzer entry for imports: all of a text is taken or nothing, and what was taken can be
/// exported and imported elsewhere.
#include <lathe/store/cache.hpp>
#include <lathe/store/wisdom.hpp>

#include "framing.hpp"

namespace {

lathe::cache in_memory() {
  lathe::cache_options options;
  options.environment = false;
  return lathe::cache::open(options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bool raw = false;
  const std::string text = fuzz::framed_lines({reinterpret_cast<const char*>(data), size}, raw);
  lathe::cache store = in_memory();
  const auto taken = store.import_text(text);
  const auto kept = store.list();
  if (!taken) {
    fuzz::require(kept.empty());
    return 0;
  }
  fuzz::require(kept.size() <= *taken && kept.empty() == (*taken == 0));
  lathe::store_report report;
  fuzz::require(lathe::parse_wisdom(text, "fuzz", report).size() == *taken && report.damaged == 0 &&
                report.torn == 0);
  for (const lathe::winner& each : kept) {
    fuzz::require(each.origin == lathe::provenance::imported && !each.plan &&
                  each.object_digest.empty());
  }
  lathe::cache other = in_memory();
  const auto again = other.import_text(store.export_text());
  fuzz::require(again && *again == kept.size() && other.export_text() == store.export_text());
  return 0;
}
