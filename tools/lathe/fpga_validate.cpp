#include "fpga_validate.hpp"

#include <lathe/target/fpga/model.hpp>

#include "fpga_yolo.hpp"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace tools {
namespace {

using namespace lathe;

// ------------------------------------------------------------------------------ tables

/// A table with named columns.
class table {
 public:
  explicit table(const std::string& path) : path_(path) {
    std::ifstream in(path);
    std::string line;
    if (!std::getline(in, line)) throw std::runtime_error("cannot read " + path);
    names_ = cells(line);
    while (std::getline(in, line))
      if (!line.empty()) rows_.push_back(cells(line));
    if (rows_.empty()) throw std::runtime_error(path + " has no rows");
  }

  std::size_t size() const { return rows_.size(); }
  const std::string& text(std::size_t row, const std::string& column) const {
    const auto at = std::find(names_.begin(), names_.end(), column) - names_.begin();
    if (at >= static_cast<std::ptrdiff_t>(rows_[row].size()))
      throw std::runtime_error(path_ + " has no column '" + column + "' in row " +
                               std::to_string(row + 1));
    return rows_[row][static_cast<std::size_t>(at)];
  }
  double number(std::size_t row, const std::string& column) const {
    return std::stod(text(row, column));
  }
  std::int64_t whole(std::size_t row, const std::string& column) const {
    return std::stoll(text(row, column));
  }

 private:
  static std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> out(1);
    bool quoted = false;
    for (const char each : line) {
      if (each == '"')
        quoted = !quoted;
      else if (each == ',' && !quoted)
        out.emplace_back();
      else if (each != '\r')
        out.back() += each;
    }
    return out;
  }

  std::string path_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
};

/// The numbers in a text: "O512 I512 R56" -> 512 512 56.
std::vector<std::int64_t> numbers_in(const std::string& text) {
  std::vector<std::int64_t> out;
  for (std::size_t at = 0; at < text.size();) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) {
      ++at;
      continue;
    }
    std::size_t used = 0;
    out.push_back(std::stoll(text.substr(at), &used));
    at += used;
  }
  return out;
}

// ------------------------------------------------------------------------------ statistics

double median(std::vector<double> of) {
  std::sort(of.begin(), of.end());
  const std::size_t half = of.size() / 2;
  return of.size() % 2 == 1 ? of[half] : (of[half - 1] + of[half]) / 2;
}

/// Ranks from 1; equal values share the mean of theirs.
std::vector<double> ranks(const std::vector<double>& of) {
  std::vector<std::size_t> order(of.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto l, auto r) { return of[l] < of[r]; });
  std::vector<double> out(of.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    while (end < order.size() && of[order[end]] == of[order[first]]) ++end;
    for (std::size_t at = first; at < end; ++at)
      out[order[at]] = static_cast<double>(first + 1 + end) / 2;
    first = end;
  }
  return out;
}

/// Spearman's rank correlation: Pearson's of the ranks, ties included.
double spearman(const std::vector<double>& left, const std::vector<double>& right) {
  const std::vector<double> x = ranks(left), y = ranks(right);
  const double mean = static_cast<double>(x.size() + 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t at = 0; at < x.size(); ++at) {
    xy += (x[at] - mean) * (y[at] - mean);
    xx += (x[at] - mean) * (x[at] - mean);
    yy += (y[at] - mean) * (y[at] - mean);
  }
  return xy / std::sqrt(xx * yy);
}

// ------------------------------------------------------------------------------ designs

fpga_node loop(const std::string& name, std::int64_t trips, sequence<int> children) {
  fpga_node out;
  out.name = name;
  out.trips = trips;
  out.children = std::move(children);
  return out;
}

fpga_node statement(sequence<fpga_access> accesses) {
  fpga_node out;
  out.loop = false;
  out.accesses = std::move(accesses);
  return out;
}

