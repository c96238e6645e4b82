// Ratios, intervals, who competes under which contract, and the last lines.
#include "score.hpp"

#include "report.hpp"
#include <cmath>
#include <doctest/doctest.h>

namespace {

using bench::contract;
using bench::record;

record row(const char* library, const char* how, contract terms, std::vector<double> seconds) {
  return {{"library", library},
          {"how", how},
          {"contract", bench::name_of(terms)},
          {"seconds", seconds}};
}

record case_of(const char* op, const char* name, std::vector<record> rows,
               const char* group = "library") {
  return {{"key", name},
          {"op", op},
          {"case", name},
          {"group", group},
          {"element", "f32"},
          {"threads", 1},
          {"flops", 1e9},
          {"bytes", 1e6},
          {"roofline_seconds", 0.5},
          {"choosing_seconds", 0.001},
          {"contestants", rows}};
}

bench::entrant entrant_of(std::vector<double> seconds) {
  return {"x", "y", "", contract::plain, std::move(seconds), 0};
}

}  // namespace

TEST_CASE("a ratio is the median of the blocks' ratios: a drift of the machine cancels") {
  const auto faster = bench::compare(entrant_of({1, 2, 4, 8, 16, 32, 64}),
                                     entrant_of({1.5, 3, 6, 12, 24, 48, 128}));
  REQUIRE(faster);
  CHECK(faster->value == 1.5);
  CHECK(faster->low == 1.5);
  CHECK(faster->high == 2);  // of 7 blocks, 95 % needs all of them
}

TEST_CASE("the interval leaves out what order statistics allow") {
  std::vector<double> ones(9, 1), theirs{9, 1, 2, 3, 4, 5, 6, 7, 8};
  const auto faster = bench::compare(entrant_of(ones), entrant_of(theirs));
  CHECK(faster->value == 5);
  CHECK(faster->low == 2);  // 2 * P(B(9, 1/2) <= 1) = 3.9 %
  CHECK(faster->high == 8);
}

TEST_CASE("disturbed blocks do not count, and three are the least") {
  const double gone = std::nan("");
  const auto faster = bench::compare(entrant_of({1, gone, 1, 1}), entrant_of({2, 100, 2, 2}));
  REQUIRE(faster);
  CHECK(faster->high == 2);
  CHECK_FALSE(bench::compare(entrant_of({1, gone, 1, 1}), entrant_of({2, 2, gone, 2})));
}

TEST_CASE("peers compete under their contract, wrong results do not") {
  record wrong = row("broken", "fast", contract::plain, {0.1, 0.1, 0.1});
  wrong["wrong"] = "element 0 is 1, the others have 2";
  const bench::score of(case_of("gemm", "one",
                                {row("lathe", "tuned", contract::plain, {1, 1, 1}),
                                 row("lathe", "estimate", contract::plain, {2, 2, 2}),
                                 row("lathe", "tuned", contract::packed, {1, 1, 1}), wrong,
                                 row("slow", "plain", contract::plain, {3, 3, 3}),
                                 row("best", "plain", contract::plain, {2, 2, 2}),
                                 row("best", "left early", contract::plain, {1, 1}),
                                 row("best", "packed", contract::packed, {4, 4, 4}),
                                 row("best", "own layout", contract::own, {0.5, 0.5, 0.5}),
                                 row("g++", "loops", contract::naive, {0.25, 0.25, 0.25})}));
  REQUIRE(of.plain);
  CHECK(of.plain->theirs.library == "best");
  CHECK(of.plain->faster.value == 2);
  CHECK(of.packed->faster.value == 2);  // what packs nothing may compete there, and is faster
  CHECK(of.own->median() == 0.5);
  CHECK(of.estimate_share() == 0.5);
  CHECK(of.over_naive() == 0.25);
  CHECK(of.wrong.size() == 1);
}

TEST_CASE("a custom operator without any library is compared with plain loops") {
  const std::vector<record> rows{row("lathe", "tuned", contract::plain, {1, 1, 1}),
                                 row("g++", "loops", contract::naive, {4}),
                                 row("clang++", "loops", contract::naive, {5})};
  CHECK(bench::score(case_of("stencil", "s", rows, "custom")).plain->faster.value == 4);
  CHECK_FALSE(bench::score(case_of("gemm", "g", rows)).plain);
}

TEST_CASE("the mean of all is the mean of the operators' means") {
  const auto with_ratio = [](const char* op, const char* name, double ratio,
                             const char* group = "library") {
    return case_of(op, name,
                   {row("lathe", "tuned", contract::plain, {1, 1, 1}),
                    row("peer", "plain", contract::plain, {ratio, ratio, ratio})},
                   group);
  };
  const std::string text =
      bench::summary({with_ratio("gemm", "a", 2), with_ratio("gemm", "b", 2),
                      with_ratio("gemv", "c", 0.5), with_ratio("skinny", "d", 0.1, "extra")});
  CHECK(text.find("geomean gemm 2.000\n") != std::string::npos);
  CHECK(text.find("\ngeomean skinny 0.100 (extra)\n") != std::string::npos);
  CHECK(text.ends_with("\ngeomean all 1.000 min 0.500 c\n"));
}

TEST_CASE("on a GPU the ratio is that of f32; TF32 and kernels without a peer are shown") {
  const auto on_gpu = [](const char* op, const char* name, std::vector<record> rows) {
    record out = case_of(op, name, std::move(rows));
    out["target"] = "gpu";
    return out;
  };
  const record compared =
      on_gpu("gemm", "a",
             {row("lathe", "tuned", contract::plain, {1, 1, 1}),
              row("lathe", "tuned", contract::tf32, {0.5, 0.5, 0.5}),
              row("cuBLAS", "gemm f32", contract::plain, {1.5, 1.5, 1.5}),
              row("cuBLAS", "gemm TF32", contract::tf32, {0.25, 0.25, 0.25}),
              row("CUDA", "a thread per point", contract::naive, {10, 10, 10})});
  const record alone = on_gpu("gemv", "b", {row("lathe", "tuned", contract::plain, {2, 2, 2})});
  const bench::score of(compared);
  CHECK(of.plain->theirs.how == "gemm f32");
  CHECK(of.our_tf32->median() == 0.5);
  CHECK(of.tf32->median() == 0.25);
  const std::string line = bench::case_line(compared);
  CHECK_MESSAGE(line.find("cuBLAS gemm f32") != std::string::npos, line);
  CHECK_MESSAGE(line.ends_with(" |     2.0     4.0     0.1\n"), line);
  const std::string without = bench::case_line(alone);
  CHECK_MESSAGE(without.find(" 0.5 ") != std::string::npos, without);
  CHECK_MESSAGE(without.find("no peer") != std::string::npos, without);
  const std::string text = bench::summary({compared, alone});
  CHECK_MESSAGE(text.find("geomean-gpu gemm 1.500\n") != std::string::npos, text);
  CHECK_MESSAGE(text.ends_with("\ngeomean-gpu all 1.500 min 1.500 a\n"), text);
}

TEST_CASE("the page is self-contained and escapes what it shows") {
  const std::string page = bench::html_page({[] {
    record of = case_of("gemm", "a<b",
                        {row("lathe", "tuned", contract::plain, {1, 1, 1}),
                         row("peer", "plain", contract::plain, {1, 1, 1})});
    of["machine"] = "this & that";
    return of;
  }()});
  CHECK(page.find("a&lt;b") != std::string::npos);
  CHECK(page.find("this &amp; that") != std::string::npos);
  CHECK(page.find("<svg") != std::string::npos);
  CHECK(page.find("http") == std::string::npos);
}
