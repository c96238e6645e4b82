// Vectors with a stride between lanes, in unrolled loops: transposed in registers, and only where
// that is the same.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>

#include "host_jit.hpp"
#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace lathe;

namespace {

std::string emitted(const desc_view& desc, const std::string& steps, isa set) {
  result<program> scheduled = apply(make_program(desc), parse_trace(steps).value());
  REQUIRE_MESSAGE(scheduled, scheduled.error().text());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().text());
  const result<std::string> text = native::emit_llvm(*nest, generic_cpu(set));
  REQUIRE_MESSAGE(text, text.error().text());
  return *text;
}

/// Memory whose end is the end of what may be read.
struct page_end {
  page_end() : page(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    memory = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    end = reinterpret_cast<int*>(static_cast<char*>(memory) + page);
    REQUIRE(::mprotect(end, page, PROT_NONE) == 0);
  }
  page_end(const page_end&) = delete;
  page_end& operator=(const page_end&) = delete;
  ~page_end() { ::munmap(memory, 2 * page); }

  std::size_t page;
  void* memory;
  int* end;
};

int count(const std::string& text, const std::string& part) {
  int times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

/// @param backwards  rows of the result from the last column of the source to the first
template <class Element>
constexpr auto transposed(int rows, int columns, bool backwards = false) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  tensor<"A", Element, 2> A;
  tensor<"B", Element, 2> B;
  return op<"transposed">(A,
                          B)(B(i, j) = A(j, i * (backwards ? -1 : 1) + (backwards ? rows - 1 : 0)));
}

/// The two ways to transpose: vectors of the result are stored, or vectors of the source loaded.
std::string steps_for(bool loads, int lanes, int unrolled) {
  const std::string vector = loads ? "i" : "j", other = loads ? "j" : "i";
  return "split(B." + vector + " -> v0:_, v1:" + std::to_string(lanes) + "); split(B." + other +
         " -> u0:_, u1:" + std::to_string(unrolled) + "); reorder(B: u0 v0 u1 v1); unroll(B.u1); " +
         "vectorize(B.v1)";
}

