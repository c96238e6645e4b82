/// @file
/// The bench on a GPU: lathe beside cuBLAS, cuDNN and a naive kernel. Run by tools/bench gpu.
/// Without a GPU it says what is missing and ends.
#include <lathe/api/cuda_session.hpp>
#include <lathe/measure/timer.hpp>

#include "case_record.hpp"
#include "cases.hpp"
#include "device_clock.hpp"
#include "device_operands.hpp"
#include "gpu_kernels.hpp"
#include "gpu_peers.hpp"
#include "report.hpp"
#include "selection.hpp"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>

namespace bench {
namespace {

struct options {
  selection cases;
  gpu_search search;
  int blocks = 11;
  double minutes = std::numeric_limits<double>::infinity();
  bool fresh = false, list = false;
  std::string json, html, records = "bench-gpu-records.jsonl";

  void add_to(CLI::App& app) {
    app.add_option("--op", cases.ops, "operators: gemm,conv2d,...; default all")->delimiter(',');
    app.add_option("--case", cases.names, "cases: C8,gemm_*,...; default all")->delimiter(',');
    app.add_flag("--quick", cases.quick, "two cases per library operator");
    app.add_option("--seconds", search.seconds, "of search per kernel; winners are cached")
        ->check(CLI::Range(0., 1e6))
        ->capture_default_str();
    app.add_option("--trials", search.trials, "most candidates per search; 0: no limit")
        ->check(CLI::Range(0, 1000000))
        ->capture_default_str();
    app.add_flag("--tf32", search.tf32, "also search with tensor cores: twice the time");
    app.add_option("--blocks", blocks, "interleaved blocks per case")
        ->check(CLI::Range(3, 1000))
        ->capture_default_str();
    app.add_option("--minutes", minutes, "begin no case that may not end within so many")
        ->check(CLI::Range(0., 1e6));
    app.add_flag("--fresh", fresh, "measure again what is recorded");
    app.add_flag("--list", list, "list the cases and end");
    app.add_option("--json", json, "write the records of this run to a file");
    app.add_option("--html,--svg", html, "write a page with bar charts (SVG) to a file");
    app.add_option("--records", records, "finished cases, which are not measured again")
        ->capture_default_str();
  }
};

/// What this bench is about: the library operators, products for tensor cores, and two of the
/// custom ones.
bool is_for_gpu(const problem& of) {
  return of.counts_for == group::library || lathe::is_half(of.element) ||
         of.op == "block_circulant_matmul" || of.op == "shift_conv";
}

/// Fewest seconds of a case: what must be computed at the peak, of f32 without tensor cores, or
/// every operand once through the device's memory.
double least_seconds(const problem& of, const lathe::gpu::device& on) {
  const double faster = lathe::is_half(of.element) ? 16 : 1;  // data sheets of A100 and H100
  const double computing = of.needed_flops() / (faster * on.peak_f32());
  return on.bandwidth > 0 ? std::max(computing, of.bytes() / on.bandwidth) : computing;
}

/// Everything that makes a measurement another one.
std::string key_of(const problem& of, const options& how, const lathe::gpu::device& on) {
  char out[200];
  std::snprintf(out, sizeof out, "gpu/%s/%s/%gs/%d trials%s/%db/", of.op.c_str(), of.name.c_str(),
                how.search.seconds, how.search.trials, how.search.tf32 ? "/tf32" : "", how.blocks);
  return out + on.name;
}

record run_case(const problem& of, const options& how, const lathe::gpu::context& here,
                const std::vector<gpu_peer>& peers) {
  const lathe::owned_desc desc = of.describe();
  const auto* const shifted = std::get_if<shift_convolution>(&of.extents);
  const int kernel = shifted != nullptr ? shifted->kernel : 1;
  std::vector<operands> data;
  data.emplace_back(desc.view(), kernel * kernel);
  const device_operands on_device(here, data[0]);

  record out = begin_record(of, key_of(of, how, here.what()), lathe::gpu::text_of(here.what()));
  out["target"] = "gpu";
  out["driver"] = lathe::gpu::cuda_version_text(here.api().version);
  out["roofline_seconds"] = least_seconds(of, here.what());
  std::vector<std::vector<contestant>> sets(1);
  out["lathe"] = enter_lathe(of, how.search, on_device, sets[0]);
  for (const record& each : out["lathe"])
    if (each.contains("choosing_seconds")) out["choosing_seconds"] = each["choosing_seconds"];
  for (const gpu_peer& each : peers) {
    if (!each.enter) continue;
    try {
      each.enter(of, on_device, sets[0]);
    } catch (const std::runtime_error& problem) {
      std::fprintf(stderr, "%s: %s left out: %s\n", of.name.c_str(), each.name.c_str(),
                   problem.what());
    }
  }
  device_clock watch(here);
  add_rows(out, measure(sets, data, {how.blocks, 1, false}, watch));
  return out;
}

/// A case that fails is remembered: the next run goes on behind it.
record failure_of(const problem& of, const options& how, const lathe::gpu::device& on,
                  const std::string& why) {
  return {{"key", key_of(of, how, on)}, {"op", of.op}, {"case", of.name}, {"failed", why}};
}

/// The end of a run. @returns the exit status
int report(const options& how, const std::vector<record>& shown, int failures, int left) {
  if (left > 0) std::printf("\n%d cases are not measured yet: the same command goes on\n", left);
  if (failures > 0) std::printf("\n%d cases FAILED\n", failures);
  if (!how.json.empty()) write_file(how.json, record(shown).dump(1) + "\n");
  if (!how.html.empty()) write_file(how.html, html_page(shown));
  std::printf("\n%s", summary(shown).c_str());
  return failures == 0 ? 0 : 1;
}

int run(const options& how) {
  std::vector<problem> cases;
  for (const problem& each : all_cases())
    if (is_for_gpu(each) && how.cases.wants(each)) cases.push_back(each);
  if (how.list) {
    std::printf("%s", list_of(cases).c_str());
    return 0;
  }
  const double start = lathe::monotonic_seconds();
  const auto with = lathe::cuda_toolchain::find({}, false);
  if (!with) {
    std::printf("bench gpu: nothing is measured: %s\n", with.error().text().c_str());
    return 0;
  }
  const lathe::gpu::context& here = with->where;
  std::printf("%s; driver of CUDA %s, %s, %s\n", lathe::gpu::text_of(here.what()).c_str(),
              lathe::gpu::cuda_version_text(here.api().version).c_str(),
              with->compiler.fingerprint().c_str(), with->options.architecture.c_str());
  const std::vector<gpu_peer> peers{find_cublas(here), find_cudnn(here)};
  for (const gpu_peer& each : peers)
    std::printf("%-7s %s\n", each.name.c_str(), each.version.c_str());
  std::printf("\n%s", table_head(true).c_str());

  record_file finished(how.records);
  std::vector<record> shown;
  int failures = 0, left = 0;
  double longest = how.search.seconds + 30;  // [s] of a case so far
  for (const problem& each : cases) {
    const std::string key = key_of(each, how, here.what());
    const record* known = how.fresh ? nullptr : finished.find(key);
    const double begun = lathe::monotonic_seconds();
    if (known == nullptr && begun - start + longest > 60 * how.minutes) {
      ++left;
      continue;
    }
    if (known == nullptr) {
      bool is_lost = false;
      try {
        finished.add(run_case(each, how, here, peers));
      } catch (const interrupted&) {
        report(how, shown, failures, left);
        std::printf("interrupted; the next run goes on from here\n");
        return 130;
      } catch (const lathe::error& problem) {
        is_lost = problem.id() == "LATHE-E339";
        finished.add(failure_of(each, how, here.what(), problem.what()));
      } catch (const std::exception& problem) {
        finished.add(failure_of(each, how, here.what(), problem.what()));
      }
      known = finished.find(key);
      if (is_lost) {
        std::printf("%-21s FAILED: %s\n", each.name.c_str(),
                    known->at("failed").get<std::string>().c_str());
        report(how, shown, failures + 1, left);
        return 1;
      }
      longest = std::max(longest, lathe::monotonic_seconds() - begun);
    }
    if (known->contains("failed")) {
      std::printf("%-21s FAILED: %s\n", each.name.c_str(),
                  known->at("failed").get<std::string>().c_str());
      ++failures;
    } else {
      std::printf("%s", case_line(*known).c_str());
      failures += has_wrong_result(*known);
      shown.push_back(*known);
    }
    std::fflush(stdout);
  }
  if (cases.empty()) {
    std::fprintf(stderr, "bench: no such case; bench gpu --list shows all\n");
    return 2;
  }
  return report(how, shown, failures, left);
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
  CLI::App app("Compares lathe with cuBLAS and cuDNN. See bench/README.md.", "bench gpu");
  bench::options how;
  how.add_to(app);
  CLI11_PARSE(app, count, words);
  try {
    return bench::run(how);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench: %s\n", problem.what());
    return 1;
  }
}
