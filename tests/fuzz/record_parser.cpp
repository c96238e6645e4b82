/// @file
/// libFuzzer entry for every parser of stored text: frames, fields, records, keys, plans, wisdom.
/// Anything that is accepted must be written back to something that is accepted.
#include <lathe/store/plan_text.hpp>
#include <lathe/store/wisdom.hpp>

#include "framing.hpp"

namespace {

using fuzz::require;

void check_payload(std::string_view payload) {
  namespace store = lathe::detail;
  const auto record = store::decode(payload);
  if (record.what != store::decoded::state::ok) return;
  if (const auto& one = record.is_winner) require(!!store::line_of(*one));
  if (const auto& one = record.is_trial) require(!!store::line_of(*one));
  if (const auto& one = record.is_rejected_trace) {
    require(!!store::line_of(*one));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  lathe::store_report report;
  const auto winners = lathe::parse_wisdom(text, "fuzz", report);
  const auto again = lathe::parse_wisdom(lathe::wisdom_text(winners), "fuzz", report);
  require(again.size() == winners.size());
  check_payload(text);  // without a frame, because no mutation keeps a checksum right
  if (const auto fields = lathe::detail::parse_fields(text)) {
    if (const auto line = lathe::detail::framed(*fields)) {
      const auto found = lathe::detail::line_scanner(*line).next();
      require(found && found->what == lathe::detail::scanned::state::whole &&
              found->payload == text);
    }
  }
  if (const auto key = lathe::parse_key(text)) require(key->text() == text);
  if (const auto plan = lathe::parse_plan(text)) require(lathe::plan_text(*plan) == text);
  return 0;
}
