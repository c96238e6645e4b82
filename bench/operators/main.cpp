/// @file
/// The bench: lathe beside the libraries of its field, in one process. Run by tools/bench, which
/// installs the libraries and sets the environment that they read when they are loaded.
#include "case_record.hpp"
#include "cases.hpp"
#include "ours.hpp"
#include "peers/peers.hpp"
#include "record.hpp"
#include "report.hpp"
#include "roofline.hpp"
#include "selection.hpp"
#include "timing.hpp"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <unistd.h>

namespace bench {
namespace {

struct options {
  selection cases;
  std::vector<int> threads{1};
  double seconds = 30;
  int blocks = 7;
  bool cold = false, fresh = false, list = false;
  std::string contracts = "both", json, html, records = "bench-records.jsonl";

  void add_to(CLI::App& app) {
    app.add_option("--op", cases.ops, "operators: gemm,conv2d,...; default all")->delimiter(',');
    app.add_option("--case", cases.names, "cases: C8,gemm_*,...; default all")->delimiter(',');
    app.add_option("--threads", threads, "numbers of threads: 1,2")
        ->delimiter(',')
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--seconds", seconds, "of search per kernel; winners are cached")
        ->check(CLI::Range(0., 1e6))
        ->capture_default_str();
    app.add_option("--blocks", blocks, "interleaved blocks per case")
        ->check(CLI::Range(3, 1000))
        ->capture_default_str();
    app.add_option("--contract", contracts, "A: all operands plain; P: weights packed ahead; both")
        ->check(CLI::IsMember({"A", "P", "both"}))
        ->capture_default_str();
    app.add_flag("--quick", cases.quick, "two cases per library operator");
    app.add_flag("--cold", cold, "also with cold caches (contract A)");
    app.add_flag("--fresh", fresh, "measure again what is recorded");
    app.add_flag("--list", list, "list the cases and end");
    app.add_option("--json", json, "write the records of this run to a file");
    app.add_option("--html,--svg", html, "write a page with bar charts (SVG) to a file");
    app.add_option("--records", records, "finished cases, which are not measured again")
        ->capture_default_str();
  }
};

/// Everything that makes a measurement another one.
std::string key_of(const problem& of, int threads, const options& how, const machine& here) {
  char out[200];
  std::snprintf(out, sizeof out, "%s/%s/%dt/%s/%gs/%db%s/", of.op.c_str(), of.name.c_str(), threads,
                how.contracts.c_str(), how.seconds, how.blocks, how.cold ? "/cold" : "");
  return out + here.model;
}

/// Says on a terminal what is going on, until the next line; the empty text wipes it.
void show_status(const std::string& text) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
}

/// lathe's kernels for a case: tuned and estimated, under the contracts that are asked for.
std::vector<own_kernel> own_kernels(const problem& of, int threads, const options& how) {
  std::vector<own_kernel> out;
  for (const contract terms : {contract::plain, contract::packed}) {
    const bool is_packed = terms == contract::packed;
    if (how.contracts == (is_packed ? "A" : "P")) continue;
    if (is_packed && of.weights().empty()) continue;
    show_status(of.op + " " + of.name + ": searching, contract " + (is_packed ? "P" : "A"));
    for (const bool searches : {true, false})
      out.push_back(make_kernel(of, {terms, searches, how.seconds, threads}));
  }
  return out;
}

record describe_kernel(const own_kernel& kernel) {
  const lathe::tuned& how = kernel.core->how();
  return {{"contract", name_of(kernel.choice.terms)},
          {"how", kernel.choice.searches ? "tuned" : "estimate"},
          {"origin", lathe::name_of(how.origin)},
          {"tuning_seconds", how.tuning_seconds},
          {"trials", how.trials},
          {"trace", lathe::to_text(how.steps)}};
}

record run_case(const problem& of, int threads, const options& how, const machine& here) {
  const std::vector<own_kernel> kernels = own_kernels(of, threads, how);
  show_status(of.op + " " + of.name + ": measuring");
  const lathe::owned_desc desc = of.describe();
  const auto* const shifted = std::get_if<shift_convolution>(&of.extents);
  const auto* const moved = std::get_if<channel_shift>(&of.extents);
  const int kernel = shifted ? shifted->kernel : moved ? moved->kernel : 1;

