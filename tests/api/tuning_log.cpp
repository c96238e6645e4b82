// What a search leaves behind: trials, with which a killed one goes on, and its page.
#include <lathe/analysis/describe.hpp>
#include <lathe/api/options.hpp>
#include <lathe/api/session.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/target/cpu/host.hpp>

#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace lathe;

namespace {

struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-log-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

tuning_request request_for(const std::string& folder, int trials) {
  tuning_request request;
  request.target = native::host_target().value();
  request.time_limit = 60;
  request.trials = trials;
  request.cache.mode = cache_mode::rw;
  request.cache.directory = folder;
  request.cache.environment = false;
  return request;
}

const auto product = describe(ops::gemm(21, 35, 17));

sequence<trial> trials_in(const std::string& folder) {
  const tuning_request request = request_for(folder, 1);
  return cache::open(request.cache).trials(key_of(product, request));
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

bool says(const tuned& how, const std::string& part) {
  for (const std::string& each : how.notes)
    if (each.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("tuning log: a killed search goes on from its trials") {
  const scratch_folder folder;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    tune_description(product, request_for(folder.path, 100000));
    _exit(0);
  }
  std::size_t kept = 0;
  for (int wait = 0; wait < 600 && kept < 20; ++wait) {
    usleep(50'000);
    kept = trials_in(folder.path).size();
  }
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  kept = trials_in(folder.path).size();
  REQUIRE(kept >= 20);

  // The same search for as many trials and eight more: no winner is stored, and nothing is lost.
  const int trials = static_cast<int>(kept) + 8;
  const result<tuned> made = tune_description(product, request_for(folder.path, trials));
  REQUIRE(made);
  CHECK(made->origin != kernel_origin::cache);
  CHECK(made->trials == trials);
  CHECK(says(*made, std::to_string(kept) + " of " + std::to_string(trials) +
                        " candidates were tried by earlier searches"));
  const sequence<trial> all = trials_in(folder.path);
  CHECK(all.size() == kept + 8);
  for (std::size_t at = 0; at < all.size(); ++at)
    CHECK(all[at].number == static_cast<std::int64_t>(at));
}

TEST_CASE("tuning log: what other code gave is not used, nor what was not checked") {
  const scratch_folder folder;
  tuning_request request = request_for(folder.path, 6);
  cache store = cache::open(request.cache);
  trial foreign;
  foreign.key_hash = key_of(product, request).hash();
  foreign.trace = to_text(estimated_trace(product, request));
  foreign.times = {1e-12};  // it would win
  foreign.maker = "0123456789abcdef";
  store.put(foreign);
  const result<tuned> made = tune_description(product, request);
  REQUIRE(made);
  CHECK(made->best_seconds > 1e-9);
  CHECK(!says(*made, "earlier searches"));

  const scratch_folder other;
  request = request_for(other.path, 6);
  request.check = check_level::off;
  REQUIRE(tune_description(product, request));
  CHECK(trials_in(other.path).empty());
}

TEST_CASE("tuning log: the time of a search is accounted for") {
  const scratch_folder folder;
  const result<tuned> made = tune_description(product, request_for(folder.path, 12));
  REQUIRE(made);
  CHECK(made->spent.trials == 12);
  CHECK(made->spent.compile_seconds > 0);
  CHECK(made->spent.check_seconds > 0);
  CHECK(made->spent.run_seconds > 0);
  CHECK(made->spent.compare_seconds > 0);
  CHECK(made->spent.check_seconds + made->spent.run_seconds + made->spent.compare_seconds <
        made->tuning_seconds);
  CHECK(made->median_range.low <= made->median_seconds);
  CHECK(made->median_range.high >= made->median_seconds);
}

TEST_CASE("tuning log: patience and report are options of users") {
  const cpu_target target = native::host_target().value();
  tune_options options;
  options.patience = 5;
  options.report = "page.html";
  const result<tuning_request> request = resolve(options, target, {});
  REQUIRE(request);
  CHECK(request->patience == 5);
  CHECK(request->report == "page.html");
  options.patience = 0;
  const result<tuning_request> refused = resolve(options, target, {});
  REQUIRE(!refused);
  CHECK(refused.error().id() == "LATHE-E111");
}

TEST_CASE("tuning log: patience ends a search") {
  const scratch_folder folder;
  tuning_request request = request_for(folder.path, 100000);
  request.patience = 3;
  const result<tuned> made = tune_description(product, request);
  REQUIRE(made);
  CHECK(made->stopped == "no further improvement");
}

TEST_CASE("tuning log: the page of a search shows curves, decisions and outcomes") {
  const scratch_folder folder;
  tuning_request request = request_for(folder.path, 12);
  request.report = folder.path + "/page.html";
  const result<tuned> made = tune_description(product, request);
  REQUIRE(made);
  const std::string page = text_of(request.report);
  for (const char* part :
       {"<title>Tuning of gemm", "Best so far against trials", "Best so far against time",
        "<h2>Finalists</h2>", ", chosen", "<h2>Outcomes</h2>", "<td>ok</td>", "<h2>Decisions</h2>",
        "rows i C", "where the time went", "12 candidates"}) {
    INFO(part);
    CHECK(page.find(part) != std::string::npos);
  }
  CHECK(page.find("nan") == std::string::npos);
  CHECK(page.find("inf") == std::string::npos);

  // A page that cannot be written costs nobody a kernel.
  const scratch_folder other;
  request = request_for(other.path, 2);
  request.report = other.path + "/no such folder/page.html";
  const result<tuned> again = tune_description(product, request);
  REQUIRE(again);
  CHECK(says(*again, "LATHE-E514"));
}

TEST_CASE("tuning log: folders for reports and dumps get a file per kernel, named by its key") {
  const scratch_folder folder;
  const std::string pages = folder.path + "/pages", texts = folder.path + "/texts";
  const environment variables{{"LATHE_REPORT", pages}, {"LATHE_DUMP", texts}};
  const cpu_target target = native::host_target().value();
  const tuning_request request = resolve({}, target, variables).value();
  CHECK(request.report == pages + "/");
  CHECK(request.dump == texts + "/");
  CHECK(resolve({.report = "own.html", .dump = "own"}, target, variables)->report == "own.html");
  CHECK(resolve({.report = "own.html", .dump = "own"}, target, variables)->dump == "own/");

  tune_options options;
  options.trials = 2;
  options.cache = cache_mode::off;
  options.report = pages + "/";
  options.dump = texts;
  for (const int rows : {12, 13}) {
    const auto kernel = tune(ops::gemm(rows, 20, 16), cpu(), options);
    for (const std::string& note : kernel.how().notes) CHECK(note == "");
  }
  const auto files_in = [](const std::string& path) {
    std::vector<std::string> out;
    for (const auto& each : std::filesystem::directory_iterator(path)) out.push_back(each.path());
    return out;
  };
  CHECK(files_in(pages).size() == 2);
  REQUIRE(files_in(texts).size() == 2);
  const std::string text = text_of(files_in(texts)[0]);
  for (const char* part : {"== operator ==", "== schedule ==", "== loop nest ==", "== LLVM IR =="})
    CHECK(text.find(part) != std::string::npos);
}
