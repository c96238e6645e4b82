/// @file
/// Appends steps to a trace. In: names and factors. Out: the steps, in the order of the calls.
/// Called by the bodies of this folder.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>

#include <cstdint>
#include <string>

namespace lathe::detail {

/// Writes steps; one function per primitive.
class step_writer {
 public:
  explicit step_writer(trace& out) : out_(out) {}

  void split(const std::string& stage, const std::string& loop, sequence<split_part> parts);
  void reorder(const std::string& stage, sequence<std::string> loops);
  /// fuse or flatten
  void merge(primitive what, const std::string& stage, sequence<std::string> loops,
             const std::string& into);
  /// unroll, vectorize, parallel, rfactor, factor
  void annotate(primitive what, const std::string& stage, const std::string& loop);
  /// bind. @param index  "block", "thread" or "vthread"
  void bind(const std::string& stage, const std::string& loop, const char* index);
  /// Fuses the leading loops of a stage and makes them parallel. @returns the name that now stands
  /// for the last of them, "" if there is none
  std::string parallel(const std::string& stage, const sequence<std::string>& leading);
  /// @param loop  "" = over all reduce loops
  void cache_write(const std::string& stage, const std::string& loop);
  /// cache_read or pack. @param loop  "" = of the whole tensor
  void copy(primitive what, const std::string& tensor, const std::string& result,
            const std::string& stage, const std::string& loop, sequence<layout_item> layout);
  void prefetch(const std::string& tensor, const std::string& stage, const std::string& loop,
                int distance);
  void buffers(const std::string& stage, int count);
  void inline_stage(const std::string& stage);
  void line_buffer(const std::string& stage);
  /// pad. @param unit  what the iterations become a multiple of
  void pad(const std::string& stage, const std::string& axis, std::int64_t unit);
  /// compute_at
  void place(primitive what, const std::string& stage, const std::string& at_stage,
             const std::string& loop);

 private:
  step& add(primitive what, const std::string& stage);
  trace& out_;
};

/// The step that computes a stage where it is read.
LATHE_INLINE step inlining_of(const std::string& stage);

/// Takes a step if it is legal: changes the program and appends the step. False if it is not.
LATHE_INLINE bool take(program& scheduled, step made, trace& out);

/// A name for a part of an axis that no axis of the stage has: the axis and `level`.
LATHE_INLINE std::string part_name(const program_stage& stage, const std::string& axis, char level);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/step_writer.ipp>
#endif