  std::vector<operands> data;
  std::vector<std::vector<contestant>> sets;
  for (int set = 0; set < 2; ++set) data.emplace_back(desc.view(), kernel * kernel);
  for (const operands& each : data) {
    std::vector<contestant>& made = sets.emplace_back();
    for (const own_kernel& own : kernels) enter(own, each, made);
    for (const peer& other : all_peers())
      if (other.present) other.enter(of, each, made);
    if (how.contracts == "A")
      std::erase_if(made, [](const contestant& one) { return one.terms == contract::packed; });
  }
  for (const std::string& gone : keep_common(sets))
    std::fprintf(stderr, "%s: offered for one set of operands only, left out\n", gone.c_str());

  record out = begin_record(of, key_of(of, threads, how, here), here.model);
  out["threads"] = threads;
  out["roofline_seconds"] = here.least_seconds(of, threads);
  out["choosing_seconds"] = 0.;
  for (const own_kernel& each : kernels) {
    out["lathe"].push_back(describe_kernel(each));
    if (each.choosing_seconds > out["choosing_seconds"])
      out["choosing_seconds"] = each.choosing_seconds;
  }
  add_rows(out, measure(sets, data, {how.blocks, threads, how.cold}));
  return out;
}

void print_machine(const machine& here) {
  std::printf("%s; one thread: %.1f GFLOP/s f32, %.1f f64 (multiply-adds); reads, copies",
              here.model.c_str(), here.f32_gflops, here.f64_gflops);
  for (const double kib : {16, 256, 4096, 262144})
    std::printf(" %.0f, %.0f GB/s of %.0f KiB;", here.at(1024 * kib).read, here.at(1024 * kib).copy,
                kib);
  std::printf("\n");
  for (const peer& each : all_peers())
    std::printf("%-9s %s%s\n", each.name.c_str(),
                each.present ? "" : "left out: ", each.version.c_str());
}

/// The end of a run. @returns the exit status
int report(const options& how, const std::vector<record>& shown, int failures, int old) {
  if (old > 0)
    std::printf(
        "\n%d of these cases were recorded with another revision of lathe; --fresh measures "
        "them again\n",
        old);
  if (failures > 0) std::printf("\n%d cases FAILED\n", failures);
  if (!how.json.empty()) write_file(how.json, record(shown).dump(1) + "\n");
  if (!how.html.empty()) write_file(how.html, html_page(shown));
  std::printf("\n%s", summary(shown).c_str());
  return failures == 0 ? 0 : 1;
}

int run(const options& how) {
  if (how.list) {
    std::vector<problem> cases;
    for (const problem& each : all_cases())
      if (how.cases.wants(each)) cases.push_back(each);
    std::printf("%s", list_of(cases).c_str());
    return 0;
  }
  const machine here = measure_machine();
  print_machine(here);
  std::printf("\n%s", table_head().c_str());
  record_file finished(how.records);
  std::vector<record> shown;
  int failures = 0, old = 0;
  for (const int threads : how.threads) {
    set_threads(threads);
    for (const problem& each : all_cases()) {
      if (!how.cases.wants(each)) continue;
      const record* known = how.fresh ? nullptr : finished.find(key_of(each, threads, how, here));
      try {
        if (known == nullptr) {
          finished.add(run_case(each, threads, how, here));
          show_status("");
          known = finished.find(key_of(each, threads, how, here));
        } else {
          old += known->at("revision") != revision();
        }
        std::printf("%s", case_line(*known).c_str());
        failures += has_wrong_result(*known);
        shown.push_back(*known);
      } catch (const interrupted&) {
        show_status("");
        report(how, shown, failures, old);
        std::printf("interrupted; the next run goes on from here\n");
        return 130;
      } catch (const std::exception& problem) {
        show_status("");
        std::printf("%-21s FAILED: %s\n", each.name.c_str(), problem.what());
        ++failures;
      }
      std::fflush(stdout);
    }
  }
  if (shown.empty() && failures == 0) {
    std::fprintf(stderr, "bench: no such case; bench cpu --list shows all\n");
    return 2;
  }
  return report(how, shown, failures, old);
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
  CLI::App app("Compares lathe with other libraries. See bench/README.md.");
  app.require_subcommand(1);
  bench::options how;
  CLI::App* const cpu = app.add_subcommand("cpu", "operators on this machine's processor");
  how.add_to(*cpu);
  CLI11_PARSE(app, count, words);
  try {
    return bench::run(how);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench: %s\n", problem.what());
    return 1;
  }
}