/// Every instruction set, several numbers of lanes and of unrolled iterations, tails of both.
template <class Element>
void check_transposed(const char* type, int columns = 43, bool backwards = false) {
  constexpr int rows = 37;
  const auto elements = static_cast<std::size_t>(rows * columns);
  std::vector<Element> source(elements), made(elements);
  for (std::size_t at = 0; at < source.size(); ++at) source[at] = static_cast<Element>(at * 7 + 1);
  const auto desc = describe(transposed<Element>(rows, columns, backwards));
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    for (const bool loads : {false, true}) {
      for (const int lanes : {2, 4, 6, 16}) {
        for (const int unrolled : {2, 3, 7, 16, 20}) {
          const std::string steps = steps_for(loads, lanes, unrolled);
          INFO(type, " on ", std::string(name_of(set)), ": ", steps);
          const auto object = test::load(*compiler, emitted(desc, steps, set));
          std::memset(made.data(), 0, made.size() * sizeof(Element));
          void* buffers[] = {source.data(), made.data()};
          test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
              buffers, nullptr, 0, 1);
          int wrong = 0;
          for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j)
              wrong += made[static_cast<std::size_t>(i * columns + j)] !=
                       source[static_cast<std::size_t>(j * rows + (backwards ? rows - 1 - i : i))];
          CHECK(wrong == 0);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("tiles: transposing copies of every element type, with tails, on every instruction set") {
  check_transposed<float>("f32");
  check_transposed<double>("f64");
  check_transposed<int>("i32");
  check_transposed<std::int64_t>("i64");
  check_transposed<std::int8_t>("i8");
  check_transposed<std::uint8_t>("u8");
}

TEST_CASE("tiles: copies that transpose and turn round are tiles as well") {
  check_transposed<float>("f32", 43, true);
  check_transposed<std::uint8_t>("u8", 43, true);
  const std::string steps = steps_for(false, 16, 16);
  const std::string there = emitted(describe(transposed<float>(64, 64)), steps, isa::avx512);
  const std::string back = emitted(describe(transposed<float>(64, 64, true)), steps, isa::avx512);
  for (const char* word : {"load", "store", "shufflevector"})
    CHECK(count(back, word) == count(there, word));
}

TEST_CASE("tiles: rows of 2 or 4 that follow each other are stored as one vector") {
  for (const int columns : {2, 4}) {
    check_transposed<float>("f32", columns);
    check_transposed<std::uint8_t>("u8", columns);
    check_transposed<std::int64_t>("i64", columns);
    const std::string text = emitted(describe(transposed<std::int8_t>(64, columns)),
                                     steps_for(true, 16, columns), isa::avx512);
    CHECK(count(text, "store <" + std::to_string(16 * columns) + " x i8>") == 1);
    CHECK(count(text, "store") == 1);
    CHECK(count(text, "load <16 x i8>") == columns);
  }
}

TEST_CASE("tiles: rows are loaded and stored in pieces of 128 bits, not element by element") {
  const auto desc = describe(transposed<float>(64, 64));
  const std::string stores = emitted(desc, steps_for(false, 16, 16), isa::avx512);
  CHECK(count(stores, "insertelement") == 0);
  CHECK(count(stores, "load <4 x float>") == 64);
  CHECK(count(stores, "store <16 x float>") == 16);
  const std::string loads = emitted(desc, steps_for(true, 8, 6), isa::avx2);
  CHECK(count(loads, "extractelement") == 0);
  CHECK(count(loads, "load <8 x float>") == 6 + 4);   // 64 = 10 * 6 + 4
  CHECK(count(loads, "store <4 x float>") == 8 + 8);  // of a tile of 6: 4 and 2
  CHECK(count(loads, "store <2 x float>") == 8);
  const std::string wide =
      emitted(describe(transposed<double>(64, 64)), steps_for(false, 4, 4), isa::avx2);
  CHECK(count(wide, "load <2 x double>") == 8);
  CHECK(count(wide, "shufflevector") == 4 + 4);  // two halves of a vector, then pairs of vectors
}

TEST_CASE("tiles: tails of both loops are tiles, too") {
  const std::string text =
      emitted(describe(transposed<float>(37, 43)), steps_for(false, 16, 16), isa::avx512);
  CHECK(count(text, "br i1") == 2 + 2 + 1);  // two loops, then which tile it is
  // Full tiles of 16 x 16, the last 11 columns, the last 5 rows: 4 and one left over.
  CHECK(count(text, "load <4 x float>") == 16 * 4 + 11 * 4 + 16 + 11);
  CHECK(count(text, "load float") == 16 + 11);
}

TEST_CASE("tiles: results across the vectorized axis, with a function of them stored") {
  axis<"i"> i{19};
  axis<"j"> j{14};
  axis<"k"> k{5};
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  tensor<"b", float, 1> b;
  tensor<"C", float, 2> C;
  const auto desc =
      describe(op<"layer">(A, B, b, C)(C(i, j) = max(sum(k)(A(k, i) * B(k, j)) + b(i), 0.0f)));
  const std::string steps =
      "split(C.i -> i0:_, i1:16); split(C.j -> j0:_, j1:7); reorder(C: i0 j0 k j1 i1); "
      "unroll(C.j1); vectorize(C.i1); cache_write(C, register)";
  std::vector<float> left(5 * 19), right(5 * 14), bias(19), made(19 * 14);
  for (std::size_t at = 0; at < left.size(); ++at) left[at] = static_cast<float>(at % 7) - 3;
  for (std::size_t at = 0; at < right.size(); ++at) right[at] = static_cast<float>(at % 5) - 2;
  for (std::size_t at = 0; at < bias.size(); ++at) bias[at] = static_cast<float>(at % 3);
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    const std::string text = emitted(desc, steps, set);
    CHECK(count(text, "store <4 x float>") > 0);
    const auto object = test::load(*compiler, text);
    void* buffers[] = {left.data(), right.data(), bias.data(), made.data()};
    test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
        buffers, nullptr, 0, 1);
    for (std::size_t row = 0; row < 19; ++row)
      for (std::size_t column = 0; column < 14; ++column) {
        float sum = bias[row];
        for (std::size_t term = 0; term < 5; ++term)
          sum += left[term * 19 + row] * right[term * 14 + column];
        CHECK(made[row * 14 + column] == (sum > 0 ? sum : 0));
      }
  }
}

