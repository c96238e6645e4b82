/// @file
/// Bodies of page.hpp.
#pragma once

#include <lathe/report/page.hpp>

#include <cstdio>

namespace lathe {

LATHE_INLINE std::string html_text(std::string_view text) {
  std::string out;
  for (const char each : text) {
    switch (each) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += each;
    }
  }
  return out;
}

LATHE_INLINE std::string html_number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

LATHE_INLINE std::string html_table(const sequence<sequence<std::string>>& rows) {
  std::string out = "<table>\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string tag = row == 0 ? "th" : "td";
    out += "<tr>";
    for (const std::string& cell : rows[row]) out += "<" + tag + ">" + cell + "</" + tag + ">";
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

LATHE_INLINE std::string html_page(std::string_view title, std::string_view body) {
  const std::string name = html_text(title);
  // The empty icon keeps browsers from asking for one.
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<link rel=\"icon\" href=\"data:,\">\n<title>" +
         name +
         "</title>\n<style>\n"
         "body{font-family:system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;"
         "color:#222}\n"
         "table{border-collapse:collapse;font-size:13px;margin:1em 0}\n"
         "td,th{border-bottom:1px solid #ddd;padding:3px 10px;text-align:right;"
         "font-variant-numeric:tabular-nums}\n"
         "td{white-space:nowrap}td:first-child,th:first-child{text-align:left}\n"
         "pre{font-size:12px;background:#f6f6f6;padding:1em;white-space:pre-wrap}\n"
         "svg{max-width:100%;height:auto;display:block;margin:1em 0}\n"
         "</style>\n</head>\n<body>\n<h1>" +
         name + "</h1>\n" + std::string(body) + "</body>\n</html>\n";
}

}  // namespace lathe
