// CUDA text of small nests, exactly; launches; what cannot be written.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/target/cuda/emit_cuda.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace {

cuda_source source_of(const desc_view& desc, const char* steps) {
  result<program> scheduled = apply(make_program(desc), parse_trace(steps).value());
  REQUIRE_MESSAGE(scheduled, scheduled.error().what());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().what());
  result<cuda_source> made = emit_cuda(*nest);
  REQUIRE_MESSAGE(made, made.error().what());
  return std::move(*made);
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

const char* const tiled =
    "pad(C.i, 4); pad(C.j, 8); pad(C.k, 4); split(C.i -> i0:_, it:4); split(C.j -> j0:_, jt:2, "
    "jr:4); split(C.k -> k0:_, k1:4); reorder(C: i0 j0 it jt k0 k1 jr); bind(C.i0, block); "
    "bind(C.j0, block); bind(C.it, thread); bind(C.jt, thread); vectorize(C.jr); cache_write(C, "
    "register); cache_read(A -> As at C.k0); fuse(As.i, As.k -> f); split(As.f -> f0:_, ft:8, "
    "fv:4); bind(As.ft, thread); vectorize(As.fv); cache_read(B -> Bs at C.k0); fuse(Bs.k, Bs.j "
    "-> f); split(Bs.f -> f0:_, ft:8, fv:4); bind(Bs.ft, thread); vectorize(Bs.fv)";

}  // namespace

TEST_CASE("emit_cuda: a tiled matrix product") {
  const cuda_source made = source_of(describe(ops::gemm(8, 8, 8)), tiled);
  CHECK("\n" + made.text == R"(
extern "C" __global__ void __launch_bounds__(8) phase0(const float* __restrict__ A_given, const float* __restrict__ B_given, float* __restrict__ C_given) {
  const float* __restrict__ const A = static_cast<const float*>(__builtin_assume_aligned(A_given, 16));
  const float* __restrict__ const B = static_cast<const float*>(__builtin_assume_aligned(B_given, 16));
  float* __restrict__ const C = static_cast<float*>(__builtin_assume_aligned(C_given, 16));
  float C_acc[4];
  extern __shared__ __align__(16) unsigned char lathe_shared[];
  float* const As = reinterpret_cast<float*>(lathe_shared + 0);
  float* const Bs = reinterpret_cast<float*>(lathe_shared + 64);
  {
    const int i0 = (int)(blockIdx.x);
    {
      const int it = (int)(threadIdx.x / 2);
      {
        const int jt = (int)(threadIdx.x % 2);
        #pragma unroll
        for (int jr = 0; jr < 4; ++jr) {
          C_acc[jr] = 0.0f;
        }
        #pragma unroll 1
        for (int k0 = 0; k0 < 2; ++k0) {
          __syncthreads();
          {
            const int ft = (int)(threadIdx.x);
            if (ft < 4) {
              {
                __align__(16) float lanes[4];
                int fv = 0;
                *reinterpret_cast<uint4*>(lanes) = *reinterpret_cast<const uint4*>(&A[i0*32 + ft*8 + k0*4 + fv]);
                *reinterpret_cast<uint4*>(&As[ft*4 + fv]) = *reinterpret_cast<uint4*>(lanes);
              }
            }
          }
          {
            const int ft = (int)(threadIdx.x);
            {
              __align__(16) float lanes[4];
              int fv = 0;
              *reinterpret_cast<uint4*>(lanes) = *reinterpret_cast<const uint4*>(&B[k0*32 + ft*4 + fv]);
              *reinterpret_cast<uint4*>(&Bs[ft*4 + fv]) = *reinterpret_cast<uint4*>(lanes);
            }
          }
          __syncthreads();
          #pragma unroll 1
          for (int k1 = 0; k1 < 4; ++k1) {
            #pragma unroll
            for (int jr = 0; jr < 4; ++jr) {
              C_acc[jr] = C_acc[jr] + As[it*4 + k1] * Bs[k1*8 + jt*4 + jr];
            }
          }
        }
        {
          __align__(16) float lanes[4];
          int jr = 0;
          #pragma unroll
          for (jr = 0; jr < 4; ++jr) lanes[jr] = C_acc[jr];
          jr = 0;
          *reinterpret_cast<uint4*>(&C[i0*32 + it*8 + jt*4 + jr]) = *reinterpret_cast<uint4*>(lanes);
        }
      }
    }
  }
}
)");
  REQUIRE(made.launches.size() == 1);
  const cuda_launch& launch = made.launches[0];
  CHECK(launch.symbol == "phase0");
  CHECK(launch.blocks == 2);
  CHECK(launch.threads == 8);
  CHECK(launch.shared_bytes == 4 * (16 + 32));
  CHECK(launch.arguments == sequence<int>{0, 1, 2});
  CHECK(launch.registers_at_least == 4);
  CHECK(made.buffers.size() == 3);
  CHECK(made.buffers[2].output);
}