TEST_CASE("tiles: nothing is loaded that only other iterations may load") {
  axis<"i"> i{8};
  axis<"j"> j{8};
  tensor<"A", float, 2> A{8, 14};
  tensor<"B", float, 2> B;
  // Two iterations would read beyond the end of A.
  const auto desc = describe(op<"cut">(A, B)(B(i, j) = select(i < 6, A(j, i + 8), 0.5f)));
  const std::string text = emitted(desc, "unroll(B.i); vectorize(B.j)", isa::avx2);
  CHECK(count(text, "load <4 x float>") == 0);
  CHECK(count(text, "load float") == 8 * 6);
}

TEST_CASE("tiles: elements that the same loop writes are read when it is their turn") {
  axis<"i"> i{8};
  axis<"j"> j{8};
  axis<"k"> k{3};
  tensor<"A", float, 3> A;
  tensor<"C", float, 2> C;
  // Sums in memory: every term reads and writes the strided results.
  const auto desc = describe(op<"sums">(A, C)(C(i, j) = sum(k)(A(k, i, j))));
  std::vector<float> source(3 * 64), made(64);
  for (std::size_t at = 0; at < source.size(); ++at) source[at] = static_cast<float>(at % 11);
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    for (const char* steps : {"reorder(C: k j i); unroll(C.k); unroll(C.j); vectorize(C.i)",
                              "reorder(C: j k i); unroll(C.k); unroll(C.j); vectorize(C.i)",
                              "reorder(C: j i k); unroll(C.k); unroll(C.j); vectorize(C.i)"}) {
      INFO(std::string(name_of(set)), ": ", std::string(steps));
      const auto object = test::load(*compiler, emitted(desc, steps, set));
      void* buffers[] = {source.data(), made.data()};
      test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
          buffers, nullptr, 0, 1);
      for (std::size_t at = 0; at < 64; ++at)
        CHECK(made[at] == source[at] + source[64 + at] + source[128 + at]);
    }
  }
}

TEST_CASE(
    "tiles: loads with short strides, forwards and backwards, read nothing beyond their ends") {
  for (const auto& [stride, size] : {std::pair{-4, 16},
                                     {-3, 16},
                                     {-2, 16},
                                     {-1, 16},
                                     {2, 16},
                                     {3, 16},
                                     {4, 16},
                                     {5, 16},
                                     {-4, 14},
                                     {-3, 13},
                                     {-2, 11},
                                     {2, 14},
                                     {2, 15},
                                     {3, 11},
                                     {4, 7}}) {  // with tails
    const int step = stride < 0 ? -stride : stride, span = (size - 1) * step + 1;
    axis<"i"> i{size};
    tensor<"A", int, 1> A;
    tensor<"B", int, 1> B;
    const int offset = stride < 0 ? span - 1 : 0;
    const auto desc = describe(op<"strided">(A, B)(B(i) = A(i * stride + offset)));
    for (const isa set : test::executable_isas()) {
      const auto compiler = test::host_jit(set);
      if (!compiler) return;
      for (const int width : {4, 8, 16}) {
        const std::string steps =
            "split(B.i -> i0:_, i1:" + std::to_string(width) + "); vectorize(B.i1)";
        const std::string text = emitted(desc, steps, set);
        INFO("stride ", stride, ", ", size, " by ", width, " on ", std::string(name_of(set)));
        const int tail = size % width;
        if (tail == 0 || (tail > 3 && step > 1))
          CHECK(count(text, "insertelement") == (step <= 4 ? 0 : width));
        const auto object = test::load(*compiler, text);
        const page_end memory;
        int* const from = memory.end - span;  // the next element is not there
        for (int at = 0; at < span; ++at) from[at] = 3 * at + 1;
        int made[16] = {};
        void* buffers[] = {from, made};
        test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
            buffers, nullptr, 0, 1);
        int wrong = 0;
        for (int at = 0; at < size; ++at) wrong += made[at] != 3 * (at * stride + offset) + 1;
        CHECK(wrong == 0);
      }
    }
  }
}
