// Four stages with two reducers and intermediates.
#include <lathe/lathe.hpp>

static_assert(lathe::describe(lathe::ops::softmax(8, 100)).stage_count >= 3);
