/// @file
/// Searches that go on where they were interrupted. In: outcomes that an earlier search has noted.
/// Out: the same at once for programs that it tried; others are tried, and noted. A strategy that
/// begins with the same seed proposes what it proposed then, so that it is soon where it was; any
/// other strategy is spared what was tried. Called by api/session.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/tuner.hpp>

#include <cstdint>
#include <span>

namespace lathe {

/// See the head of this file. Finalists are compared afresh: noted times are of another hour.
class resuming_evaluator final : public evaluator {
 public:
  /// Called for every new outcome, as soon as its batch has been evaluated; may be null.
  using note_function = void (*)(const observation& found, void* context);

  /// @param space  as the evaluator behind it, must outlive this one
  resuming_evaluator(const search_space& space, evaluator& judge, note_function note, void* context)
      : space_(space), judge_(judge), note_(note), context_(context) {}

  /// Takes an outcome over; the first of a program counts. @param hash  search_space::hash()
  void know(std::uint64_t hash, measurement outcome) { known_.add(hash, std::move(outcome)); }

  LATHE_INLINE sequence<observation> evaluate(std::span<const point> points,
                                              double seconds) override;
  sequence<observation> compare(std::span<const point> finalists, double seconds) override {
    return judge_.compare(finalists, seconds);
  }

  /// How many points were answered from what was known.
  int answered() const { return answered_; }

 private:
  const search_space& space_;
  evaluator& judge_;
  note_function note_;
  void* context_;
  flat_map<std::uint64_t, measurement> known_;
  int answered_ = 0;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/resume.ipp>
#endif
