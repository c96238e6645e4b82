/// @file
/// Random legal schedules for the property tests. In: a program and a random engine. Out: a trace
/// that apply() accepts, over all primitives, and what was refused on the way. Called by pair.hpp.
#pragma once

#include <lathe/core/random.hpp>
#include <lathe/lower/apply.hpp>

#include <string>
#include <vector>

namespace lathe::property {

/// A schedule and how it came about.
struct random_schedule {
  trace steps;
  apply_options options;
  int refused = 0;     ///< proposals that apply_step refused
  std::string broken;  ///< a rule of apply_step itself that was broken; empty = none
};

/// Proposes steps until enough of them are accepted, then drops those that are illegal together.
random_schedule make_schedule(const program& base, random_engine& engine);

/// The same for GPUs: most stages are spread over blocks and threads, which make copies together.
random_schedule make_gpu_schedule(const program& base, random_engine& engine);

}  // namespace lathe::property
