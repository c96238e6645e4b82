// expect-error: \[LATHE-E001\]
// expect-flags: -std=c++17
// With an older standard the first line of the output says so.
#include <lathe/config.hpp>
