/// @file
/// Bodies of kernel_page.hpp.
#pragma once

#include <lathe/analysis/stats.hpp>
#include <lathe/api/kernel_page.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/summary.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/report/page.hpp>
#include <lathe/search/nest_walk.hpp>
#include <lathe/target/c/emit_c.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>

#include <string_view>

namespace lathe {

namespace detail {

LATHE_INLINE std::string folded_lines(std::string_view text) {
  struct line {
    std::size_t depth;
    std::string_view words;
  };
  sequence<line> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = smaller(text.find('\n', begin), text.size());
    const std::size_t first = smaller(text.find_first_not_of(' ', begin), end);
    lines.push_back({first - begin, text.substr(first, end - first)});
    begin = end + 1;
  }
  std::string out;
  sequence<std::size_t> open;  // depths of heads
  for (std::size_t at = 0; at < lines.size(); ++at) {
    while (!open.empty() && open.back() >= lines[at].depth) {
      out += "</details>\n";
      open.pop_back();
    }
    const bool is_head = at + 1 < lines.size() && lines[at + 1].depth > lines[at].depth;
    const std::string words = html_text(lines[at].words);
    if (is_head) {
      out += "<details open><summary>" + words + "</summary>\n";
      open.push_back(lines[at].depth);
    } else {
      out += "<div>" + words + "</div>\n";
    }
  }
  for (std::size_t n = 0; n < open.size(); ++n) out += "</details>\n";
  return out;
}

/// "12.3 KiB".
LATHE_INLINE std::string bytes_text(double bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 3) {
    bytes /= 1024;
    ++unit;
  }
  return html_number(bytes, unit == 0 || bytes >= 100 ? 0 : 1) + " " + units[unit];
}

/// What one iteration of each loop around a store touches, as bars on a logarithmic scale, with
/// lines where the caches end.
LATHE_INLINE std::string footprint_chart(const ir::nest& nest, const walked_store& store,
                                         std::span<const std::string> names,
                                         const cpu_target& target) {
  constexpr double left = 170, width = 900, top = 40, row = 22, most = 33;  // 2^33 bytes
  const auto x = [&](double bytes) {
    const double power = clamped(math::log(larger(bytes, 1.0)) / math::log(2.0), 0.0, most);
    return left + (width - left - 130) * power / most;
  };
  const double bottom = top + row * static_cast<double>(store.loops.size() + 1);
  std::string out = "<svg viewBox=\"0 0 900 " + html_number(bottom + 30, 0) +
                    "\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n<text x=\"" +
                    html_number(left, 0) +
                    "\" y=\"14\" font-weight=\"bold\">Memory touched to "
                    "compute " +
                    html_text(nest.buffers[static_cast<std::size_t>(store.buffer)].name) +
                    ", within one iteration of a loop [bytes]</text>\n";
  for (std::size_t at = 0; at <= store.loops.size(); ++at) {
    const double y = top + row * static_cast<double>(at), bytes = store.bytes_touched(nest, at);
    std::string label = "all";
    if (at > 0) {
      const walked_loop& loop = store.loops[at - 1];
      label = names[static_cast<std::size_t>(nest.exprs.variable_index(loop.variable))] + " < " +
              html_number(loop.extent, 0);
    }
    out += "<text x=\"" + html_number(left - 8, 0) + "\" y=\"" + html_number(y + 14, 0) +
           "\" text-anchor=\"end\">" + html_text(label) + "</text><rect x=\"" +
           html_number(left, 0) + "\" y=\"" + html_number(y + 3, 0) + "\" height=\"15\" width=\"" +
           html_number(larger(1.0, x(bytes) - left), 1) + "\" fill=\"#69c\"/><text x=\"" +
           html_number(x(bytes) + 6, 1) + "\" y=\"" + html_number(y + 15, 0) + "\">" +
           bytes_text(bytes) + "</text>\n";
  }
  const std::pair<const char*, std::int64_t> caches[] = {
      {"L1", target.l1_bytes}, {"L2", target.l2_bytes}, {"L3", target.l3_bytes}};
  for (const auto& [name, bytes] : caches) {
    const std::string at = html_number(x(static_cast<double>(bytes)), 1);
    out += "<line x1=\"" + at + "\" x2=\"" + at + "\" y1=\"" + html_number(top - 4, 0) +
           "\" y2=\"" + html_number(bottom, 0) +
           "\" stroke=\"#c30\" stroke-dasharray=\"4 3\"/><text x=\"" + at + "\" y=\"" +
           html_number(bottom + 14, 0) + "\" text-anchor=\"middle\" fill=\"#c30\">" + name + " " +
           bytes_text(static_cast<double>(bytes)) + "</text>\n";
  }
  return out + "</svg>\n";
}

