#include <lathe/api/arguments.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include <array>
#include <doctest/doctest.h>
#include <memory>
#include <span>
#include <vector>

using namespace lathe;

namespace {

constexpr auto multiply = ops::gemm(7, 9, 5);
constexpr auto multiply_described = describe(multiply);
using operation = std::remove_const_t<decltype(multiply)>;

// What the run-time checks say about a call; "" if nothing.
template <class... Arguments>
std::string complaint(Arguments&&... arguments) {
  const call_arguments<operation> call(arguments...);
  const auto problem = call.check(multiply_described);
  return problem ? problem->what() : "";
}

// Views by the shape of their types, as the libraries have them.
template <class Element>
struct mdspan_of_two {
  Element* first;
  std::array<long, 2> extents, strides;
  Element* data_handle() const { return first; }
  long extent(std::size_t d) const { return extents[d]; }
  long stride(std::size_t d) const { return strides[d]; }
  static constexpr std::size_t rank() { return 2; }
};
struct kokkos_view {
  float* first;
  std::array<std::size_t, 2> extents, strides;
  static constexpr int rank = 2;
  float* data() const { return first; }
  std::size_t size() const { return extents[0] * extents[1]; }
  std::size_t extent(std::size_t d) const { return extents[d]; }
  std::size_t stride(std::size_t d) const { return strides[d]; }
};
struct xtensor_array {
  std::vector<float> storage;
  std::vector<std::size_t> extents;
  std::vector<std::ptrdiff_t> steps;
  const float* data() const { return storage.data(); }
  std::size_t size() const { return storage.size(); }
  const std::vector<std::size_t>& shape() const { return extents; }
  const std::vector<std::ptrdiff_t>& strides() const { return steps; }
};
template <bool IsVector>
struct eigen_matrix {  // column-major, as Eigen's default
  std::vector<float> storage;
  long count_rows, count_columns;
  static constexpr bool IsVectorAtCompileTime = IsVector;
  const float* data() const { return storage.data(); }
  long size() const { return count_rows * count_columns; }
  long rows() const { return count_rows; }
  long cols() const { return count_columns; }
  long rowStride() const { return 1; }
  long colStride() const { return count_rows; }
  long innerStride() const { return 1; }
};

struct matrices {
  std::vector<float> a = std::vector<float>(35), b = std::vector<float>(45),
                     c = std::vector<float>(63);
};

}  // namespace

TEST_CASE("arguments: pointers, spans, arrays and containers in order") {
  matrices m;
  CHECK(complaint(m.a, m.b, m.c) == "");
  CHECK(complaint(std::as_const(m.a), std::span<const float>(m.b), m.c.data()) == "");
  CHECK(complaint(static_cast<const float*>(m.a.data()), m.b, std::span(m.c)) == "");
  float c[7][9];
  std::array<float, 45> b{};
  CHECK(complaint(m.a, b, c) == "");
  const call_arguments<operation> call(m.a, b, c);
  CHECK(call.pointer(0) == m.a.data());
  CHECK(call.pointer(1) == b.data());
  CHECK(call.pointer(2) == &c[0][0]);
}

TEST_CASE("arguments: by name, in any order") {
  matrices m;
  const call_arguments<operation> call("C"_a = m.c, "A"_a = std::as_const(m.a), "B"_a = m.b.data());
  CHECK(call.pointer(0) == m.a.data());
  CHECK(call.pointer(1) == m.b.data());
  CHECK(call.pointer(2) == m.c.data());
  CHECK_FALSE(call.check(multiply_described));
}

TEST_CASE("arguments: bound parameters are not taken") {
  matrices m;
  const call_arguments<operation, name_list<dsl::id_of<"B">>> call(m.a, m.c);
  CHECK(call.pointer(0) == m.a.data());
  CHECK_FALSE(call.data()[1].given);
  CHECK(call.pointer(2) == m.c.data());
  CHECK_FALSE(call.check(multiply_described));
}

TEST_CASE("arguments: null and too small") {
  matrices m;
  CHECK(complaint(m.a, static_cast<float*>(nullptr), m.c) ==
        "[LATHE-E101] input B: expected 45 elements (5 x 9), got a null pointer");
  std::vector<float> three(3);
  CHECK(complaint(m.a, m.b, three) == "[LATHE-E102] output C: expected 63 elements (7 x 9), got 3");
  CHECK(complaint(std::vector<float>(36), m.b, m.c) == "");  // larger is fine
}

