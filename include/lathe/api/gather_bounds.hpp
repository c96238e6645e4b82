/// @file
/// Inputs that are indices: which ones, and how large their elements may be. In: a program. Out: a
/// bound for the generated elements, so that no candidate reads outside its tensors. Called by
/// oracle.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/lower/program.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe {

/// Values an integer input may take so that every gather through it stays in range.
class gather_bounds {
 public:
  LATHE_INLINE explicit gather_bounds(const program& of);

  /// True if elements of this tensor are used in indices, or in computing such elements.
  bool is_index(int tensor) const { return uses_[static_cast<std::size_t>(tensor)] != 0; }

  /// Largest b up to 2^20 such that gathers stay inside their tensors if all elements of index
  /// tensors are in [0, b); at least 1.
  LATHE_INLINE std::int64_t bound() const;

 private:
  LATHE_INLINE void mark(ir::expr index);
  LATHE_INLINE bool safe(std::int64_t values) const;
  LATHE_INLINE ir::interval of(ir::expr handle, std::int64_t values) const;

  const program& of_;
  sequence<char> uses_;  ///< by tensor
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/gather_bounds.ipp>
#endif
