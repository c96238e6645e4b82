/// @file
/// A chart of curves with bands, as SVG. In: numbers. Out: text that stands in a page (page.hpp).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <string>

namespace lathe {

/// A curve, and the band around it.
struct chart_curve {
  std::string name;
  sequence<double> x;    ///< ascending
  sequence<double> y;    ///< where it is not finite, there is no curve
  sequence<double> low;  ///< of the band; empty: none
  sequence<double> high;
};

/// What is drawn.
struct chart {
  std::string title;
  std::string x_label, y_label;  ///< with units: "time [s]"
  sequence<chart_curve> curves;
  bool from_zero = true;  ///< the vertical axis begins at 0
};

/// The chart: title, axes with ticks and labels, legend. A curve is a line of steps, as values hold
/// until the next one. 900 units wide.
LATHE_INLINE std::string svg_of(const chart& drawn);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/report/chart.ipp>
#endif
