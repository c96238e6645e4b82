/// @file
/// A design for people: what it takes, how long it runs and what bounds it. In: what explore_fpga()
/// found. Out: text, and an HTML page with a roofline picture. Both say that figures are a model's.
#pragma once

#include <lathe/api/fpga.hpp>
#include <lathe/config.hpp>

#include <string>

namespace lathe {

/// Lines for a terminal.
LATHE_INLINE std::string to_text(const fpga_found& design);

/// A page that needs no other file: the table of to_text(), the roofline, schedule and source.
LATHE_INLINE std::string to_html(const fpga_found& design);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/fpga_report.ipp>
#endif
