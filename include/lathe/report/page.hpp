/// @file
/// Pages of HTML that need nothing but themselves: no network, no script, no file beside them. In:
/// texts and charts. Out: the page. Called by tuning_page.hpp and by the lab.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <string>
#include <string_view>

namespace lathe {

/// A text as HTML shows it, also between quotation marks.
LATHE_INLINE std::string html_text(std::string_view text);

/// A number with so many digits after the point.
LATHE_INLINE std::string html_number(double value, int digits);

/// A table: the first row is its head, and is shown as such. Cells are HTML; the first of a row is
/// aligned to the left, the others to the right.
LATHE_INLINE std::string html_table(const sequence<sequence<std::string>>& rows);

/// A whole page. @param title  as text; also its first headline. @param body  as HTML
LATHE_INLINE std::string html_page(std::string_view title, std::string_view body);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/report/page.ipp>
#endif
