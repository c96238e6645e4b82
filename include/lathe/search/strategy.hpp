/// @file
/// What every search system has in common: it proposes points of a space and is told what they
/// gave. In: a space and a seed. Out: points to try. Called by tuner.hpp; one strategy per header
/// beside this one (random.hpp, evolve.hpp).
#pragma once

#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/schedule/point.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// One trial: a point and what it gave.
struct observation {
  point at;
  measurement outcome;
};

/// Chooses what to try next. Deterministic: the same seed and the same observations give the same
/// proposals, for every batch size.
class strategy {
 public:
  virtual ~strategy() = default;

  /// Up to `n` points of distinct hash that were neither observed nor proposed before. May return
  /// fewer when it wants their outcomes first. Empty: the space is exhausted.
  virtual sequence<point> propose(int n) = 0;

  /// The outcomes of all points proposed last, in that order; also outcomes of points that somebody
  /// else chose: the estimates at the start, records of earlier runs.
  virtual void observe(std::span<const observation> trials) = 0;
};

/// The programs a strategy has met, by search_space::hash().
class seen_points {
 public:
  /// Remembers `candidate`; false if a point of its hash was there already.
  bool add(const search_space& space, const point& candidate) {
    return hashes_.insert(space.hash(candidate));
  }
  /// True if a program of that hash was there.
  bool contains(std::uint64_t hash) const { return hashes_.contains(hash); }
  /// Number of distinct programs.
  std::size_t size() const { return hashes_.size(); }

 private:
  flat_set<std::uint64_t> hashes_;
};

}  // namespace lathe
