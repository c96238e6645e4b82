#include "report.hpp"
#include "score.hpp"
#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

std::string number(double value, int digits = 1) {
  char out[32];
  std::snprintf(out, sizeof out, "%.*f", digits, value);
  return out;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char each : text) {
    if (each == '<')
      out += "&lt;";
    else if (each == '&')
      out += "&amp;";
    else if (each == '"')
      out += "&quot;";
    else
      out += each;
  }
  return out;
}

struct bar {
  const char* label;
  const char* colour;
  std::string title;  ///< shown when the pointer is on it
  double share;       ///< of the roofline
};

std::vector<bar> bars_of(const score& of) {
  std::vector<bar> out;
  const auto add = [&](const char* label, const char* colour, const entrant& who) {
    out.push_back(
        {label, colour,
         who.library + " " + who.how + ": " + number(of.rate(who.median())) + " " + of.unit(),
         of.share(who.median())});
  };
  if (of.tuned) add("lathe, tuned", "#c0392b", *of.tuned);
  if (of.estimate) add("lathe, estimate", "#e6a59d", *of.estimate);
  if (of.plain) add("best peer, plain", "#2c5f8a", of.plain->theirs);
  if (of.packed) add("lathe, packed", "#d9822b", of.packed->ours);
  if (of.packed) add("best peer, packed", "#6f9bc0", of.packed->theirs);
  if (of.own) add("own layout", "#9bb7a4", *of.own);
  if (of.winograd) add("Winograd", "#c9c05a", *of.winograd);
  if (of.our_tf32) add("lathe, TF32", "#d9822b", *of.our_tf32);
  if (of.tf32) add("best peer, TF32", "#c9c05a", *of.tf32);
  if (of.naive) add("plain loops", "#999999", *of.naive);
  return out;
}

/// Horizontal bars, case by case; the roofline is a line at 100 %.
std::string chart(const std::vector<score>& cases) {
  constexpr int label_width = 170, width = 700, bar_height = 9, gap = 8;
  double most = 1;
  int height = gap;
  for (const score& each : cases) {
    const auto bars = bars_of(each);
    for (const bar& one : bars) most = std::max(most, one.share);
    height += static_cast<int>(bars.size()) * bar_height + gap;
  }
  const double scale = (width - 40) / most;
  std::string out = "<svg width='" + std::to_string(label_width + width) + "' height='" +
                    std::to_string(height + 16) + "' font-size='9' font-family='sans-serif'>";
  int y = gap;
  for (const score& each : cases) {
    out += "<text x='0' y='" + std::to_string(y + 8) + "' font-weight='bold'>" +
           escaped(each.name) +
           (each.threads > 1 ? ", " + std::to_string(each.threads) + " t" : "") + "</text>";
    for (const bar& one : bars_of(each)) {
      out += "<text x='" + std::to_string(label_width - 4) + "' y='" + std::to_string(y + 8) +
             "' text-anchor='end'>" + one.label + "</text><rect x='" + std::to_string(label_width) +
             "' y='" + std::to_string(y) + "' height='" + std::to_string(bar_height - 1) +
             "' width='" + number(one.share * scale) + "' fill='" + one.colour + "'><title>" +
             escaped(one.title) + "</title></rect><text x='" +
             number(label_width + one.share * scale + 3) + "' y='" + std::to_string(y + 8) + "'>" +
             number(100 * one.share, 0) + " %</text>";
      y += bar_height;
    }
    y += gap;
  }
  const std::string x = number(label_width + scale);
  out += "<line x1='" + x + "' x2='" + x + "' y1='0' y2='" + std::to_string(height) +
         "' stroke='black' stroke-dasharray='3'/><text x='" + x + "' y='" +
         std::to_string(height + 10) + "' text-anchor='middle'>roofline</text></svg>";
  return out;
}

std::string cells(const std::optional<duel>& one, const score& of) {
  if (!one) return "<td>-<td>-<td>-";
  return "<td>" + number(of.rate(one->ours.median())) + "<td>" +
         number(of.rate(one->theirs.median())) + " " +
         escaped(one->theirs.library + " " + one->theirs.how) + "<td" +
         (one->faster.is_tie_or_win() ? "" : " class='loss'") + ">" + number(one->faster.value, 3) +
         " [" + number(one->faster.low, 3) + ", " + number(one->faster.high, 3) + "]";
}

std::string rows(const std::vector<score>& cases) {
  std::string out =
      "<table><tr><th>case<th>threads<th>roof<th>lathe, plain<th>best peer<th>ratio [95 %]"
      "<th>lathe, packed<th>best peer<th>ratio [95 %]<th>estimate / tuned";
  for (const score& each : cases)
    out += "<tr><td>" + escaped(each.name) + "<td>" + std::to_string(each.threads) + "<td>" +
           number(each.rate(each.least_seconds)) + " " + each.unit() + cells(each.plain, each) +
           cells(each.packed, each) + "<td>" + number(each.estimate_share(), 2);
  return out + "</table>";
}

}  // namespace

std::string html_page(const std::vector<record>& records) {
  std::string out =
      "<!doctype html><meta charset='utf-8'><title>lathe: operators</title><style>"
      "body{font-family:sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse;"
      "font-size:12px}td,th{border-bottom:1px solid #ddd;padding:2px 8px;text-align:left}"
      ".loss{color:#c0392b}pre{font-size:12px}</style><h1>lathe and its peers</h1>";
  if (!records.empty())
    out += "<p>" + escaped(records.back().at("machine").get<std::string>()) +
           ". Bars are shares of the roofline; ratios are medians over interleaved blocks, red if "
           "even their upper 95 % bound is below 1.</p>";
  out += "<pre>" + escaped(summary(records)) + "</pre>";
  std::vector<score> scores(records.begin(), records.end());
  for (std::size_t first = 0; first < scores.size();) {
    std::size_t last = first;
    while (last < scores.size() && scores[last].op == scores[first].op) ++last;
    const std::vector<score> cases(scores.begin() + static_cast<long>(first),
                                   scores.begin() + static_cast<long>(last));
    out += "<h2>" + escaped(cases.front().op) + "</h2>" + chart(cases) + rows(cases);
    first = last;
  }
  return out;
}

}  // namespace bench
