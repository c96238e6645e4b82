/// @file
/// A whole small search space with everything that trying its points once gave: what strategies are
/// compared on without a machine. In: the text of a table, written by `lathe lab record`. Out: a
/// search space and an evaluator that behave like those recorded. Called by tests and by the lab.
///
///     table   := "lathe table 1" NL header* points programs checksum
///     header  := ("title" | "command" | "machine") text NL
///              | "site" choices moves group name NL
///                                                  moves: "-", or "1,0;2,1": those of each choice;
///                                                  group: its number, then "g" if site::graph
///              | "estimate" choice* NL
///     points  := "points" count NL word*           first site slowest; "+": the next new program,
///                                                  "+7": the next seven, "12": program 12 again
///     programs := "programs" count NL
///                 (("ok" | "early") compile run first difference* NL
///                  | class compile run reason NL)*
///     checksum := "checksum" hex{16} NL             of all before it
///
/// Times are whole numbers: compile and run [us], samples [ns], all but the first as differences to
/// it. "early": the first samples were hopeless. "pruned_" begins the class of what the space
/// rejected without a trial. A text is read only if it is exactly what table_text() writes.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/schedule/point.hpp>
#include <lathe/search/replay.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe {

/// What was found out about one program.
struct table_program {
  measurement outcome;
  bool pruned = false;  ///< rejected by the space: search_space::why_rejected(), never tried
};

/// See the head of this file.
struct recorded_table {
  std::string title;    ///< "gemm M=192 N=192 K=192"
  std::string command;  ///< that recorded it
  std::string machine;  ///< and where
  sequence<site> sites;
  sequence<point> estimates;
  sequence<std::int32_t> program_of;  ///< per point, in the order of index_of()
  sequence<table_program> programs;

  /// The number of a point: the first site counts most.
  LATHE_INLINE std::size_t index_of(const point& at) const;
  /// Inverse of index_of().
  LATHE_INLINE point point_at(std::size_t index) const;
  /// Time of the fastest program [s], infinite if none has one.
  LATHE_INLINE double best_seconds() const;
  /// How hard the best is to find: the share of the programs that can be tried whose time is within
  /// `within` of the best. Random search meets one of them after about 1 / hardness trials.
  LATHE_INLINE double hardness(double within = 0.05) const;
};

/// The text of a table. Times are rounded. @pre texts are one line; samples shorter than 10^6 s
LATHE_INLINE std::string table_text(const recorded_table& table);

/// Reads a table. @error LATHE-E512 with the number of the line that is not as table_text() writes
LATHE_INLINE result<recorded_table> read_table(std::string_view text);

/// The space of a table: points that stood for one program when it was recorded still do.
class table_space final : public search_space {
 public:
  /// @param table           must outlive the space
  /// @param with_estimates  whether searches start with the schedules that the model chose
  LATHE_INLINE explicit table_space(const recorded_table& table, bool with_estimates);

  LATHE_INLINE std::optional<rejection> why_rejected(const point& candidate) const override;
  /// The number of the program.
  LATHE_INLINE std::uint64_t hash(const point& candidate) const override;

 private:
  const recorded_table& table_;
};

/// Makes an evaluator give the outcomes of a table. @param to  of the table's space
LATHE_INLINE void record_all(const recorded_table& table, replay_evaluator& to);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/table.ipp>
#endif
