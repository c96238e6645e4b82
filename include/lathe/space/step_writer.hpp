/// @file
/// Appends steps to a trace. In: names and factors. Out: the steps, in the order of the calls.
/// Called by the bodies of tile.hpp and transposition.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/schedule/trace.hpp>

#include <string>

namespace lathe::detail {

/// Writes steps; one function per primitive.
class step_writer {
 public:
  explicit step_writer(trace& out) : out_(out) {}

  void split(const std::string& stage, const std::string& loop, sequence<split_part> parts);
  void reorder(const std::string& stage, sequence<std::string> loops);
  void fuse(const std::string& stage, sequence<std::string> loops, const std::string& into);
  /// unroll, vectorize, parallel, rfactor
  void annotate(primitive what, const std::string& stage, const std::string& loop);
  /// @param loop  "" = over all reduce loops
  void cache_write(const std::string& stage, const std::string& loop);
  /// cache_read or pack. @param loop  "" = of the whole tensor
  void copy(primitive what, const std::string& tensor, const std::string& result,
            const std::string& stage, const std::string& loop, sequence<layout_item> layout);
  void prefetch(const std::string& tensor, const std::string& stage, const std::string& loop,
                int distance);
  /// compute_at
  void place(primitive what, const std::string& stage, const std::string& at_stage,
             const std::string& loop);

 private:
  step& add(primitive what, const std::string& stage);
  trace& out_;
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/step_writer.ipp>
#endif
