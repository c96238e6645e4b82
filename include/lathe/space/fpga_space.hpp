/// @file
/// The schedule space of FPGAs. In: a program and what the device holds. Out: a search_space whose
/// points are traces.
///
/// FlexTensor's space for FPGAs (Zheng et al., ASPLOS 2020, table 2 and section 5.3) on the steps
/// that there are:
///
/// - Processing elements: `unroll`, the innermost part of every axis.
/// - Buffer, rows and columns held: the part above it is what a tile holds, by `cache_read`,
///   `compute_at` and `cache_write(.., buffer)`; and the tile loop that they are at. What is padded
///   is held with its padding, or as it is in memory: rows of it are bursts, and what is read
///   beyond their ends is replaced where it is used.
/// - Pipeline: read, compute and write are stages of it beforehand (target/fpga/kernel.hpp).
/// - Partition, memory banks: follow from what is unrolled (target/fpga/banks.hpp).
///
/// Axes are split into three parts that divide them (outer tile, loop of a tile, copies), moved by
/// one prime factor from one part to another (section 4.2). Reduce loops of a tile run outside of
/// the spatial ones, so that sums are interleaved and the pipeline need not wait for its adder.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/point.hpp>
#include <lathe/schedule/trace.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace lathe {

/// What no design may exceed, known before any is built.
struct fpga_limits {
  std::int64_t copies = 1024;          ///< of the body of a reduction, by unrolling
  std::int64_t buffer_bits = 1 << 26;  ///< of all buffers of a stage, single [bits]
};

/// See the head of this file.
class fpga_space : public search_space {
 public:
  LATHE_INLINE fpga_space(program of, const fpga_limits& limits);

  /// The trace a point stands for. @pre is_inside(candidate)
  LATHE_INLINE trace to_trace(const point& candidate) const;

  LATHE_INLINE std::optional<rejection> why_rejected(const point& candidate) const override;
  LATHE_INLINE std::uint64_t hash(const point& candidate) const override;

 private:
  /// How one dimension of a load moves with the axes of a reduction.
  struct index_form {
    std::int64_t offset = 0;
    sequence<std::int64_t> steps;  ///< by axis
    bool affine = true;
  };
  /// Iterations of the parts of an axis, outermost first.
  using parts = std::array<std::int64_t, 3>;
  /// One way to hold what a reduction reads in a buffer.
  struct holding {
    int tensor = 0;                        ///< what the buffer holds
    std::string filling;                   ///< the stage that fills it
    bool copies = true;                    ///< it copies; else it computes the tensor in the tile
    sequence<std::string> loops;           ///< of it, one per dimension
    sequence<sequence<index_form>> loads;  ///< of the tensor, by dimension
    sequence<char> moved_by;               ///< by axis of the reduction: some load depends on it
    bool window = false;                   ///< several axes move along one dimension
  };
  /// A tensor that a reduction reads.
  struct operand {
    int tensor = 0;
    int producer = -1;  ///< pointwise stage that computes it for this reduction alone; -1: none
    sequence<holding> ways;   ///< to hold it
    std::int32_t places = 2;  ///< where, for each way: the first ones of detail::fpga_place
    std::size_t site = 0;     ///< where it is held; the next one: elements read per cycle
  };
  /// What a buffer holds at a tile loop, by dimension.
  struct held_part {
    sequence<std::int64_t> room;    ///< elements of the buffer
    sequence<std::int64_t> filled;  ///< of which so many are in the tensor, where that is known
    sequence<char> asks;            ///< else every element is asked if it is
  };
  /// What a line buffer takes anew in each iteration of the loop that it is held at.
  struct line_rows {
    std::size_t dim = 0;
    std::int64_t rows = 0;  ///< along it; 0: it is no line buffer, or iterations share nothing
  };
  struct stage_sites {
    std::size_t first = 0;             ///< sites of the axes, then of the order
    sequence<sequence<parts>> splits;  ///< by axis: the choices
    sequence<operand> operands;
  };

  LATHE_INLINE void inline_producers();
  LATHE_INLINE void add_sites(int stage);
  LATHE_INLINE void add_operands(int stage);
  LATHE_INLINE void add_way(int stage, int tensor, const program& before, operand& to) const;
  LATHE_INLINE void add_way_of_input(int stage, operand& to) const;
  LATHE_INLINE sequence<parts> split_of(std::size_t stage, const point& candidate) const;
  LATHE_INLINE sequence<int> outer_order(std::size_t stage, const point& candidate) const;
  static LATHE_INLINE const holding* way_of(const operand& of, const point& candidate);
  LATHE_INLINE line_rows rows_of(std::size_t stage, const operand& of, const point& candidate,
                                 const held_part& part) const;
  LATHE_INLINE int held_at(std::size_t stage, const operand& of, const point& candidate,
                           const sequence<int>& order) const;
  LATHE_INLINE held_part part_of(std::size_t stage, const holding& of, int at,
                                 const sequence<int>& order, const sequence<parts>& split) const;
  LATHE_INLINE void write_reduction(std::size_t stage, const point& candidate, trace& out) const;
  LATHE_INLINE void widen(const holding& of, const held_part& part, std::int64_t width,
                          trace& out) const;
  LATHE_INLINE void write_pointwise(std::size_t stage, const point& candidate, trace& out) const;
  LATHE_INLINE std::int64_t buffer_bits(std::size_t stage, const point& candidate) const;

  trace inlined_;    ///< first steps of every schedule
  program program_;  ///< after them
  fpga_limits limits_;
  sequence<stage_sites> of_stage_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/fpga_space.ipp>
#endif
