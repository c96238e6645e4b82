/// @file
/// What conditions and index expressions say about the axes in them: when a term of a reduction
/// counts, which elements an index can name. In: expressions of a program. Out: facts. Called by
/// narrow.ipp and by the space that decides what to narrow.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>

#include <cstdint>

namespace lathe::detail {

/// Conditions of which each must hold for the term of a reduction to count: where one does not, the
/// term is the reduction's neutral value. Over the variables of the stage's axes.
LATHE_INLINE sequence<ir::expr> conditions_of_terms(program& of, const program_stage& stage);

/// A condition (sum of axes) % modulus == remainder.
struct congruence {
  ir::expr sum = ir::none;
  std::int64_t modulus = 1;
  std::int64_t remainder = 0;
};

/// The congruence that a condition states; modulus 1 if it is none.
LATHE_INLINE congruence read_congruence(ir::pool& exprs, ir::expr condition);

/// Value of an index expression over variables, by their index in the pool. @pre all are given
LATHE_INLINE std::int64_t evaluate_index(const ir::pool& exprs, ir::expr value,
                                         const flat_map<std::int64_t, std::int64_t>& variables);

/// Most combinations of outer iterations that are looked at one by one to count inner ones.
inline constexpr std::int64_t most_points = 65536;

/// The numbers that an index is known to be: remainder + modulus * n. Modulus 0: remainder alone.
LATHE_INLINE congruence residues_of(ir::pool& exprs, ir::expr index);

/// True if an index expression is made of these variables and constants alone.
LATHE_INLINE bool is_over(const ir::pool& exprs, ir::expr value,
                          const sequence<ir::expr>& variables);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/conditions.ipp>
#endif
