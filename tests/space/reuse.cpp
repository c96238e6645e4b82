#include <lathe/lower/apply.hpp>
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/space/reuse.hpp>

#include <doctest/doctest.h>

using namespace lathe;

namespace {

const load_use& use_of(const program& of, const lathe::sequence<load_use>& uses,
                       const char* tensor) {
  for (const load_use& each : uses)
    if (of.tensors[static_cast<std::size_t>(each.tensor)].name == tensor) return each;
  FAIL("no such load");
  return uses[0];
}

}  // namespace

TEST_CASE("reuse: strides of a matrix product") {
  const program of = make_program(describe(ops::gemm(3, 5, 7)));
  const auto uses = loads_of(of, of.stages[0]);
  REQUIRE(uses.size() == 2);
  const load_use& a = use_of(of, uses, "A");
  CHECK(a.stride == lathe::sequence<std::int64_t>{7, 0, 1});
  CHECK(a.dim_of(0) == 0);
  CHECK(a.dim_of(1) == -1);
  CHECK(a.dim_of(2) == 1);
  CHECK_FALSE(a.depends(1));
  CHECK(use_of(of, uses, "B").stride == lathe::sequence<std::int64_t>{0, 1, 5});
  CHECK(output_strides(of, of.stages[0]) == lathe::sequence<std::int64_t>{5, 1, 0});
  CHECK(operations_per_point(of, of.stages[0]) == 2);
  CHECK(points_of(of.stages[0]) == 105);
}

TEST_CASE("reuse: quotients and remainders repeat") {
  const program of = make_program(describe(ops::block_circulant_matmul(8, 32, 32, 8)));
  const auto uses = loads_of(of, of.stages[0]);
  const load_use& w = use_of(of, uses, "w");  // w(k / 8, j / 8, (j - k) % 8)
  CHECK(w.repeat == lathe::sequence<std::int64_t>{1, 8, 8});
  CHECK(w.mean_stride == lathe::sequence<double>{0, 1, 4});
}

TEST_CASE("reuse: a strided, dilated window moves by several elements, and is no dimension") {
  const program of = make_program(describe(ops::conv2d(1, 2, 9, 11, 3, 3, 2, 0, 3)));
  const auto uses = loads_of(of, of.stages[1]);
  const load_use& image = use_of(of, uses, "P");
  // n f y x rc ry rx
  CHECK(image.stride == lathe::sequence<std::int64_t>{2 * 9 * 11, 0, 2 * 11, 2, 9 * 11, 3 * 11, 3});
  CHECK(image.dim_of(2) == -1);
  CHECK(image.dim_of(4) == 1);
}

TEST_CASE("reuse: where a narrowed window starts does not say which elements are near") {
  program of = make_program(describe(ops::conv2d(1, 2, 7, 7, 3, 3, 1, 1)));
  const auto before = loads_of(of, of.stages[1]);
  REQUIRE(apply_step(of, parse_trace("narrow(Y.ry: y)")->steps[0]).empty());
  REQUIRE(apply_step(of, parse_trace("narrow(Y.rx: x)")->steps[0]).empty());
  const auto after = loads_of(of, of.stages[1]);
  REQUIRE(after.size() == before.size());
  for (std::size_t at = 0; at < after.size(); ++at) {
    CHECK(after[at].tensor == before[at].tensor);
    CHECK(after[at].stride == before[at].stride);
    CHECK(after[at].irregular == before[at].irregular);
    CHECK(after[at].axis_of_dim == before[at].axis_of_dim);
  }
  // n f y x rc ry rx: all of W's rows are read if neither ry nor y, which decides it, has blocks.
  CHECK(use_of(of, before, "W").axes_through_dim[2] == lathe::sequence<int>{5});
  CHECK(use_of(of, after, "W").axes_through_dim[2] == lathe::sequence<int>{5, 2});
  CHECK(use_of(of, after, "P").axes_through_dim[2] == lathe::sequence<int>{2, 5, 2});
}

TEST_CASE("reuse: a strided window leaves out the last row, of which nothing is said then") {
  const program of = make_program(describe(ops::conv2d(1, 2, 8, 8, 3, 1, 2, 0)));
  const auto uses = loads_of(of, of.stages[1]);
  CHECK(use_of(of, uses, "P").axes_through_dim[2].empty());
  CHECK(use_of(of, uses, "P").axes_through_dim[1] == lathe::sequence<int>{4});
}

TEST_CASE("reuse: quotients and remainders are irregular, and depend all the same") {
  const program of = make_program(describe(ops::block_circulant_matmul(2, 8, 8, 4)));
  const auto uses = loads_of(of, of.stages[0]);
  const load_use& w = use_of(of, uses, "w");
  CHECK(w.irregular[0] == 0);
  CHECK(w.irregular[1] != 0);
  CHECK(w.irregular[2] != 0);
  CHECK(w.depends(1));
  CHECK_FALSE(w.depends(0));
}

TEST_CASE("reuse: rows that are not in step with a period need a load each") {
  const program of = make_program(describe(ops::group_conv2d(1, 512, 14, 14, 512, 4, 1)));
  const program_stage& convolution = of.stages.back();
  const int f = 1;  // n f y x; of group f / 128
  REQUIRE(convolution.axes[1].name == "f");
  int found = 0;
  for (const load_use& use : loads_of(of, convolution)) {
    if (!use.depends(f) || use.dim_of(f) >= 0) continue;
    ++found;
    CHECK(use.distinct_in(f, 16) == 1);
    CHECK(use.distinct_in(f, 14) == 14);  // 126 to 139 lie in two groups
    CHECK(use.distinct_in(f, 256) == 2);
  }
  CHECK(found == 1);
}