/// Where the kernel stands: measured, and what arithmetic and memory allow.
LATHE_INLINE std::string roofline_table(const desc_view& desc, const kernel_page_facts& facts) {
  const double flops = flops_of(desc), bytes = bytes_of(desc);
  sequence<sequence<std::string>> rows{{"", "GFLOP/s", "time [us]", "share"}};
  const double by_arithmetic = facts.peak_gflops > 0 ? flops / facts.peak_gflops * 1e-9 : 0;
  const double by_memory = facts.peak_gbytes > 0 ? bytes / facts.peak_gbytes * 1e-9 : 0;
  const double bound = larger(by_arithmetic, by_memory);
  const auto add = [&](const char* what, double seconds) {
    if (seconds <= 0) return;
    rows.push_back(
        {what, flops > 0 ? html_number(flops / seconds * 1e-9, 2) : "-",
         html_number(seconds * 1e6, 2),
         facts.seconds > 0 ? html_number(100 * seconds / facts.seconds, 1) + " %" : "-"});
  };
  add("measured", facts.seconds);
  add("arithmetic allows", by_arithmetic);
  add("memory allows, operands fetched once", by_memory);
  std::string out = html_table(rows);
  if (bound > 0)
    out += std::string("<p>") + (by_arithmetic >= by_memory ? "Arithmetic" : "Memory") +
           " is the limit: " + html_number(bytes > 0 ? flops / bytes : 0, 2) +
           " operations per byte.</p>\n";
  return out;
}

}  // namespace detail

LATHE_INLINE result<std::string> kernel_page(const desc_view& desc, const trace& steps,
                                             const tuning_request& request,
                                             const kernel_page_facts& facts) {
  const result<ir::nest> nest =
      lower(make_program(desc), steps, {request.bound, request.strict_fp});
  if (!nest) return nest.error();
  const result<std::string> code =
      native::emit_llvm(*nest, request.target, {request.strict_fp, ""});
  if (!code) return code.error();

  // The stores that are executed most, one per buffer.
  constexpr std::size_t most_charts = 4;
  sequence<walked_store> stores;
  for (walked_store& each : stores_of(*nest)) {
    walked_store* same = nullptr;
    for (walked_store& other : stores)
      if (other.buffer == each.buffer) same = &other;
    if (same == nullptr)
      stores.push_back(std::move(each));
    else if (same->executions() < each.executions())
      *same = std::move(each);
  }
  sort(stores, [](const walked_store& left, const walked_store& right) {
    return left.executions() > right.executions();
  });
  if (stores.size() > most_charts) stores.resize(most_charts);

  std::string out =
      "<style>summary{cursor:pointer}details{margin-left:1.2em}details>div{margin-left:1.2em}"
      ".nest{font:12px ui-monospace,monospace;white-space:pre-wrap}"
      ".beside{display:grid;grid-template-columns:1fr 1fr;gap:1em}"
      ".beside pre{max-height:60em;overflow:auto}</style>\n<p>" +
      html_text(detail::extents_text(desc)) + "; " + std::to_string(request.threads) +
      " threads, " + html_text(name_of(request.target.set)) +
      (request.target.model.empty() ? "" : ", " + html_text(request.target.model)) +
      (facts.origin.empty() ? "" : "; " + html_text(facts.origin)) + "</p>\n<pre>" +
      html_text(summary_of(desc)) + "</pre>\n";
  if (facts.seconds > 0 || facts.peak_gflops > 0)
    out += "<h2>Speed</h2>\n" + detail::roofline_table(desc, facts);
  out += "<h2>Schedule</h2>\n<pre>";
  for (const step& each : steps.steps) out += html_text(to_text(each)) + "\n";
  out += "</pre>\n<h2>Memory</h2>\n";
  const sequence<std::string> names = loop_names(*nest);
  for (const walked_store& each : stores)
    out += detail::footprint_chart(*nest, each, names, request.target);
  out += "<h2>Loop nest and source</h2>\n<div class=\"beside\"><div class=\"nest\">" +
         detail::folded_lines(to_text(*nest)) + "</div><pre>" + html_text(emit_c(*nest)) +
         "</pre></div>\n<details><summary>LLVM IR</summary><pre>" + html_text(*code) +
         "</pre></details>\n";
  return html_page("Kernel " + std::string(desc.name), out);
}

}  // namespace lathe
