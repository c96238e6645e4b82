/// @file
/// A peer whose headers were missing when the bench was built.
#pragma once

#include "peers.hpp"

namespace bench {

inline peer absent(const char* name, const char* package) {
  return {name, std::string("not built: no ") + package, false, nullptr, nullptr};
}

}  // namespace bench
