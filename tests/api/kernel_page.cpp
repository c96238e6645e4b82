// The page about a kernel.
#include <lathe/analysis/describe.hpp>
#include <lathe/api/kernel_page.hpp>
#include <lathe/api/session.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/target/cpu/host.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace {

tuning_request plain_request() {
  tuning_request request;
  request.target = generic_cpu(isa::avx2);
  return request;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("kernel_page: lines fold by their indentation") {
  CHECK(detail::folded_lines("a\n  b < 2\n    c\n  d\ne\n") ==
        "<details open><summary>a</summary>\n<details open><summary>b &lt; 2</summary>\n"
        "<div>c</div>\n</details>\n<div>d</div>\n</details>\n<div>e</div>\n");
  CHECK(detail::folded_lines("a\n  b\n") ==
        "<details open><summary>a</summary>\n<div>b</div>\n</details>\n");
  CHECK(detail::folded_lines("").empty());
}

TEST_CASE("kernel_page: loops, memory, speed, source of a product") {
  const auto product = describe(ops::gemm(64, 96, 32));
  const trace steps = parse_trace("split(C.j -> j0:_, j1:8); vectorize(C.j1)").value();
  kernel_page_facts facts{"a <test>", 1e-5, 100, 10};
  const std::string page = kernel_page(product, steps, plain_request(), facts).value();
  CHECK(page.find("<title>Kernel gemm</title>") != std::string::npos);
  CHECK(page.find("a &lt;test&gt;") != std::string::npos);
  CHECK(count_of(page, "<details") == count_of(page, "</details>"));
  CHECK(count_of(page, "<svg") == 1);
  // 64 x 32 + 32 x 96 + 64 x 96 floats, and those of one row of C.
  CHECK(page.find(">44.0 KiB</text>") != std::string::npos);
  CHECK(page.find(">12.5 KiB</text>") != std::string::npos);
  CHECK(page.find("L1 32.0 KiB") != std::string::npos);
  CHECK(page.find("j0 &lt; 12") != std::string::npos);
  // 393216 operations in 10 us, of 100 GFLOP/s; 45056 bytes at 10 GB/s.
  CHECK(page.find("<td>39.32</td><td>10.00</td><td>100.0 %</td>") != std::string::npos);
  CHECK(page.find("<td>100.00</td><td>3.93</td><td>39.3 %</td>") != std::string::npos);
  CHECK(page.find("<td>4.51</td><td>45.1 %</td>") != std::string::npos);
  CHECK(page.find("Memory is the limit") != std::string::npos);
  CHECK(page.find("int64_t") != std::string::npos);  // C
  CHECK(page.find("define ") != std::string::npos);  // LLVM IR
  CHECK(page.find("nan") == std::string::npos);
}

TEST_CASE("kernel_page: several stages, nothing measured; illegal schedules are errors") {
  const auto softmax = describe(ops::softmax(8, 40));
  const std::string page = kernel_page(softmax, {}, plain_request()).value();
  CHECK(page.find("<h2>Speed</h2>") == std::string::npos);
  CHECK(count_of(page, "<svg") == 4);
  const auto bad =
      kernel_page(softmax, parse_trace("vectorize(nothing.x)").value(), plain_request());
  REQUIRE(!bad);
  CHECK(bad.error().id().starts_with("LATHE-E2"));
}
