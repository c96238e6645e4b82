// One small operator, described.
#include <lathe/lathe.hpp>

static_assert(lathe::describe(lathe::ops::gemv(64, 64)).reduce_loops() == 1);
