/// @file
/// What the bench prints and writes: lines per case, the geometric means, the page with charts.
#pragma once

#include "record.hpp"
#include <string>
#include <vector>

namespace bench {

/// Column titles of case_line().
std::string table_head(bool on_gpu = false);
/// One line of the table.
std::string case_line(const record& of);
/// The lines at the end: estimates, one `geomean <op> <ratio>` per operator and contract, and as
/// the very last `geomean all <ratio> min <ratio> <case>` of the plain contract; `geomean-gpu` of
/// records of a GPU.
/// `all` = the geometric mean of the operators' geometric means; library operators only.
std::string summary(const std::vector<record>& records);
/// A self-contained HTML page: a bar chart in SVG and a table per operator.
std::string html_page(const std::vector<record>& records);

}  // namespace bench
