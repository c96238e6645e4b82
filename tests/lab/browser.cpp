// The pages in a browser: that what it draws is what was meant, and that it has nothing to complain
// about. Nightly: a browser takes seconds to start.
#include <lathe/analysis/describe.hpp>
#include <lathe/api/kernel_page.hpp>
#include <lathe/api/session.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/target/cpu/host.hpp>

#include "report.hpp"
#include <cstdio>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <string>

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

/// Headless Chromium, if it is installed.
class browser {
 public:
  browser() {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
      if (program_.empty() &&
          std::system(("command -v " + std::string(name) + " >/dev/null").c_str()) == 0)
        program_ = name;
    std::string path = (std::filesystem::temp_directory_path() / "lathe-browser-XXXXXX").string();
    REQUIRE(mkdtemp(path.data()) != nullptr);
    folder_ = path;
  }
  ~browser() { std::filesystem::remove_all(folder_); }
  browser(const browser&) = delete;
  browser& operator=(const browser&) = delete;

  bool is_missing() const {
    if (program_.empty()) MESSAGE("[SKIP] there is no Chromium");
    return program_.empty();
  }

  const std::filesystem::path& folder() const { return folder_; }

  /// Opens a page; returns the document as the browser has built it.
  std::string open(const std::string& page) {
    std::ofstream(folder_ / "page.html") << page;
    const std::string command =
        "timeout 120 " + program_ +
        " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir='" +
        (folder_ / "profile").string() +
        "' --window-size=1366,900 --enable-logging=stderr --v=0 --dump-dom 'file://" +
        (folder_ / "page.html").string() + "' >'" + (folder_ / "dom").string() + "' 2>'" +
        (folder_ / "log").string() + "'";
    REQUIRE(std::system(command.c_str()) == 0);
    return text_of(folder_ / "dom");
  }

  /// What the page last opened wrote to the console: warnings, errors, and things not found.
  std::string console() const {
    std::istringstream log(text_of(folder_ / "log"));
    std::string out;
    for (std::string line; std::getline(log, line);)
      if (line.find(":CONSOLE") != std::string::npos) out += line + "\n";
    return out;
  }

 private:
  std::string program_;
  std::filesystem::path folder_;
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_SUITE("nightly") {
  TEST_CASE("browser: the page of a comparison opens without a complaint") {
    browser chromium;
    if (chromium.is_missing()) return;
    // What is looked for would be found.
    chromium.open("<script>console.error('a complaint')</script>");
    REQUIRE(chromium.console().find("a complaint") != std::string::npos);
    chromium.open("<script>nothing.there()</script>");
    REQUIRE(!chromium.console().empty());

    lab::comparison_options options;
    options.strategies = {"evolve"};
    options.seeds = 3;
    options.trials = 50;
    const std::vector<lab::named_table> tables = lab::read_tables(LATHE_TABLES_DIR);
    const std::string document = chromium.open(lab::page_of(lab::compare(tables, options)));
    CHECK(chromium.console() == "");
    CHECK(document.find("<title>lathe lab: search strategies</title>") != std::string::npos);
    CHECK(count_of(document, "<svg") == 2 * tables.size());
    CHECK(document.find("NaN") == std::string::npos);
  }

  TEST_CASE("browser: the page of a kernel opens without a complaint") {
    browser chromium;
    if (chromium.is_missing()) return;
    lathe::tuning_request request;
    request.target = lathe::generic_cpu(lathe::isa::avx2);
    const auto product = lathe::describe(lathe::ops::gemm(64, 96, 32));
    const std::string document = chromium.open(
        lathe::kernel_page(product, lathe::estimated_trace(product, request), request).value());
    CHECK(chromium.console() == "");
    CHECK(count_of(document, "<svg") >= 1);
    CHECK(count_of(document, "<details") > 3);
  }

  TEST_CASE("browser: the page of a tuning opens without a complaint") {
    browser chromium;
    if (chromium.is_missing()) return;
    lathe::tuning_request request;
    request.target = lathe::native::host_target().value();
    request.trials = 20;
    request.cache.mode = lathe::cache_mode::off;
    request.report = (chromium.folder() / "report.html").string();
    const auto product = lathe::describe(lathe::ops::gemm(64, 64, 64));
    REQUIRE(lathe::tune_description(product, request));
    const std::string document = chromium.open(text_of(request.report));
    CHECK(chromium.console() == "");
    CHECK(count_of(document, "<svg") == 2);
    CHECK(count_of(document, "<h2>") == 5);
  }
}
