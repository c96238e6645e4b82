/// @file
/// One way to compute a case, ready to be called: what lathe and every peer hand to the timing.
#pragma once

#include <functional>
#include <string>

namespace bench {

/// What a contestant is given ahead of time, and so what it is compared with.
enum class contract {
  plain,     ///< A: all operands in the operator's own layout, everything else inside the call
  packed,    ///< P: weights prepared ahead, the others plain
  own,       ///< the library's own layout for everything: shown, not scored
  winograd,  ///< fewer multiplications, inexact, weights transformed ahead: shown, not scored
  tf32,      ///< GPUs: factors rounded to 10 bits for tensor cores: shown, not scored
  naive      ///< plain loops as a compiler translates them: shown; the peer of custom operators
};

/// The word in records and tables.
constexpr const char* name_of(contract terms) {
  switch (terms) {
    case contract::plain: return "plain";
    case contract::packed: return "packed";
    case contract::own: return "own";
    case contract::winograd: return "winograd";
    case contract::tf32: return "tf32";
    case contract::naive: return "naive";
  }
  return "?";
}

/// One implementation, bound to one set of operands.
struct contestant {
  std::string library;  ///< "OpenBLAS"
  std::string how;      ///< "sgemm"
  contract terms = contract::plain;
  std::function<void()> run;       ///< one call
  std::function<void()> finish{};  ///< not timed: brings the result into the plain output
  bool inexact =
      false;  ///< other products than the formula's, so that sums of integers are rounded
};

}  // namespace bench
