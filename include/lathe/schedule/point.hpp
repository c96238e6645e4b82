/// @file
/// A search space as search strategies see it: a list of sites with finitely many choices each, and
/// a point that takes one choice per site. What a choice means (a split, an order, a bit) is known
/// to the space that derives from search_space and turns a point into a trace, and to nobody else.
#pragma once

#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lathe {

/// One decision per site: choices[s] in [0, sites[s].choices).
struct point {
  sequence<std::int32_t> choices;
  friend bool operator==(const point&, const point&) = default;
};

/// One open decision.
struct site {
  std::string name;          ///< for reports: "split C.i", "order C"
  std::int32_t choices = 1;  ///< number of choices, >= 1
  /// moves[c] lists the choices one move away from c: FlexTensor's directions (Zheng et al., ASPLOS
  /// 2020, section 4.2). Empty: unordered, every other choice is one move away.
  sequence<sequence<std::int32_t>> moves;
  std::int32_t group = 0;  ///< stage that is decided about: strategies may go group by group
  bool graph = false;      ///< about several stages: whether one is computed inside another
};

/// Moves of an ordered site (unroll depths, numbers of levels): one up or one down.
inline sequence<sequence<std::int32_t>> linear_moves(std::int32_t choices) {
  sequence<sequence<std::int32_t>> result(static_cast<std::size_t>(choices));
  for (std::int32_t choice = 0; choice < choices; ++choice) {
    auto& reachable = result[static_cast<std::size_t>(choice)];
    if (choice > 0) reachable.push_back(choice - 1);
    if (choice + 1 < choices) reachable.push_back(choice + 1);
  }
  return result;
}

/// Why a point is not worth compiling, known without compiling it.
struct rejection {
  std::string reason;     ///< one line: what is exceeded, by how much
  bool resource = false;  ///< legal code, but over a limit of the target (registers, shared memory)
};

/// Sites, the points to start from, and static pruning.
class search_space {
 public:
  virtual ~search_space() = default;

  sequence<site> sites;
  sequence<point> estimates;  ///< known-good points, the best first; every search starts with them

  /// Why `candidate` needs no measuring, or nothing. Must depend on the point alone.
  /// @pre is_inside(candidate)
  virtual std::optional<rejection> why_rejected(const point& candidate) const {
    static_cast<void>(candidate);
    return std::nullopt;
  }

  /// Identity of the program a point stands for: points of equal hash are measured once. The
  /// default hashes the choices; a space in which several points give one trace returns the trace's
  /// hash.
  virtual std::uint64_t hash(const point& candidate) const {
    std::uint64_t value = 0xcbf29ce484222325U;
    for (const std::int32_t choice : candidate.choices) {
      value = (value ^ static_cast<std::uint32_t>(choice)) * 0xff51afd7ed558ccdU;
      value ^= value >> 32;
    }
    return value;
  }

  /// How complicated the program is, in the space's own measure: of two that are equally fast the
  /// simpler one is taken.
  virtual int complexity(const point& candidate) const {
    static_cast<void>(candidate);
    return 0;
  }

  /// Number of points, saturating at 2^62.
  std::uint64_t size() const {
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    std::uint64_t product = 1;
    for (const site& one : sites) {
      const auto choices = static_cast<std::uint64_t>(one.choices);
      if (product > most / choices) return most;
      product *= choices;
    }
    return product;
  }

  /// True if `candidate` has one valid choice per site.
  bool is_inside(const point& candidate) const {
    if (candidate.choices.size() != sites.size()) return false;
    for (std::size_t index = 0; index < sites.size(); ++index) {
      const std::int32_t choice = candidate.choices[index];
      if (choice < 0 || choice >= sites[index].choices) return false;
    }
    return true;
  }
};

}  // namespace lathe
