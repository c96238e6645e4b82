// The loop nests of two traces written by hand, as text. Set LATHE_UPDATE_GOLDEN=1 to write the
// files anew after a deliberate change, and read the difference before committing it.
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace lathe;

namespace {

const std::filesystem::path folder = std::filesystem::path(LATHE_TESTS_DIR) / "golden";

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  REQUIRE_MESSAGE(in, file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Lowers `desc` under NAME.trace and compares with NAME.nest.
void check_golden(const std::string& name, const desc_view& desc) {
  const result<trace> steps = parse_trace(read(folder / (name + ".trace")));
  REQUIRE(steps);
  CHECK(*parse_trace(to_text(*steps)) == *steps);
  result<program> scheduled = apply(make_program(desc), *steps);
  REQUIRE_MESSAGE(scheduled, scheduled.error().text());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().text());
  CHECK(verify(*nest) == "");
  const std::string text = to_text(*nest);
  const std::filesystem::path golden = folder / (name + ".nest");
  if (std::getenv("LATHE_UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << text;
  CHECK(text == read(golden));
}

}  // namespace

TEST_CASE("gemm 1024^3 with a register tile of 10x2 vectors and a packed B") {
  check_golden("gemm", describe(ops::gemm(1024, 1024, 1024)));
}

TEST_CASE("conv2d 128 to 256 channels with a register tile of 14x2 vectors and packed weights") {
  check_golden("conv2d", describe(ops::conv2d(1, 128, 56, 56, 256, 3, 1, 1)));
}
