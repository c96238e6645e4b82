// pad and bind: the exact nests of small cases, that they compute the same, and what is refused.
#include <lathe/analysis/describe.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include "columns.hpp"
#include "lower/nest_text.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using lathe::test::check_refused;
using lathe::test::nest_of;
using ::test::columns;

namespace {

const auto product = describe(ops::gemm(5, 6, 3));
const auto even = describe(ops::gemm(4, 8, 4));
const auto rows = describe(columns(6, 5));

}  // namespace

TEST_CASE("pad: what lies beyond the end is read as zero and not stored") {
  CHECK(nest_of(product, "pad(C.i, 4); pad(C.k, 2)") == R"(
phase0
  for i < 8
    for j < 6
      if i < 5
        C[i*6 + j] = 0.0f
      for k < 4
        if i < 5
          C[i*6 + j] = C[i*6 + j] + select(k < 3, select(i < 5 && k < 3, A[i*3 + k], 0.0f) * select(k < 3, B[k*6 + j], 0.0f), 0.0f)
)");
}

TEST_CASE("pad: an axis that is a multiple already stays as it is") {
  CHECK(nest_of(product, "pad(C.j, 3)") == nest_of(product, ""));
}

TEST_CASE("bind: parts that divide evenly stand in any order") {
  CHECK(nest_of(even,
                "split(C.j -> j0:_, jv:2, jt:2); split(C.i -> i0:_, it:2); reorder(C: i0 j0 it jt "
                "jv k); bind(C.i0, block); bind(C.j0, block); bind(C.it, thread); bind(C.jt, "
                "thread); bind(C.jv, vthread); cache_write(C, register)") == R"(
phase0
  block i0 < 2
    block j0 < 2
      thread it < 2
        thread jt < 2
          unrolled jv < 2
            C_acc[0] = 0.0f
            for k < 4
              C_acc[0] = C_acc[0] + A[i0*8 + it*4 + k] * B[k*8 + j0*4 + jv*2 + jt]
            C[i0*16 + it*8 + j0*4 + jv*2 + jt] = C_acc[0]
)");
}

TEST_CASE("bind: a copy that threads make together holds what all of them read") {
  CHECK(nest_of(product,
                "pad(C.i, 4); pad(C.k, 2); split(C.i -> i0:_, it:4); split(C.k -> k0:_, k1:2); "
                "reorder(C: i0 it k0 j k1); bind(C.i0, block); bind(C.it, thread); "
                "cache_read(A -> As at C.k0); fuse(As.i, As.k -> f); split(As.f -> f0:_, ft:4); "
                "bind(As.ft, thread)") == R"(
phase0
  block i0 < 2
    thread it < 4
      for j < 6
        if i0*4 + it < 5
          C[i0*24 + it*6 + j] = 0.0f
      for k0 < 2
        together
          for f0 < 2
            thread ft < 4
              As[f0*4 + ft] = select(i0*4 + f0*2 + ft/2 < 5 && k0*2 + ft%2 < 3, A[i0*12 + f0*6 + (ft/2)*3 + k0*2 + ft%2], 0.0f)
        for j < 6
          for k1 < 2
            if i0*4 + it < 5
              C[i0*24 + it*6 + j] = C[i0*24 + it*6 + j] + select(k0*2 + k1 < 3, As[it*2 + k1] * select(k0*2 + k1 < 3, B[k0*12 + k1*6 + j], 0.0f), 0.0f)
)");
}

TEST_CASE("pad: no condition ends the sum where copies hold zeros beyond its end") {
  const std::string nest =
      nest_of(product,
              "pad(C.k, 2); split(C.k -> k0:_, k1:2); reorder(C: i j k0 k1); bind(C.i, block); "
              "bind(C.j, thread); cache_read(A -> As at C.k0); bind(As.k, thread); "
              "cache_read(B -> Bs at C.k0); bind(Bs.j, thread)");
  CHECK_MESSAGE(nest.find("C[i*6 + j] = C[i*6 + j] + As[k1] * Bs[k1*6 + j]") != std::string::npos,
                nest);
}

TEST_CASE("a layout may leave room after its rows") {
  const std::string nest = nest_of(product, "cache_read(B -> Bs at C.i, [k j+2])");
  CHECK_MESSAGE(nest.find("Bs[k*8 + j] = B[k*6 + j]") != std::string::npos, nest);
  CHECK_MESSAGE(nest.find("A[i*3 + k] * Bs[k*8 + j]") != std::string::npos, nest);
}

TEST_CASE("pad and bind are refused where they cannot hold") {
  check_refused(product, "split(C.i -> a:_, b:2); pad(C.i, 4)", "pad comes before the other steps");
  check_refused(product, "pad(C.z, 4)", "has no axis 'z'; its axes are: i j k");
  check_refused(product, "pad(C.i, 4); pad(C.i, 8)", "padded already");
  check_refused(product, "pad(C.i, 5000)", "a multiple of at most 4096");
  check_refused(product, "bind(C.k, thread)", "is a reduce loop");
  check_refused(product, "bind(C.k, vthread)", "virtual threads are iterations of a spatial loop");
  check_refused(product, "bind(C.j, block)", "the loops over blocks are the outermost ones");
  check_refused(describe(ops::bilinear(3, 4, 5, 6)), "pad(Y.i, 4); factor(Y.k)",
                "factor comes before pad");
  check_refused(product, "buffers(C, 9)", "2 to 8 buffers, not 9");
  check_refused(product, "buffers(C, 2)", "is for what threads compute together");
  check_refused(product, "split(C.i -> a:_, b:4); reorder(C: b a j k)",
                "a split that does not divide evenly");
  check_refused(describe(ops::conv2d(1, 2, 2, 4, 4, 3, 1, 1)), "pad(P.yp, 3); compute_at(P, Y.f)",
                "so only all of it can be computed, at root");
  check_refused(rows, "narrow(C.t); pad(C.y, 4)", "narrow");
}

TEST_CASE("pad: partial results of a padded stage end where its result does") {
  CHECK(nest_of(product, "pad(C.i, 4); split(C.k -> k0:_, k1:2); rfactor(C.k1)") == R"(
phase0
  for i < 8
    for j < 6
      for k1 < 2
        if i < 5
          C_rf[i*12 + j*2 + k1] = 0.0f
        for k0 < 2
          if i < 5
            C_rf[i*12 + j*2 + k1] = C_rf[i*12 + j*2 + k1] + select(k0*2 + k1 < 3, select(i < 5 && k0*2 + k1 < 3, A[i*3 + k0*2 + k1], 0.0f) * select(k0*2 + k1 < 3, B[k0*12 + k1*6 + j], 0.0f), 0.0f)
phase1
  for i < 8
    for j < 6
      if i < 5
        C[i*6 + j] = 0.0f
      for k1 < 2
        if i < 5
          C[i*6 + j] = C[i*6 + j] + select(i < 5, C_rf[i*12 + j*2 + k1], 0.0f)
)");
}
