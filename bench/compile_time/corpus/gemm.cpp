// The three-loop operator: described and computed.
#include <lathe/lathe.hpp>

static_assert(lathe::describe(lathe::ops::gemm(64, 64, 64)).spatial_loops() == 2);

void product(const float* a, const float* b, float* c) {
  lathe::evaluate(lathe::ops::gemm(64, 64, 64), a, b, c);
}
