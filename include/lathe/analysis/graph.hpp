/// @file
/// The stages of an operator as a graph: who produces what, who reads it. Constexpr functions over
/// the flat description; edges follow from the accesses, nothing is stored.
#pragma once

#include <lathe/analysis/desc.hpp>

namespace lathe {

/// Number of parameters that a stage computes; the other parameters are inputs.
constexpr int outputs_of(const desc_view& desc) {
  int count = 0;
  for (int t = 0; t < desc.param_count; ++t) count += desc.tensors[t].producer >= 0 ? 1 : 0;
  return count;
}

/// True if stage `reader` reads what stage `writer` computes.
/// @complexity O(accesses)
constexpr bool reads_stage(const desc_view& desc, int reader, int writer) {
  const short tensor = desc.stages[writer].tensor;
  for (int a = 0; a < desc.access_count; ++a) {
    const desc_access& access = desc.accesses[a];
    if (access.stage == reader && !access.write && access.tensor == tensor) return true;
  }
  return false;
}

/// Number of stages that read what `stage` computes.
constexpr int consumers_of(const desc_view& desc, int stage) {
  int count = 0;
  for (int s = 0; s < desc.stage_count; ++s) count += reads_stage(desc, s, stage) ? 1 : 0;
  return count;
}

/// The n-th consumer of `stage` in order of writing, -1 if there are fewer.
constexpr int consumer_of(const desc_view& desc, int stage, int n) {
  for (int s = 0; s < desc.stage_count; ++s) {
    if (reads_stage(desc, s, stage) && n-- == 0) return s;
  }
  return -1;
}

/// Number of stages whose results `stage` reads.
constexpr int producers_of(const desc_view& desc, int stage) {
  int count = 0;
  for (int s = 0; s < desc.stage_count; ++s) count += reads_stage(desc, stage, s) ? 1 : 0;
  return count;
}

/// The n-th producer of `stage` in order of writing, -1 if there are fewer.
constexpr int producer_of(const desc_view& desc, int stage, int n) {
  for (int s = 0; s < desc.stage_count; ++s) {
    if (reads_stage(desc, stage, s) && n-- == 0) return s;
  }
  return -1;
}

/// The stage with the most reduce loops, the last of them if several have: the one worth tuning.
constexpr int main_stage_of(const desc_view& desc) {
  int best = 0;
  for (int s = 1; s < desc.stage_count; ++s) {
    if (desc.stages[s].reduce >= desc.stages[best].reduce) best = s;
  }
  return best;
}

}  // namespace lathe
