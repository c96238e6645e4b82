#include <lathe/store/winner.hpp>

#include "store/scratch.hpp"
#include <limits>

using namespace store_test;
using lathe::detail::decode;
using lathe::detail::decoded;
using lathe::detail::field;

namespace {

decoded reread(const std::string& line) {
  const auto found = lathe::detail::line_scanner(line).next();
  REQUIRE(found);
  return decode(found->payload);
}

}  // namespace

TEST_CASE("winner: every field survives the round trip, unknown ones too") {
  auto source = sample_winner(3);
  source.version = "0.1.0";
  source.date = "2026-01-31T12:00:00Z";
  source.object_digest = std::string(64, 'a');
  source.origin = lathe::provenance::estimate;
  source.median_seconds = 0.1 + 0.2;
  source.effort = {"patient", 61.5, 1234, "time", "0123456789abcdef"};
  source.choices = "3,0,12";
  source.unknown = {{"from_the_future", "yes @ %"}};
  const auto line = lathe::detail::line_of(source);
  REQUIRE(line);
  auto record = reread(*line);
  REQUIRE(record.what == decoded::state::ok);
  const auto& back = record.is_winner.value();
  CHECK(back.key == source.key);
  CHECK(back.key.op == "gemm");
  CHECK(back.median_seconds == source.median_seconds);
  CHECK(back.origin == lathe::provenance::estimate);
  CHECK(back.effort == source.effort);
  CHECK(back.choices == "3,0,12");
  REQUIRE(back.unknown.size() == 1);
  CHECK(back.unknown[0].value == "yes @ %");
  CHECK(lathe::detail::line_of(back) == line);
}

TEST_CASE("winner: trials and rejected traces round-trip") {
  lathe::trial one{sample_key().hash(), 42, "parallel(C.i)", "ok", {1e-3, 2.5e-300}, "", {}};
  auto record = reread(lathe::detail::line_of(one).value());
  REQUIRE(record.what == decoded::state::ok);
  const auto& back = record.is_trial.value();
  CHECK(back.number == 42);
  CHECK(back.times == one.times);
  const lathe::rejected_trace bad{sample_key(), "unroll(C.i)", "wrong answer", {}};
  record = reread(lathe::detail::line_of(bad).value());
  REQUIRE(record.what == decoded::state::ok);
  CHECK(record.is_rejected_trace.value().reason == "wrong answer");
}

TEST_CASE("winner: values that no record may have are not written") {
  const auto refused = [](auto change) {
    auto value = sample_winner();
    change(value);
    return !lathe::detail::line_of(value);
  };
  using lathe::winner;
  CHECK(refused([](winner& w) { w.trace.clear(); }));
  CHECK(refused([](winner& w) { w.trace = "a\nb"; }));
  CHECK(refused([](winner& w) { w.trace.assign(300 << 10, 'x'); }));
  CHECK(refused([](winner& w) { w.median_seconds = 0; }));
  CHECK(refused([](winner& w) { w.best_seconds = -1; }));
  CHECK(refused([](winner& w) { w.median_seconds = std::numeric_limits<double>::infinity(); }));
  CHECK(refused([](winner& w) { w.gflops = std::numeric_limits<double>::quiet_NaN(); }));
  CHECK(refused([](winner& w) { w.samples = 0; }));
  CHECK(refused([](winner& w) { w.key.threads = 0; }));
  CHECK(refused([](winner& w) { w.object_digest = "../../etc/passwd"; }));
  CHECK(refused([](winner& w) { w.date = "yesterday"; }));
  CHECK(refused([](winner& w) { w.plan->phases.clear(); }));
  CHECK(refused([](winner& w) { w.unknown = {{"trace", "again"}}; }));
}

TEST_CASE("winner: an effort is whole or not known") {
  auto source = sample_winner();
  CHECK_FALSE(source.effort.is_known());
  const auto without = lathe::detail::line_of(source);
  REQUIRE(without);
  CHECK_FALSE(reread(*without).is_winner->effort.is_known());
  source.effort = {"measure", 1, 2, ""};
  CHECK_FALSE(lathe::detail::line_of(source));
  source.effort = {"measure", -1, 2, "time"};
  CHECK_FALSE(lathe::detail::line_of(source));
}

TEST_CASE("winner: the stored key of a payload is the stored form of its key, nothing else's") {
  const auto payload_of = [](const auto& value) {
    return std::string(
        lathe::detail::line_scanner(lathe::detail::line_of(value).value()).next()->payload);
  };
  auto odd = sample_winner(1);
  odd.key.target = "a@b%40 | tab";
  const lathe::rejected_trace bad{sample_key(), "unroll(C.i)", "wrong answer", {}};
  CHECK(lathe::detail::stored_key(payload_of(odd)) == lathe::detail::stored_form(odd.key));
  CHECK(lathe::detail::stored_key(payload_of(bad)) == lathe::detail::stored_form(sample_key()));
  CHECK(lathe::detail::stored_form(odd.key) != lathe::detail::stored_form(sample_key(1)));
  const lathe::trial one{sample_key().hash(), 42, "parallel(C.i)", "ok", {1e-3}, "", {}};
  CHECK(lathe::detail::stored_key(payload_of(one)) == "");
  CHECK(lathe::detail::stored_key("kind=winner\tschema=2\tkey=x") == "");
  CHECK(lathe::detail::stored_key("kind=winner") == "");
}

TEST_CASE("winner: newer schemas and unknown kinds are told from malformed records") {
  const auto state = [](const lathe::sequence<field>& fields) {
    return reread(lathe::detail::framed(fields).value()).what;
  };
  CHECK(state({{"kind", "winner"}, {"schema", "2"}, {"anything", "x"}}) == decoded::state::newer);
  CHECK(state({{"kind", "lease"}, {"schema", "1"}}) == decoded::state::newer);
  CHECK(state({{"kind", "winner"}, {"schema", "1"}}) == decoded::state::malformed);
  CHECK(state({{"kind", "winner"}, {"schema", "0"}}) == decoded::state::malformed);
  CHECK(state({{"schema", "1"}}) == decoded::state::malformed);
}

TEST_CASE("winner: the order is total and by time first") {
  auto slow = sample_winner(0, 2e-3);
  auto fast = sample_winner(0, 1e-3);
  CHECK(lathe::ranks_before(fast, slow));
  auto imported = fast;
  imported.origin = lathe::provenance::imported;
  CHECK(lathe::ranks_before(fast, imported));
  auto longer = fast;
  longer.trace += "; unroll(C.i1)";
  CHECK(lathe::ranks_before(fast, longer));
  CHECK_FALSE(lathe::ranks_before(longer, fast));
  CHECK_FALSE(lathe::ranks_before(fast, fast));
}
