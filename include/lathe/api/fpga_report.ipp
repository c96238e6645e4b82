/// @file
/// Bodies of fpga_report.hpp.
#pragma once

#include <lathe/api/fpga_report.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/report/page.hpp>

#include <cstdio>
#include <utility>

namespace lathe {
namespace detail {

template <class... Values>
std::string formatted(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

/// One line of the report: what, and its value.
using fpga_rows = sequence<std::pair<std::string, std::string>>;

LATHE_INLINE fpga_rows rows_of(const fpga_found& of) {
  fpga_rows out;
  const fpga_estimate& is = of.estimate;
  out.emplace_back("device", formatted("%s (%s), %.0f MHz, %d x %.4g GB/s", of.device.name.c_str(),
                                       of.device.part.c_str(), of.device.mhz,
                                       of.device.memory_banks, of.device.bank_gbytes));
  out.emplace_back("cycles", formatted("%.0f", is.cycles));
  out.emplace_back("time", formatted("%.4g ms", 1e3 * is.seconds));
  if (of.flops > 0)
    out.emplace_back("speed",
                     formatted("%.4g GFLOP/s, a multiply-add counted as two", of.gflops()));
  out.emplace_back("bound",
                   formatted("%s (cycles of the stages: read %.4g, compute %.4g, write %.4g)",
                             name_of(is.bound), is.read, is.compute, is.write));
  out.emplace_back("of the device's roofline",
                   formatted("%.0f %%", 100 * of.least_seconds / is.seconds));
  out.emplace_back("FlexTensor's formula",
                   formatted("%.4g ms, optimistic", 1e3 * of.optimistic.seconds));
  const auto resource = [&](const char* name, std::int64_t takes, std::int64_t has) {
    out.emplace_back(
        name,
        formatted("%lld of %lld, %.0f %%", static_cast<long long>(takes),
                  static_cast<long long>(has),
                  has == 0 ? 0.0 : 100.0 * static_cast<double>(takes) / static_cast<double>(has)));
  };
  resource("DSP", is.takes.dsp, of.device.has.dsp);
  resource("BRAM36", is.takes.bram36, of.device.has.bram36);
  resource("URAM", is.takes.uram, of.device.has.uram);
  resource("LUT", is.takes.lut, of.device.has.lut);
  resource("FF", is.takes.ff, of.device.has.ff);
  if (!is.fits()) out.emplace_back("does not fit", is.excess);
  if (of.trials > 0)
    out.emplace_back("search", formatted("%d designs of %.3g, %d not built, %d too large; %s",
                                         of.trials, of.space, of.pruned,
                                         of.outcomes[static_cast<std::size_t>(failure::limit)],
                                         text_of(of.stopped)));
  return out;
}

/// Attainable speed over operations per byte, both logarithmic.
LATHE_INLINE std::string roofline(const fpga_found& of) {
  constexpr double width = 560, height = 320, left = 60, bottom = 280;
  constexpr double low_x = -1, high_x = 4, low_y = 0, high_y = 4;  // powers of ten
  const auto log10 = [](double value) { return math::log(value) / math::log(10.0); };
  const auto x = [&](double intensity) {
    return left + (width - left - 20) * (clamped(log10(intensity), low_x, high_x) - low_x) /
                      (high_x - low_x);
  };
  const auto y = [&](double gflops) {
    return bottom -
           (bottom - 20) * (clamped(log10(gflops), low_y, high_y) - low_y) / (high_y - low_y);
  };
  const double peak = of.flops / fpga_least_seconds(of.flops, 0, dtype::f32, of.device) / 1e9;
  const double all = of.device.bank_gbytes * of.device.memory_banks, one = of.device.bank_gbytes;
  std::string out = formatted(
      "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\" "
      "aria-label=\"roofline\" font-family=\"sans-serif\" font-size=\"11\">\n",
      width, height, width);
  for (int power = 0; power <= static_cast<int>(high_y); ++power)
    out += formatted(
        "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>"
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">1e%d</text>\n",
        left, width - 20, y(math::pow(10.0, power)), y(math::pow(10.0, power)), left - 6,
        y(math::pow(10.0, power)) + 4, power);
  for (int power = static_cast<int>(low_x); power <= static_cast<int>(high_x); ++power)
    out += formatted("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">1e%d</text>\n",
                     x(math::pow(10.0, power)), bottom + 16, power);
  out +=
      formatted("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">operations per byte</text>\n",
                (left + width) / 2, bottom + 34);
  out += formatted("<text x=\"%.1f\" y=\"14\">GFLOP/s</text>\n", left);
  for (const auto& [bandwidth, dash] : {std::pair{all, ""}, {one, "4 3"}}) {
    const double ridge = peak / bandwidth, start = larger(math::pow(10.0, low_x), 1 / bandwidth);
    out += formatted(
        "<polyline fill=\"none\" stroke=\"#246\" stroke-width=\"1.5\" "
        "stroke-dasharray=\"%s\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>\n",
        dash, x(start), y(start * bandwidth), x(ridge), y(peak), width - 20, y(peak));
  }
  const double intensity = of.bytes > 0 ? of.flops / of.bytes : 1;
  out += formatted(
      "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#c30\"/>"
      "<text x=\"%.1f\" y=\"%.1f\">%.4g</text>\n</svg>\n",
      x(intensity), y(of.gflops()), x(intensity) + 8, y(of.gflops()) + 4, of.gflops());
  return out;
}

}  // namespace detail

LATHE_INLINE std::string to_text(const fpga_found& design) {
  std::string out = design.name + ": an estimate by a model, nothing was synthesised or run\n";
  for (const auto& [what, value] : detail::rows_of(design)) {
    out += "  " + what;
    out.append(larger<std::size_t>(what.size() + 1, 26) - what.size(), ' ');
    out += value + "\n";
  }
  for (const fpga_pipeline& each : design.estimate.pipelines)
    out +=
        detail::formatted(
            "  loop %-12s %12.0f x II %lld (banks %lld, recurrence %lld), depth %lld, %lld copies",
            each.loop.c_str(), each.iterations, static_cast<long long>(each.interval),
            static_cast<long long>(each.by_resources), static_cast<long long>(each.by_recurrence),
            static_cast<long long>(each.depth), static_cast<long long>(each.copies)) +
        (each.conflict.empty() ? "\n" : "; waits for " + each.conflict + "\n");
  return out + "schedule: " + to_text(design.steps) + "\n";
}

LATHE_INLINE std::string to_html(const fpga_found& design) {
  const std::string name = html_text(design.name);
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + name + " on " +
      html_text(design.device.name) +
      "</title>\n<style>body{font-family:sans-serif;max-width:52rem;margin:2rem auto}"
      "td,th{padding:.1rem .8rem .1rem 0;text-align:left;vertical-align:top}"
      "pre{background:#f4f4f4;padding:1rem;overflow:auto}</style></head><body>\n<h1>" +
      name + " on " + html_text(design.device.name) +
      "</h1>\n<p>Estimated by an analytic model: nothing was synthesised or run on a "
      "board.</p>\n<table>\n";
  for (const auto& [what, value] : detail::rows_of(design))
    out += "<tr><th>" + html_text(what) + "</th><td>" + html_text(value) + "</td></tr>\n";
  out += "</table>\n";
  if (design.flops > 0)
    out += "<h2>Roofline</h2>\n" + detail::roofline(design) +
           "<p>Flat: all DSP slices as f32 multiply-adds. Sloped: all memory banks; dashed: one. "
           "The dot "
           "is this design at the operator's compulsory bytes.</p>\n";
  out +=
      "<h2>Pipelined loops</h2>\n<table>\n<tr><th>loop</th><th>iterations</th><th>copies</th>"
      "<th>II</th><th>banks</th><th>recurrence</th><th>depth</th><th>waits for</th></tr>\n";
  for (const fpga_pipeline& each : design.estimate.pipelines)
    out += detail::formatted(
               "<tr><td>%s</td><td>%.0f</td><td>%lld</td><td>%lld</td><td>%lld</td>"
               "<td>%lld</td><td>%lld</td><td>",
               each.loop.c_str(), each.iterations, static_cast<long long>(each.copies),
               static_cast<long long>(each.interval), static_cast<long long>(each.by_resources),
               static_cast<long long>(each.by_recurrence), static_cast<long long>(each.depth)) +
           html_text(each.conflict) + "</td></tr>\n";
  out += "</table>\n<h2>Schedule</h2>\n<pre>";
  for (const step& each : design.steps.steps) out += html_text(to_text(each)) + "\n";
  return out + "</pre>\n<h2>Source</h2>\n<pre>" + html_text(design.files.source) +
         "</pre>\n</body></html>\n";
}

}  // namespace lathe