/// The blocked product of 128 x 128 matrices of int32 in blocks of 8: the text names banks and
/// unroll factors, and leaves pipelining to the tool (SDx 2018.2), which
/// - pipelines the innermost loop;
/// - unrolls short loops completely as soon as the text asks for any unrolling of them, so that the
///   next loop outside is the innermost one.
/// Operands are copied to and from single-port block RAM by loops before and behind it.
fpga_design blocked_gemm(const table& from, std::size_t row) {
  constexpr std::int64_t size = 128, block = 8, short_loop = 8;
  fpga_design out;
  const auto array = [&](const char* name, const char* rows, const char* columns) {
    fpga_array made{name, dtype::i32, {size, size}, {}, fpga_storage::bram, 1, false, 0};
    made.banks = {from.whole(row, rows), from.whole(row, columns)};
    out.arrays.push_back(made);
    return static_cast<int>(out.arrays.size()) - 1;
  };
  const int m1 = array("m1", "bank11", "bank12"), m2 = array("m2", "bank11", "bank12"),
            product = array("prod", "bank21", "bank22");
  for (const char* name : {"m1 in memory", "m2 in memory", "prod in memory"})
    out.arrays.push_back({name, dtype::i32, {size, size}, {}, fpga_storage::memory, 1, false, 0});

  // Copies: one element after the other.
  const auto copy = [&](sequence<std::pair<int, int>> pairs) {  // from, to
    const int i = out.add({}), j = out.add({});
    sequence<fpga_access> accesses;
    for (const auto& [source, target] : pairs) {
      accesses.push_back({source, false, {{0, i, 1}, {1, j, 1}}, {}, false});
      accesses.push_back({target, true, {{0, i, 1}, {1, j, 1}}, {}, false});
    }
    const int body = out.add(statement(accesses));
    out[j] = loop("j", size, {body});
    out[j].pipelined = true;
    out[i] = loop("i", size, {j});
    return i;
  };
  const int read = copy({{m1 + 3, m1}, {m2 + 3, m2}});

  const int jj = out.add({}), kk = out.add({}), i = out.add({}), j = out.add({}), k = out.add({});
  fpga_node body =
      statement({{m1, false, {{0, i, 1}, {1, kk, block}, {1, k, 1}}, {}, false},
                 {m2, false, {{0, kk, block}, {0, k, 1}, {1, jj, block}, {1, j, 1}}, {}, false},
                 {product, false, {{0, i, 1}, {1, jj, block}, {1, j, 1}}, {}, false},
                 {product, true, {{0, i, 1}, {1, jj, block}, {1, j, 1}}, {}, false}});
  body.operations = {{opcode::mul, dtype::i32, 1}};
  body.depth = 3;
  body.accumulates = true;
  body.carried = {opcode::add, dtype::i32, 1};
  const int leaf = out.add(body);
  out[k] = loop("k", block, {leaf});
  out[j] = loop("j", block, {k});
  out[i] = loop("i", size, {j});
  out[kk] = loop("kk", size / block, {i});
  out[jj] = loop("jj", size / block, {kk});
  out[i].unroll = from.whole(row, "unroll1");
  out[j].unroll = from.whole(row, "unroll2");
  out[k].unroll = from.whole(row, "unroll3");
  for (const int each : {k, j, i}) {
    if (out[each].unroll == 1 || out[each].trips > short_loop) {
      out[each].pipelined = true;
      break;
    }
    out[each].unroll = out[each].trips;
  }
  out.roots = {read, jj, copy({{product, product + 3}})};
  return out;
}

/// What an AutoSA design computes: blocks of the sums, one tile of the result after the other.
struct systolic_array {
  dtype factors{}, product{};
  std::int64_t rounds = 1;      ///< blocks
  std::int64_t iterations = 1;  ///< of every element, per round
  std::int64_t elements = 1;    ///< processing elements
  std::int64_t simd = 1;        ///< products per element and cycle
  std::int64_t latency = 1;     ///< iterations between two terms of the same sum
  std::int64_t left = 1, right = 1,
               result = 1;  ///< elements read, and on average written, per round
};

