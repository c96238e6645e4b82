/// @file
/// Body of chart.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/core/number_text.hpp>
#include <lathe/report/chart.hpp>
#include <lathe/report/page.hpp>

#include <limits>

namespace lathe {
namespace detail {

/// Colours that people with any colour vision tell apart (Okabe and Ito 2008), then darker ones.
inline constexpr const char* chart_colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                "#e69f00", "#56b4e9", "#000000", "#7f3c8d",
                                                "#80590c", "#0a5c36", "#8c8c8c", "#b10026"};

/// The numbers of an axis, and where they are drawn.
struct chart_axis {
  double least = 0, most = 1;  ///< values at its ends
  double begin = 0, end = 1;   ///< places of its ends
  double step = 1;             ///< between ticks: 1, 2 or 5 times a power of ten

  double place(double value) const {
    return begin + (value - least) / (most - least) * (end - begin);
  }

  /// Widens the axis to whole ticks, about `ticks` of them.
  void round(int ticks) {
    if (!(most > least)) most = least + 1;
    step = 1;
    while (step * ticks < most - least) step *= 10;
    while (step * ticks >= 10 * (most - least)) step /= 10;
    for (const double factor : {0.5, 0.4})  // 10, 5, 2
      if (step * factor * ticks >= most - least) step *= factor;
    const auto whole = [&](double value) {
      return static_cast<double>(static_cast<std::int64_t>(value));
    };
    const double first = whole(least / step) - (least < 0 ? 1 : 0);
    const double last = whole(most / step);
    most = step * (step * last >= most * (1 - 1e-12) ? last : last + 1);
    least = step * first;
  }
};

/// The chart while it is drawn.
class chart_writer {
 public:
  explicit chart_writer(const chart& drawn) : drawn_(drawn) {
    double least_x = std::numeric_limits<double>::infinity(), least_y = least_x;
    double most_x = -least_x, most_y = -least_x;
    const auto widen = [](double value, double& least, double& most) {
      if (!math::isfinite(value)) return;
      least = smaller(least, value);
      most = larger(most, value);
    };
    for (const chart_curve& each : drawn.curves) {
      for (const double value : each.x) widen(value, least_x, most_x);
      for (const auto* values : {&each.y, &each.low, &each.high})
        for (const double value : *values) widen(value, least_y, most_y);
    }
    if (most_x >= least_x) x_.least = smaller(0.0, least_x), x_.most = most_x;
    if (most_y >= least_y)
      y_.least = drawn.from_zero ? smaller(0.0, least_y) : least_y, y_.most = most_y;
    x_.begin = 70, x_.end = width - legend_width;
    y_.begin = height - 50, y_.end = 40;
    x_.round(8);
    y_.round(6);
  }

  std::string write() {
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " +
           number(height) + "\" width=\"" + number(width) + "\" height=\"" + number(height) +
           "\" role=\"img\" font-family=\"system-ui,sans-serif\" font-size=\"12\">\n<title>" +
           html_text(drawn_.title) + "</title>\n";
    text((x_.begin + x_.end) / 2, 22, drawn_.title, "text-anchor=\"middle\" font-size=\"15\"");
    axes();
    for (std::size_t at = 0; at < drawn_.curves.size(); ++at) {
      const char* const colour = chart_colours[at % std::size(chart_colours)];
      band(drawn_.curves[at], colour);
      line(drawn_.curves[at], colour);
      legend(at, colour);
    }
    return out_ + "</svg>\n";
  }

 private:
  static constexpr double width = 900, height = 340, legend_width = 210;

  static std::string number(double value) {
    return html_number(value, value == static_cast<int>(value) ? 0 : 1);
  }

  void text(double x, double y, const std::string& what, const std::string& attributes) {
    out_ += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + attributes + ">" +
            html_text(what) + "</text>\n";
  }

  void stroke(double x, double y, double to_x, double to_y, const char* colour) {
    out_ += "<line x1=\"" + number(x) + "\" y1=\"" + number(y) + "\" x2=\"" + number(to_x) +
            "\" y2=\"" + number(to_y) + "\" stroke=\"" + colour + "\"/>\n";
  }

  /// A tick's number without the noise of adding steps up.
  static std::string tick_text(double value, double step) {
    return number_text(static_cast<float>(math::abs(value) < step / 2 ? 0 : value));
  }

  void axes() {
    const auto count = [](const chart_axis& axis) {
      return static_cast<int>((axis.most - axis.least) / axis.step + 0.5);
    };
    for (int tick = 0; tick <= count(x_); ++tick) {
      const double value = x_.least + tick * x_.step, x = x_.place(value);
      stroke(x, y_.begin, x, y_.end, "#e5e5e5");
      text(x, y_.begin + 16, tick_text(value, x_.step), "text-anchor=\"middle\"");
    }
    for (int tick = 0; tick <= count(y_); ++tick) {
      const double value = y_.least + tick * y_.step, y = y_.place(value);
      stroke(x_.begin, y, x_.end, y, "#e5e5e5");
      text(x_.begin - 6, y + 4, tick_text(value, y_.step), "text-anchor=\"end\"");
    }
    stroke(x_.begin, y_.begin, x_.end, y_.begin, "#444");
    stroke(x_.begin, y_.begin, x_.begin, y_.end, "#444");
    text((x_.begin + x_.end) / 2, height - 12, drawn_.x_label, "text-anchor=\"middle\"");
    const std::string middle = number((y_.begin + y_.end) / 2);
    text(16, (y_.begin + y_.end) / 2, drawn_.y_label,
         "text-anchor=\"middle\" transform=\"rotate(-90 16 " + middle + ")\"");
  }

  std::string at(double x, double y) const {
    return number(x_.place(x)) + " " + number(y_.place(y));
  }

  void line(const chart_curve& of, const char* colour) {
    std::string path;
    double before = 0;
    for (std::size_t n = 0; n < of.x.size(); ++n) {
      if (!math::isfinite(of.y[n])) continue;
      path += path.empty() ? "M" + at(of.x[n], of.y[n])
                           : "L" + at(of.x[n], before) + "L" + at(of.x[n], of.y[n]);
      before = of.y[n];
    }
    out_ += "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + colour +
            "\" stroke-width=\"2\"><title>" + html_text(of.name) + "</title></path>\n";
  }

  void band(const chart_curve& of, const char* colour) {
    std::string path, back;
    for (std::size_t n = 0; n < of.low.size(); ++n) {
      if (!math::isfinite(of.low[n]) || !math::isfinite(of.high[n])) continue;
      path += (path.empty() ? "M" : "L") + at(of.x[n], of.high[n]);
      back = "L" + at(of.x[n], of.low[n]) + back;
    }
    if (!path.empty())
      out_ += "<path d=\"" + path + back + "Z\" fill=\"" + colour + "\" opacity=\"0.12\"/>\n";
  }

  void legend(std::size_t at, const char* colour) {
    const double x = x_.end + 16, y = y_.end + 8 + 18 * static_cast<double>(at);
    out_ += "<rect x=\"" + number(x) + "\" y=\"" + number(y - 2) +
            "\" width=\"18\" height=\"4\" fill=\"" + colour + "\"/>\n";
    text(x + 24, y + 4, drawn_.curves[at].name, "");
  }

  const chart& drawn_;
  chart_axis x_, y_;
  std::string out_;
};

}  // namespace detail

LATHE_INLINE std::string svg_of(const chart& drawn) { return detail::chart_writer(drawn).write(); }

}  // namespace lathe
