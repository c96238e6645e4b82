#include <lathe/report/chart.hpp>
#include <lathe/report/page.hpp>

#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace lathe;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

/// All numbers of ticks along the axis whose labels have this anchor.
std::string labels(const std::string& svg, const std::string& anchor) {
  std::string out;
  const std::string mark = "text-anchor=\"" + anchor + "\">";
  for (std::size_t at = svg.find(mark); at != std::string::npos; at = svg.find(mark, at + 1)) {
    const std::size_t begin = at + mark.size();
    out += (out.empty() ? "" : " ") + svg.substr(begin, svg.find('<', begin) - begin);
  }
  return out;
}

chart one_curve(sequence<double> x, sequence<double> y) {
  chart out{"best so far", "trials", "time [us]", {}};
  out.curves.push_back({"random", std::move(x), std::move(y), {}, {}});
  return out;
}

}  // namespace

TEST_CASE("chart: title, labels, legend and ticks are there") {
  const std::string svg = svg_of(one_curve({0, 50, 93}, {0.4, 0.2, 0.1}));
  CHECK(svg.find(">best so far<") != std::string::npos);
  CHECK(svg.find(">time [us]<") != std::string::npos);
  CHECK(svg.find(">random<") != std::string::npos);
  CHECK(labels(svg, "end") == "0 0.1 0.2 0.3 0.4");
  CHECK(labels(svg, "middle") == "0 20 40 60 80 100 trials");
  CHECK(count_of(svg, "<svg") == 1);
  CHECK(count_of(svg, "</svg>") == 1);
}

TEST_CASE("chart: a curve is made of steps, and begins with the first finite value") {
  const double never = std::numeric_limits<double>::infinity();
  const std::string svg = svg_of(one_curve({0, 5, 10}, {never, 4, 2}));
  // From (5, 4) right to (10, 4), then to (10, 2): places of the axes 0..10 and 0..4.
  CHECK(svg.find("d=\"M380 40L690 40L690 165\"") != std::string::npos);
}

TEST_CASE("chart: ticks for all kinds of ranges") {
  CHECK(labels(svg_of(one_curve({0, 1}, {3e-6, 7e-6})), "end") == "0 2e-06 4e-06 6e-06 8e-06");
  CHECK(labels(svg_of(one_curve({0, 1}, {-3, 25000})), "end") ==
        "-5000 0 5000 10000 15000 20000 25000");
  chart narrow = one_curve({0, 1}, {97, 103});
  narrow.from_zero = false;
  CHECK(labels(svg_of(narrow), "end") == "97 98 99 100 101 102 103");
  CHECK(!labels(svg_of(one_curve({}, {})), "end").empty());    // nothing to draw
  CHECK(!labels(svg_of(one_curve({3}, {0})), "end").empty());  // no range
}

TEST_CASE("chart: a band needs both its sides") {
  chart banded = one_curve({0, 1, 2}, {2, 2, 2});
  CHECK(svg_of(banded).find("opacity") == std::string::npos);
  banded.curves[0].low = {NAN, 1, 1};
  banded.curves[0].high = {3, 3, 3};
  const std::string svg = svg_of(banded);
  CHECK(count_of(svg, "opacity") == 1);
  CHECK(svg.find("nan") == std::string::npos);
}

TEST_CASE("page: text cannot become markup") {
  CHECK(html_text("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  const std::string page = html_page("<script>", "<p>x</p>");
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("<p>x</p>") != std::string::npos);
  chart named = one_curve({0, 1}, {1, 2});
  named.title = named.curves[0].name = "<script>";
  CHECK(svg_of(named).find("<script>") == std::string::npos);
}

TEST_CASE("page: a table has a head and rows") {
  CHECK(html_table({{"a", "b"}, {"1", "2"}}) ==
        "<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>2</td></tr>\n</table>\n");
}