/// Reading, the array, and writing overlap; every port moves whole words of 64 bytes.
fpga_design design_of(const systolic_array& of) {
  fpga_design out;
  const dtype sum = of.product == dtype::f32 ? dtype::f32 : dtype::i32;
  const auto memory = [&](const char* name, dtype type, std::int64_t elements, int bundle) {
    out.arrays.push_back({name, type, {elements}, {}, fpga_storage::memory, 1, false, bundle});
    return static_cast<int>(out.arrays.size()) - 1;
  };
  const int a = memory("A", of.factors, of.left, 0), b = memory("B", of.factors, of.right, 1),
            c = memory("C", sum, of.result, 2);
  out.arrays.push_back(
      {"sums", sum, {of.elements, of.latency}, {of.elements, 1}, fpga_storage::bram, 2, true, 0});
  const int sums = c + 1;
  const auto stream = [&](int array, std::int64_t elements, dtype type, bool write) {
    const std::int64_t wide = 64 / size_of(type);
    const int outer = out.add({}), inner = out.add({});
    const int body =
        out.add(statement({{array, write, {{0, outer, wide}, {0, inner, 1}}, {}, false}}));
    out[inner] = loop("word", wide, {body});
    out[outer] = loop(write ? "write" : "read", (elements + wide - 1) / wide, {inner});
    out[outer].pipelined = true;
    return outer;
  };
  const int round = out.add({}), terms = out.add({}), points = out.add({}), element = out.add({}),
            lane = out.add({});
  fpga_node body = statement({{sums, false, {{0, element, 1}, {1, points, 1}}, {}, false},
                              {sums, true, {{0, element, 1}, {1, points, 1}}, {}, false}});
  body.operations = {{opcode::mul, of.product, 1}};
  // Operands pass from element to element: the last one starts a row and a column later.
  body.depth = 4 + static_cast<int>(2 * std::sqrt(static_cast<double>(of.elements)));
  body.accumulates = true;
  body.carried = {opcode::add, sum, 1};
  body.distance_stated = true;
  const int leaf = out.add(body);
  out[lane] = loop("lane", of.simd, {leaf});
  out[element] = loop("element", of.elements, {lane});
  out[points] = loop("points", of.latency, {element});
  out[points].pipelined = true;
  out[terms] = loop("terms", of.iterations / of.latency, {points});
  const int left = stream(a, of.left, of.factors, false),
            right = stream(b, of.right, of.factors, false);
  out[round] = loop("round", of.rounds, {left, right, terms, stream(c, of.result, sum, true)});
  out[round].dataflow = true;
  out.roots = {round};
  return out;
}

systolic_array autosa(const table& from, std::size_t row) {
  const auto problem = numbers_in(from.text(row, "problem")),
             part = numbers_in(from.text(row, "array_part")),
             latency = numbers_in(from.text(row, "latency"));
  systolic_array out;
  const std::string& type = from.text(row, "dtype");
  out.product = type == "fp32" ? dtype::f32 : dtype::i8;
  out.factors = type == "int16" ? dtype::bf16 : out.product;  // of 16 bits; there is no i16
  out.simd = from.whole(row, "simd");
  out.elements = from.whole(row, "macs_per_cycle") / out.simd;
  out.latency = 1;
  for (const std::int64_t each : latency) out.latency *= each;
  std::int64_t tiles = 0, window = 1, halo = 0;
  if (from.text(row, "app") == "mm") {  // rows, columns, terms; parts in the same order
    tiles = problem.at(0) / part.at(0) * (problem.at(1) / part.at(1));
    out.rounds = tiles * (problem.at(2) / part.at(2));
    out.left = part[0] * part[2];
    out.right = part[1] * part[2];
    out.result = part[0] * part[1];
  } else {  // filters, channels, rows, columns, window; parts: filters, rows, columns, channels
    window = problem.at(4) * problem[4];
    halo = problem[4] - 1;
    tiles = problem[0] / part.at(0) * (problem.at(2) / part.at(1)) * (problem.at(3) / part.at(2));
    out.rounds = tiles * (problem[1] / part.at(3));
    out.left = part[3] * (part[1] + halo) * (part[2] + halo);
    out.right = part[0] * part[3] * window;
    out.result = part[0] * part[1] * part[2];
  }
  out.result = out.result * tiles / out.rounds;
  out.iterations = window;
  for (const std::int64_t each : part) out.iterations *= each;
  out.iterations /= out.elements * out.simd;
  return out;
}

// ------------------------------------------------------------------------------ the report

class report {
 public:
  explicit report(std::FILE* lines) : text(lines) {}

  /// One figure beside its goal.
  void goal(const char* what, double value, double least, double most) {
    const bool met = value >= least && value <= most;
    all_met_ = all_met_ && met;
    goals.push_back(
        {{"what", what}, {"value", value}, {"least", least}, {"most", most}, {"met", met}});
    std::fprintf(text, "  %-58s %8.3f   goal %g to %g: %s\n", what, value, least, most,
                 met ? "met" : "MISSED");
  }
  int status() const { return all_met_ ? 0 : 1; }

  std::FILE* text;  ///< where lines for people go
  nlohmann::ordered_json goals = nlohmann::ordered_json::array();

 private:
  bool all_met_ = true;
};