TEST_CASE("emit_cuda: accesses are guarded where the tensor ends, and whole only where all fits") {
  const cuda_source made = source_of(describe(ops::gemm(7, 6, 5)), tiled);
  CHECK(has(made.text, "if (i0*4 + it < 7 && jt*4 + jr < 6)"));
  CHECK(has(made.text,
            "lanes[fv] = (i0*4 + ft < 7 && k0*4 + fv < 5 ? A[i0*20 + ft*5 + k0*4 + fv] : "
            "0.0f);"));
  CHECK(!has(made.text, "*reinterpret_cast<const uint4*>(&"));
}

TEST_CASE("emit_cuda: buffers are filled ahead, with one barrier per chunk") {
  const std::string steps = std::string(tiled) + "; buffers(As, 3); buffers(Bs, 3)";
  const cuda_source made = source_of(describe(ops::gemm(8, 8, 32)), steps.c_str());
  CHECK(made.launches[0].shared_bytes == 3 * 4 * (16 + 32));
  CHECK(has(made.text, "lathe_copy_async16(&As_of_k0_next[ft*4 + fv], &A["));
  CHECK(has(made.text, "lathe_copy_async_wait<1>();\n          __syncthreads();"));
  CHECK(has(made.text, "for (int k0_next = 0; k0_next < 2; ++k0_next)"));
  CHECK(has(made.prelude, "cp.async"));
}

TEST_CASE("emit_cuda: what one thread would do as well as all is stored by one") {
  const cuda_source made =
      source_of(describe(ops::gemv(4, 64)),
                "split(y.k -> kp:_, kq:32); rfactor(y.kq); bind(y.i, block); cache_write(y, "
                "register); compute_at(y_rf, y.i); reorder(y_rf: i kq kp); bind(y_rf.kq, thread); "
                "cache_write(y_rf, register)");
  CHECK(made.launches[0].threads == 32);
  CHECK(has(made.text, "if (threadIdx.x == 0) {\n      y[i] = y_acc[0];"));
}

TEST_CASE("emit_cuda: blocks whose number depends on others are refused") {
  ir::nest nest;
  nest.name = "triangle";
  nest.param_count = 1;
  nest.buffers.push_back({"Y", dtype::f32, 9, ir::scope::param, true, false, false});
  const ir::expr row = nest.exprs.make_variable("row", 3);
  const ir::expr column = nest.exprs.make_variable("column", 3);
  ir::statement store;
  store.what = ir::stmt_kind::store;
  store.buffer = 0;
  store.index = nest.exprs.add(nest.exprs.scale(row, 3), column);
  store.value = nest.exprs.literal(dtype::f32, 0, 1);
  ir::statement inner;
  inner.what = ir::stmt_kind::loop;
  inner.how = ir::loop_kind::block;
  inner.variable = column;
  inner.extent = nest.exprs.add(row, nest.exprs.constant(1));
  inner.children = {nest.add(store)};
  ir::statement outer;
  outer.what = ir::stmt_kind::loop;
  outer.how = ir::loop_kind::block;
  outer.variable = row;
  outer.extent = nest.exprs.constant(3);
  outer.children = {nest.add(inner)};
  nest.phases.push_back({"phase0", nest.add(outer)});
  const result<cuda_source> made = emit_cuda(nest);
  REQUIRE(!made);
  CHECK(made.error().id() == "LATHE-E330");
  CHECK(has(made.error().what(), "not one chain of loops with constant trip counts"));
}

TEST_CASE("emit_cuda: a padded image is fetched ahead, under all conditions of its padding") {
  const cuda_source made = source_of(
      describe(ops::conv2d(1, 8, 6, 6, 4, 3, 1, 1)),
      "split(Y.rc -> r0:_, r1:4); reorder(Y: n f y x r0 r1 ry rx); bind(Y.n, block); bind(Y.f, "
      "block); bind(Y.y, block); bind(Y.x, thread); cache_write(Y, register); compute_at(P, Y.r0); "
      "fuse(P.n, P.c, P.yp, P.xp -> f); split(P.f -> f0:_, ft:6); bind(P.ft, thread); buffers(P, "
      "2)");
  CHECK(has(made.text, "lathe_copy_async4(&P_of_r0_next["));
}
