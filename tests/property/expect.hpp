/// @file
/// What a test case makes of one pair: see pair.hpp, which knows nothing of test cases.
#pragma once

#include "property/pair.hpp"
#include <doctest/doctest.h>

namespace lathe::property {

/// Checks a pair on one instruction set. If the schedule changes a result, the test case ends with
/// the shortest trace that still does.
inline verdict expect_no_change(pair_checker& checker, const random_pair& pair) {
  const verdict of = checker.check(pair, false);
  if (of.failure.empty()) return of;
  const random_pair smaller = checker.shrink(pair);
  FAIL(report(smaller, checker.check(smaller, true).failure));
  return of;
}

}  // namespace lathe::property
