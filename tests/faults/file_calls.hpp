/// @file
/// Between lathe and the system: every file call of the library in this program comes here first
/// (see CMakeLists.txt), and fails, kills the process or behaves as on a network file system if the
/// test says so.
#pragma once

#include <cstdint>

namespace faults {

/// What happens at one call.
enum class fault : unsigned char {
  none,
  fail,         ///< the call fails with `error`; a write may have written a part of its bytes
  fail_always,  ///< so do all later calls that could change something
  kill_before,  ///< SIGKILL instead of the call
  kill_inside,  ///< SIGKILL when half of the bytes of a write are written
  kill_after    ///< SIGKILL behind it
};

/// The rules of this process. Calls are counted from the moment they are set.
struct rules {
  fault what = fault::none;
  int at = 0;  ///< number of the call, from 0
  int error = 0;
  bool network = false;  ///< see network.cpp; `seed` says when
  std::uint64_t seed = 1;
};

void set(const rules& wanted);

/// Calls since then.
int calls();

}  // namespace faults