void blocked_products(const std::string& path, const char* title, double least, report& to) {
  const table from(path);
  const fpga_device device = find_fpga_device("vu9p").value();
  std::vector<double> tool, model, plain, dsp;
  for (std::size_t row = 0; row < from.size(); ++row) {
    const fpga_design design = blocked_gemm(from, row);
    const fpga_estimate one = estimate_fpga(design, device);
    tool.push_back(from.number(row, "max_lat"));
    model.push_back(one.cycles);
    plain.push_back(estimate_fpga(design, device, fpga_formula::flextensor).cycles);
    dsp.push_back(static_cast<double>(one.takes.dsp) / from.number(row, "dsp"));
  }
  std::fprintf(to.text, "%s: %zu designs, cycles as the HLS tool estimates them\n", title,
               from.size());
  to.goal("rank correlation (Spearman)", spearman(tool, model), least, 1);
  std::vector<double> ratio;
  for (std::size_t at = 0; at < tool.size(); ++at) ratio.push_back(model[at] / tool[at]);
  const double near = static_cast<double>(std::count_if(
      ratio.begin(), ratio.end(), [](double each) { return std::abs(each - 1) <= 0.1; }));
  std::fprintf(to.text, "  %-58s %8.3f   (%.0f %% within 10 %%)\n", "cycles, model / tool: median",
               median(ratio), 100 * near / static_cast<double>(ratio.size()));
  std::vector<std::size_t> order(tool.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto l, auto r) { return model[l] < model[r]; });
  double best = tool[order[0]];
  for (std::size_t at = 0; at < std::min<std::size_t>(10, order.size()); ++at)
    best = std::min(best, tool[order[at]]);
  const double optimum = *std::min_element(tool.begin(), tool.end());
  to.goal("best of the model's first 10 / best of all", best / optimum, 1, 1.1);
  to.goal("DSP, model / tool: median", median(dsp), 0.9, 1.1);
  std::fprintf(to.text, "  %-58s %8.3f\n", "for comparison, FlexTensor's formula: rank correlation",
               spearman(tool, plain));
}

void systolic_arrays(const std::string& path, report& to) {
  const table from(path);
  std::fprintf(to.text, "AutoSA on an Alveo U250: times of the board\n");
  double least = 2, most = 0;
  for (std::size_t row = 0; row < from.size(); ++row) {
    fpga_device device = find_fpga_device("u250").value();
    device.mhz = from.number(row, "mhz");
    const fpga_estimate one = estimate_fpga(design_of(autosa(from, row)), device);
    const double ratio = one.seconds / from.number(row, "kernel_s");
    least = std::min(least, ratio);
    most = std::max(most, ratio);
    std::fprintf(to.text,
                 "  %-4s %-6s %-28s %3.0f MHz: %9.4f ms, model / board %.3f; DSP %s of %s\n",
                 from.text(row, "app").c_str(), from.text(row, "dtype").c_str(),
                 from.text(row, "problem").c_str(), device.mhz, 1e3 * one.seconds, ratio,
                 from.text(row, "dtype") == "int16" ? "?" : std::to_string(one.takes.dsp).c_str(),
                 from.text(row, "dsp").c_str());
  }
  to.goal("smallest model / board", least, 0.75, 1.25);
  to.goal("largest model / board", most, 0.75, 1.25);
}

void yolo_bounds(const std::string& path, int trials, report& to) {
  const table from(path);
  std::fprintf(to.text,
               "YOLO-v1 on a VU9P at 250 MHz, f32: the model's designs against the bounds\n");
  fpga_options options;
  options.device = find_fpga_device("vu9p:mhz=250").value();
  options.trials = trials;
  double most = 0;
  for (std::size_t row = 0; row < from.size(); ++row)
    for (const yolo_layer& each : yolo_layers()) {
      if (from.text(row, "name") != each.name) continue;
      const fpga_found found = explore_layer(each, options);
      const double bound = std::min(from.number(row, "dsp_bound_gflops_250mhz"),
                                    from.number(row, "ddr4_bound_gflops"));
      std::fprintf(to.text, "  %-4s %6.1f GFLOP/s by the model, %6.1f at most\n", each.name,
                   found.gflops(), bound);
      most = std::max({most, found.gflops() / bound, found.least_seconds / found.estimate.seconds});
    }
  to.goal("largest share of a bound", most, 0, 1);
}

}  // namespace

int validate_fpga_model(const std::string& folder, int trials, bool json) {
  report to(json ? stderr : stdout);
  blocked_products(folder + "/gemm_blocked_hls_aligned.csv",
                   "Blocked product, banks and unrolling powers of two", 0.9, to);
  blocked_products(folder + "/gemm_blocked_hls_unaligned_sample.csv", "Blocked product, others",
                   0.85, to);
  systolic_arrays(folder + "/autosa_systolic.csv", to);
  yolo_bounds(folder + "/yolo15_vu9p_bounds.csv", trials, to);
  if (json) std::printf("%s\n", to.goals.dump(2).c_str());
  return to.status();
}

}  // namespace tools
