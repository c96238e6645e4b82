/// @file
/// Memory for kernel arguments under test: guard pages on both sides, known fill, known inputs. In:
/// sizes and element types. Out: memory in which a stray access faults or is noticed. Called by
/// arguments.hpp and the worker.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/random.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe {

/// Where the data lies between its guard pages.
enum class buffer_layout : unsigned char {
  ends_at_guard,  ///< the first byte behind the data faults; the start is aligned to the element
  starts_aligned  ///< 64-byte aligned start; up to 63 checked padding bytes before the guard behind
};

/// Who sees writes after a fork.
enum class buffer_sharing : unsigned char {
  own,    ///< copy on write
  shared  ///< parent and children write to the same pages
};

/// Memory between two inaccessible pages. Bytes between a guard and the data hold a pattern that
/// padding_intact() checks, so that every write outside the data is noticed, one way or the other.
class guarded_buffer {
 public:
  guarded_buffer() = default;
  /// @param bytes  size of the data, >= 0
  /// @error LATHE-E501 if the system has no memory
  LATHE_INLINE explicit guarded_buffer(std::int64_t bytes,
                                       buffer_layout layout = buffer_layout::ends_at_guard,
                                       buffer_sharing sharing = buffer_sharing::own);
  LATHE_INLINE guarded_buffer(guarded_buffer&& other) noexcept;
  LATHE_INLINE guarded_buffer& operator=(guarded_buffer&& other) noexcept;
  LATHE_INLINE ~guarded_buffer();

  /// First byte of the data.
  std::byte* data() const { return data_; }
  /// [bytes]
  std::int64_t size() const { return size_; }

  /// False if something was written between the data and a guard page. @complexity O(page size)
  LATHE_INLINE bool padding_intact() const;
  /// Restores the pattern that padding_intact() checks.
  LATHE_INLINE void reset_padding();
  /// Makes writing to the data fault, in this process only.
  LATHE_INLINE void forbid_writing() const;
  /// True if `address` lies in the data, its padding or its guard pages.
  LATHE_INLINE bool owns(const void* address) const;

 private:
  LATHE_INLINE void release() noexcept;

  std::byte* mapping_ = nullptr;  // front guard, padding, data, padding, back guard
  std::int64_t mapped_bytes_ = 0;
  std::byte* data_ = nullptr;
  std::int64_t size_ = 0;
};

/// Fills `elements` elements with a value that results do not have: a NaN with a payload of its
/// own, or an integer pattern. Outputs and workspaces get it before a kernel runs.
LATHE_INLINE void fill_untouched(void* data, dtype type, std::int64_t elements);

/// How many elements still hold the value of fill_untouched().
LATHE_INLINE std::int64_t count_untouched(const void* data, dtype type, std::int64_t elements);

/// Largest magnitude of input elements, 2 or 1, for which every partial sum of `terms` products of
/// `factors` inputs each is exact in `type`, in any order: terms * r^factors <= 2^p with p = 24 for
/// f32 and 53 for f64. 0 if there is none; integers wrap and are always exact.
/// @param terms    longest sum of the operator, >= 1
/// @param factors  tensors multiplied in one term, >= 1
LATHE_INLINE int exact_magnitude(dtype type, std::int64_t terms, int factors);

/// Inputs {-r..r} without 0, so that every element counts; {1..r} for unsigned, 0 and 1 for
/// boolean.
/// @param magnitude  r, 1 or 2: see exact_magnitude()
LATHE_INLINE void fill_exact(void* data, dtype type, std::int64_t elements, int magnitude,
                             random_engine& engine);

/// Inputs for operators with exp, division and the like: uniform in [0.5, 2), both signs unless
/// `positive` (log, sqrt, pow need it). Integer types get fill_exact() with magnitude 2.
LATHE_INLINE void fill_real(void* data, dtype type, std::int64_t elements, bool positive,
                            random_engine& engine);

/// Inputs of integer type that index other tensors: uniform in [0, bound). @pre 0 < bound < 2^31
LATHE_INLINE void fill_indices(void* data, dtype type, std::int64_t elements, std::int64_t bound,
                               random_engine& engine);

/// Hash of `bytes` bytes: equal before and after a run if inputs were left alone. About 5 GB/s.
LATHE_INLINE std::uint64_t hash_bytes(const void* data, std::int64_t bytes);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/buffer.ipp>
#endif
