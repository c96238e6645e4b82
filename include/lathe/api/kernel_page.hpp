/// @file
/// A kernel as a page to look at: its loop nest, foldable, the memory each loop touches against the
/// caches, where it stands under the roofline, its source. In: an operator and a schedule. Out: one
/// self-contained HTML file. Not part of lathe.hpp; `lathe report` writes it.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/schedule/trace.hpp>

#include <string>
#include <string_view>

namespace lathe {

namespace detail {

/// Lines of a text by their indentation as HTML that folds: a line with deeper ones behind it is
/// the head of those.
LATHE_INLINE std::string folded_lines(std::string_view text);

}  // namespace detail

/// What is known of the kernel's speed besides.
struct kernel_page_facts {
  std::string origin;      ///< "the winner in the cache, 2026-01-31": where the schedule is from
  double seconds = 0;      ///< [s] per call, 0 = never measured
  double peak_gflops = 0;  ///< [GFLOP/s] of the arithmetic on all its threads, 0 = not known
  double peak_gbytes = 0;  ///< [GB/s] of the memory, 0 = not known
};

/// The page. @error LATHE-E2xx the schedule is illegal, E3xx
LATHE_INLINE result<std::string> kernel_page(const desc_view& desc, const trace& steps,
                                             const tuning_request& request,
                                             const kernel_page_facts& facts = {});

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/kernel_page.ipp>
#endif
