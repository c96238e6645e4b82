/// @file
/// A part of a search space small enough to be tried whole. In: a space and how many choices to
/// keep where. Out: sites of the part, and its points in the space. Called by recorder.hpp.
#pragma once

#include <lathe/schedule/point.hpp>

#include <string>
#include <vector>

namespace lab {

/// How many choices sites keep.
struct variation {
  std::string begin;  ///< of the names of the sites: "rows", "block k C"
  int choices = 1;    ///< kept of each, if it has so many
};

/// Every site that no variation names keeps the choice of the estimate alone; a named one keeps
/// that and others spread evenly over its range. Of several variations the last that fits a name
/// counts.
class restriction {
 public:
  /// @param whole  must outlive the restriction
  /// @error std::invalid_argument for a variation that names no site
  restriction(const lathe::search_space& whole, const std::vector<variation>& variations);

  /// Sites with the choices kept. An ordered site is ordered still.
  const lathe::sequence<lathe::site>& sites() const { return sites_; }
  /// A point of the part as one of the space.
  lathe::point in_whole(const lathe::point& of_part) const;
  /// A point of the space as one of the part. @pre only kept choices
  lathe::point in_part(const lathe::point& of_whole) const;

 private:
  std::vector<std::vector<int>> kept_;  // per site of the space: choices, ascending
  lathe::sequence<lathe::site> sites_;
};

}  // namespace lab
