// The measurement: who is wrong is found, whoever it is, and what is hopeless leaves early.
#include "timing.hpp"

#include "problem.hpp"
#include <doctest/doctest.h>

namespace {

using bench::contract;

/// Three ways to compute y = A x with one row, two of them right, and a tolerated one.
std::vector<bench::contestant> ways(const bench::operands& data, float error) {
  float* const y = data.get<float>("y");
  const auto writes = [y](float value) { return [=] { *y = value; }; };
  return {{"lathe", "tuned", contract::plain, writes(1 + error)},
          {"one", "gemv", contract::plain, writes(1)},
          {"two", "gemv", contract::packed, [] {}, writes(1)},
          {"three", "nothing", contract::plain, [] {}},
          {"four", "close", contract::winograd, writes(1.0005f)},
          {"five", "far", contract::winograd, writes(1.5f)}};
}

}  // namespace

TEST_CASE("the result of the most is right; one that writes nothing is noticed") {
  const bench::problem of{"gemv", "tiny", {}, false, bench::matrix_vector{1, 4}};
  const lathe::owned_desc desc = of.describe();
  for (const float error : {0.f, 1.f}) {
    std::vector<bench::operands> data;
    for (int set = 0; set < 2; ++set) data.emplace_back(desc.view(), 1);
    const auto results =
        bench::measure({ways(data[0], error), ways(data[1], error)}, data, {3, 1, true});
    REQUIRE(results.size() == 6);
    CHECK(results[0].wrong.empty() == (error == 0));
    CHECK(results[1].wrong.empty());
    CHECK(results[2].wrong.empty());
    CHECK_FALSE(results[3].wrong.empty());
    CHECK(results[4].wrong.empty());
    CHECK_FALSE(results[5].wrong.empty());
    CHECK(results[0].seconds.size() == 3);
    CHECK(results[0].cold_seconds > 0);
    CHECK(results[2].cold_seconds == 0);  // only the plain contract
  }
}

TEST_CASE("inputs are small integers, equal in every set, and never zero") {
  const bench::problem of{"gemm", "tiny", {}, false, bench::matrix_product{3, 5, 7}};
  const lathe::owned_desc desc = of.describe();
  const bench::operands one(desc.view(), 1), other(desc.view(), 1);
  for (int at = 0; at < 3 * 7; ++at) {
    const float value = one.get<float>("A")[at];
    CHECK(value == other.get<float>("A")[at]);
    CHECK((value == 1 || value == -1 || value == 2 || value == -2));
  }
  CHECK(one.output().name == "C");
  CHECK(one.output().count == 15);
}

TEST_CASE("sets of operands have the same contestants in the same order") {
  const auto named = [](const char* how, contract terms = contract::plain) {
    return bench::contestant{"library", how, terms, [] {}};
  };
  std::vector<std::vector<bench::contestant>> sets{
      {named("a"), named("once"), named("b"), named("b"), named("b", contract::packed)},
      {named("b"), named("a"), named("b"), named("b", contract::packed), named("late")}};
  CHECK(keep_common(sets) == std::vector<std::string>{"library once"});
  for (const std::vector<bench::contestant>& set : sets) {
    REQUIRE(set.size() == 4);
    CHECK(set[0].how == "a");
    CHECK(set[1].how == "b");
    CHECK(set[2].how == "b");
    CHECK(set[3].terms == contract::packed);
  }
}
