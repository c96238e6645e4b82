/// @file
/// The schedule space of a GPU: sites for the decisions of gpu_tile.hpp, one group per stage. In: a
/// program and a device. Out: a search_space whose points are traces; the analytic schedule is its
/// first known-good point.
///
/// FlexTensor's space for GPUs (Zheng et al., ASPLOS 2020, section 4): splits into blocks, virtual
/// threads, threads and rows, with the binding decided beforehand; neighbours differ by one move.
/// Ours adds tiles that do not divide (their axes are padded), what is staged in shared memory, and
/// sums that threads or blocks share.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/point.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/space/gpu_cost.hpp>
#include <lathe/space/gpu_tile.hpp>
#include <lathe/target/cuda/device.hpp>

#include <cstdint>
#include <optional>

namespace lathe {

/// Which sums may be computed by tensor cores.
enum class tensor_use : unsigned char {
  none,    ///< none: all in the order and precision of f32
  halves,  ///< sums of products of f16 or bf16: the products are exact, the order of the sum is the
           ///< device's
  tf32     ///< also of f32, whose factors are rounded to 10 bits
};

/// See the head of this file.
class gpu_space : public search_space {
 public:
  LATHE_INLINE gpu_space(const program& of, const gpu::device& on,
                         tensor_use tensor = tensor_use::none);

  /// The trace a point stands for. @pre is_inside(candidate)
  LATHE_INLINE trace to_trace(const point& candidate) const;

  /// Threads, shared memory, registers and unroll volume, before anything is compiled.
  LATHE_INLINE std::optional<rejection> why_rejected(const point& candidate) const override;
  LATHE_INLINE std::uint64_t hash(const point& candidate) const override;

 private:
  /// One stage that is computed: its place among the sites, and what is read.
  struct group {
    int stage = 0;
    std::size_t first_site = 0;
    sequence<load_use> uses{};
    tensor_axes tensor{};  ///< that may be used
  };
  LATHE_INLINE void add_sites(group& of);
  LATHE_INLINE gpu_tile decode(const group& of, const point& candidate) const;
  LATHE_INLINE void encode(const group& of, const gpu_tile& tile, point& into) const;

  trace rewrites_;   ///< first steps of every schedule: factors, flattened axes, inlined stages
  program program_;  ///< after them
  gpu::device on_;
  sequence<group> groups_;
};

/// The analytic schedule, without measuring anything.
LATHE_INLINE trace estimate_gpu_trace(const program& of, const gpu::device& on,
                                      tensor_use tensor = tensor_use::none);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/gpu_space.ipp>
#endif
