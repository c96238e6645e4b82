/// @file
/// How many entries of each kind a flat description has room for. Expression types add these up
/// (dsl/), the description sizes its arrays with them (analysis/describe.hpp).
#pragma once

namespace lathe {

/// Number of entries per array of a description. Structural: usable as a template argument.
struct capacity {
  int exprs = 0;
  int axes = 0;
  int tensors = 0;
  int accesses = 0;
  int stages = 0;
};

/// Entry-wise sum.
constexpr capacity operator+(const capacity& left, const capacity& right) {
  return {left.exprs + right.exprs, left.axes + right.axes, left.tensors + right.tensors,
          left.accesses + right.accesses, left.stages + right.stages};
}

}  // namespace lathe
