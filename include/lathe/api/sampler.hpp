/// @file
/// Single elements of a program, computed recursively from its unscheduled stages: what proves the
/// default kernel at points of a problem too large to interpret. In: a program and its inputs. Out:
/// elements. Called by oracle.hpp, for programs whose values are exact (exactness.hpp).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>

#include <cstdint>

namespace lathe {

/// One element of a tensor, in double: exact for programs whose values are.
/// @param inputs  per parameter: its data (row-major), null for outputs
/// @complexity O(sample_cost())
LATHE_INLINE double sample(const program& of, int tensor, const sequence<std::int64_t>& point,
                           const sequence<const void*>& inputs);

/// Element `at` of memory that holds elements of `type`, in double.
LATHE_INLINE double element_of(const void* data, dtype type, std::int64_t at);

/// Cost of sampling one element of a tensor [node evaluations, roughly].
LATHE_INLINE double sample_cost(const program& of, int tensor);

/// Point number `number` of a sampling: the corners of the first five dimensions first, then random
/// points.
LATHE_INLINE sequence<std::int64_t> sample_point(const sequence<std::int64_t>& shape,
                                                 std::uint32_t number, random_engine& engine);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/sampler.ipp>
#endif