TEST_CASE("arguments: views must have the tensor's extents and be dense and row-major") {
  matrices m;
  CHECK(complaint(mdspan_of_two<const float>{m.a.data(), {7, 5}, {5, 1}}, m.b, m.c) == "");
  CHECK(complaint(mdspan_of_two<const float>{m.a.data(), {5, 7}, {7, 1}}, m.b, m.c) ==
        "[LATHE-E103] input A: expected extent 5 in dimension 1, got 7");
  CHECK(
      complaint(mdspan_of_two<float>{m.a.data(), {7, 5}, {1, 7}}, m.b, m.c) ==
      "[LATHE-E105] input A: expected a dense row-major view, stride 1 in dimension 1, got 7; copy "
      "it to dense storage first");
  CHECK(complaint(mdspan_of_two<float>{m.a.data(), {7, 5}, {6, 1}}, m.b, m.c)
            .starts_with("[LATHE-E105] input A: expected a dense row-major view, stride 5"));
  CHECK(complaint(m.a, m.b, kokkos_view{m.c.data(), {7, 9}, {9, 1}}) == "");
  CHECK(complaint(m.a, m.b, kokkos_view{m.c.data(), {7, 9}, {1, 7}}).starts_with("[LATHE-E105]"));
  CHECK(complaint(xtensor_array{m.a, {7, 5}, {5, 1}}, m.b, m.c) == "");
  CHECK(complaint(xtensor_array{m.a, {35}, {1}}, m.b, m.c) ==
        "[LATHE-E104] input A: expected a view of rank 2, got rank 1");
  CHECK(complaint(eigen_matrix<false>{m.a, 7, 5}, m.b, m.c).starts_with("[LATHE-E105]"));
}

TEST_CASE("arguments: a matrix type with one column is a vector") {
  constexpr auto times = ops::gemv(7, 5);
  matrices m;
  const call_arguments<std::remove_const_t<decltype(times)>> call(
      m.a, eigen_matrix<true>{std::vector<float>(5), 5, 1}, m.c);
  CHECK_FALSE(call.check(describe(times)));
  const call_arguments<std::remove_const_t<decltype(times)>> longer(
      m.a, eigen_matrix<true>{std::vector<float>(6), 6, 1}, m.c);
  REQUIRE(longer.check(describe(times)));
  CHECK(longer.check(describe(times))->id() == "LATHE-E103");
}

TEST_CASE("arguments: strides of extents of one do not matter") {
  constexpr auto row = ops::gemm(1, 9, 5);
  matrices m;
  const call_arguments<std::remove_const_t<decltype(row)>> call(xtensor_array{m.a, {1, 5}, {0, 1}},
                                                                m.b, m.c);
  CHECK_FALSE(call.check(describe(row)));
}

TEST_CASE("arguments: misaligned") {
  matrices m;
  std::vector<unsigned char> bytes(36 * sizeof(float));
  auto* const shifted = reinterpret_cast<float*>(bytes.data() + 1);
  CHECK(
      complaint(shifted, m.b, m.c) ==
      "[LATHE-E106] input A: expected an address that is a multiple of 4 bytes, as f32 needs, got "
      "one that is 1 past it");
}

TEST_CASE("arguments: an output must not overlap anything; inputs may") {
  std::vector<float> memory(200);
  float* const at = memory.data();
  CHECK(complaint(at, at, at + 45) == "");
  CHECK(complaint(at, at + 100, at + 34) ==
        "[LATHE-E107] output C: its memory overlaps that of input A; pass separate memory");
  CHECK(complaint(at, at + 100, at + 35) == "");
  CHECK(complaint(at, at + 100, at + 38).starts_with("[LATHE-E107]"));
  CHECK(complaint(at, at + 100, at + 37) == "");
}

TEST_CASE("arguments: two outputs must not overlap") {
  axis<"i"> i{4};
  tensor<"x", float, 1> x;
  tensor<"y", float, 1> y;
  tensor<"z", float, 1> z;
  const auto two = op<"two">(x, y, z)(y(i) = x(i), z(i) = 2 * x(i));
  std::vector<float> in(4), out(6);
  const call_arguments<std::remove_const_t<decltype(two)>> call(in, out.data(), out.data() + 3);
  const auto problem = call.check(describe(two));
  REQUIRE(problem);
  CHECK(problem->text() == "output y: its memory overlaps that of output z; pass separate memory");
}

TEST_CASE("arguments: params are converted as in a C call and live in the call") {
  axis<"i"> i{2};
  param<"a", double> a;
  param<"n", std::int64_t> n;
  tensor<"y", double, 1> y;
  const auto fill = op<"fill">(a, n, y)(y(i) = a + cast<double>(n));
  std::vector<double> out(2);
  const call_arguments<std::remove_const_t<decltype(fill)>> call(3, 4, out);
  CHECK(*static_cast<const double*>(call.pointer(0)) == 3.0);
  CHECK(*static_cast<const std::int64_t*>(call.pointer(1)) == 4);
  CHECK_FALSE(call.check(describe(fill)));
}
