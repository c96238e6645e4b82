/// @file
/// Bodies of table.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/core/number_text.hpp>
#include <lathe/core/sha256.hpp>
#include <lathe/search/table.hpp>

#include <limits>
#include <utility>

namespace lathe {
namespace detail {

inline constexpr std::string_view table_mark = "lathe table 1\n";

/// [s] as a whole number of units.
inline std::int64_t in_units(double seconds, double units) {
  return static_cast<std::int64_t>(seconds * units + 0.5);
}

LATHE_INLINE std::string moves_text(const site& of) {
  if (of.moves.empty()) return "-";
  std::string out;
  for (const sequence<std::int32_t>& from : of.moves) {
    out += out.empty() ? "" : ",";
    for (std::size_t at = 0; at < from.size(); ++at)
      out += (at == 0 ? "" : ";") + std::to_string(from[at]);
    if (from.empty()) out += ".";
  }
  return out;
}

/// Program numbers of points; new ones are counted. @returns words in lines of at most 100 columns
LATHE_INLINE std::string points_text(const sequence<std::int32_t>& program_of) {
  std::string out, line;
  const auto add = [&](const std::string& word) {
    if (line.size() + 1 + word.size() > 100) {
      out += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  };
  std::int32_t next = 0;
  for (std::size_t at = 0; at < program_of.size();) {
    std::size_t end = at;
    while (end < program_of.size() && program_of[end] == next) ++end, ++next;
    if (end == at)
      add(std::to_string(program_of[at++]));
    else
      add(end - at == 1 ? "+" : "+" + std::to_string(end - at));
    at = larger(at, end);
  }
  return line.empty() ? out : out + line + "\n";
}

LATHE_INLINE std::string program_text(const table_program& of) {
  const measurement& outcome = of.outcome;
  std::string word = outcome.stopped_early ? "early" : name_of(outcome.failed);
  if (of.pruned) word = outcome.failed == failure::limit ? "pruned_limit" : "pruned_illegal";
  const double run_seconds = outcome.check_seconds + outcome.run_seconds;
  std::string out = word + " " + std::to_string(in_units(outcome.compile_seconds, 1e6)) + " " +
                    std::to_string(in_units(run_seconds, 1e6));
  if (!outcome.ok()) return out + " " + outcome.reason + "\n";
  const auto nanoseconds = [](double seconds) {
    return larger<std::int64_t>(1, in_units(seconds, 1e9));
  };
  const std::int64_t first = nanoseconds(outcome.samples[0]);
  out += " " + std::to_string(first);
  for (std::size_t at = 1; at < outcome.samples.size(); ++at)
    out += " " + std::to_string(nanoseconds(outcome.samples[at]) - first);
  return out + "\n";
}

LATHE_INLINE std::string checksum_line(std::string_view text) {
  return "checksum " + sha256_hex(text).substr(0, 16) + "\n";
}

/// Reads a table from its text, line by line. Lenient where the comparison with table_text() at the
/// end is not: what it has to see to is that nothing is out of range.
class table_reader {
 public:
  explicit table_reader(std::string_view text) : rest_(text) {}

  result<recorded_table> read(std::string_view text) {
    take(table_mark.substr(0, table_mark.size() - 1), "the mark of a table");
    table_.title = text_after("title ");
    table_.command = text_after("command ");
    table_.machine = text_after("machine ");
    while (is_next("site ")) read_site();
    if (table_.sites.empty()) object("a line that begins with 'site '");
    while (is_next("estimate")) read_estimate();
    read_points();
    for (std::size_t left = count_after("programs ", most_programs); left > 0 && !problem_; --left)
      read_program();
    if (!problem_ && static_cast<std::int64_t>(table_.programs.size()) < new_programs_)
      object("as many programs as the points name");
    if (!problem_) line();
    if (!problem_ && table_text(table_) != text)
      object("a table exactly as it is written, with the checksum of its text");
    if (problem_) return *problem_;
    return std::move(table_);
  }

 private:
  static constexpr std::int64_t most_points = 1 << 22, most_programs = 1 << 22;
  static constexpr std::int64_t most_time = INT64_C(1000000000000000);  // 10^6 s [ns]

  /// Remembers the first problem.
  void object(const std::string& expected) {
    if (problem_) return;
    problem_.emplace("LATHE-E512", "the table is damaged at line " + std::to_string(number_) +
                                       ": expected " + expected +
                                       "; record it again, or restore the file");
  }

  bool is_next(std::string_view begin) const { return !problem_ && rest_.starts_with(begin); }

  std::string_view line() {
    ++number_;
    const std::size_t end = rest_.find('\n');
    const std::string_view out = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return out;
  }

  void take(std::string_view wanted, const std::string& what) {
    if (line() != wanted) object(what);
  }

  std::string_view after(std::string_view begin) {
    const std::string_view found = line();
    if (found.starts_with(begin)) return found.substr(begin.size());
    object("a line that begins with '" + std::string(begin) + "'");
    return {};
  }
  std::string text_after(std::string_view begin) { return std::string(after(begin)); }

  /// Cuts the first word off.
  static std::string_view word(std::string_view& from, char separator = ' ') {
    const std::size_t end = from.find(separator);
    const std::string_view out = from.substr(0, end);
    from = end == std::string_view::npos ? std::string_view() : from.substr(end + 1);
    return out;
  }

  std::int64_t integer(std::string_view text, std::int64_t least, std::int64_t most) {
    std::int64_t value = 0;
    if (read_number(text, value) && value >= least && value <= most) return value;
    object("a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not '" +
           std::string(text.substr(0, 40)) + "'");
    return least;
  }

  std::size_t count_after(std::string_view begin, std::int64_t most) {
    return static_cast<std::size_t>(integer(after(begin), 0, most));
  }

  void read_site() {
    std::string_view of = after("site ");
    site made;
    made.choices = static_cast<std::int32_t>(integer(word(of), 1, most_points));
    std::string_view moves = word(of);
    std::string_view group = word(of);
    made.graph = group.ends_with('g');
    if (made.graph) group.remove_suffix(1);
    made.group = static_cast<std::int32_t>(integer(group, 0, most_points));
    made.name = of;
    while (moves != "-" && !moves.empty() && !problem_) {
      std::string_view from = word(moves, ',');
      sequence<std::int32_t> to;
      while (from != "." && !from.empty() && !problem_)
        to.push_back(static_cast<std::int32_t>(integer(word(from, ';'), 0, made.choices - 1)));
      made.moves.push_back(std::move(to));
    }
    if (!made.moves.empty() && made.moves.size() != static_cast<std::size_t>(made.choices))
      object("the moves of every choice");
    table_.sites.push_back(std::move(made));
  }

  void read_estimate() {
    std::string_view of = after("estimate ");
    point at;
    for (const site& each : table_.sites)
      at.choices.push_back(static_cast<std::int32_t>(integer(word(of), 0, each.choices - 1)));
    table_.estimates.push_back(std::move(at));
  }

  void read_points() {
    const std::size_t count = count_after("points ", most_points);
    std::size_t product = 1;
    for (const site& each : table_.sites)
      product = smaller(product * static_cast<std::size_t>(each.choices),
                        static_cast<std::size_t>(most_points) + 1);
    if (product != count) return object("as many points as the sites have");
    std::string_view words;
    while (table_.program_of.size() < count && !problem_) {
      if (words.empty()) words = line();
      std::string_view one = word(words);
      if (!one.starts_with('+')) {
        table_.program_of.push_back(static_cast<std::int32_t>(integer(one, 0, new_programs_ - 1)));
        continue;
      }
      one.remove_prefix(1);
      const auto left = static_cast<std::int64_t>(count - table_.program_of.size());
      for (std::int64_t more = one.empty() ? 1 : integer(one, 1, left); more > 0; --more)
        table_.program_of.push_back(static_cast<std::int32_t>(new_programs_++));
    }
  }

  void read_program() {
    std::string_view of = line();
    const std::string_view kind = word(of);
    table_program made;
    measurement& outcome = made.outcome;
    made.pruned = kind.starts_with("pruned_");
    outcome.stopped_early = kind == "early";
    outcome.failed =
        outcome.stopped_early ? failure::none : failure_named(made.pruned ? kind.substr(7) : kind);
    outcome.compile_seconds = 1e-6 * static_cast<double>(integer(word(of), 0, most_time));
    outcome.run_seconds = 1e-6 * static_cast<double>(integer(word(of), 0, most_time));
    if (outcome.failed != failure::none) {
      outcome.reason = of;
    } else {
      const std::int64_t first = integer(word(of), 1, most_time);
      outcome.samples.push_back(1e-9 * static_cast<double>(first));
      while (!of.empty() && !problem_) {
        const std::int64_t next = first + integer(word(of), 1 - first, most_time);
        outcome.samples.push_back(1e-9 * static_cast<double>(next));
      }
    }
    table_.programs.push_back(std::move(made));
  }

  std::string_view rest_;
  int number_ = 0;  // of the line read last
  std::int64_t new_programs_ = 0;
  recorded_table table_;
  std::optional<lathe::error> problem_;
};

}  // namespace detail

LATHE_INLINE std::size_t recorded_table::index_of(const point& at) const {
  std::size_t index = 0;
  for (std::size_t site = 0; site < sites.size(); ++site)
    index = index * static_cast<std::size_t>(sites[site].choices) +
            static_cast<std::size_t>(at.choices[site]);
  return index;
}

LATHE_INLINE point recorded_table::point_at(std::size_t index) const {
  point out;
  out.choices.resize(sites.size());
  for (std::size_t site = sites.size(); site-- > 0;) {
    const auto choices = static_cast<std::size_t>(sites[site].choices);
    out.choices[site] = static_cast<std::int32_t>(index % choices);
    index /= choices;
  }
  return out;
}

LATHE_INLINE double recorded_table::best_seconds() const {
  double best = std::numeric_limits<double>::infinity();
  for (const table_program& each : programs) best = smaller(best, each.outcome.seconds());
  return best;
}

LATHE_INLINE double recorded_table::hardness(double within) const {
  const double most = best_seconds() * (1 + within);
  double good = 0, tried = 0;
  for (const table_program& each : programs) {
    good += each.outcome.seconds() <= most;
    tried += !each.pruned;
  }
  return math::isfinite(most) ? good / tried : 0;
}

LATHE_INLINE std::string table_text(const recorded_table& table) {
  std::string out(detail::table_mark);
  out +=
      "title " + table.title + "\ncommand " + table.command + "\nmachine " + table.machine + "\n";
  for (const site& each : table.sites)
    out += "site " + std::to_string(each.choices) + " " + detail::moves_text(each) + " " +
           std::to_string(each.group) + (each.graph ? "g " : " ") + each.name + "\n";
  for (const point& each : table.estimates) {
    out += "estimate";
    for (const std::int32_t choice : each.choices) out += " " + std::to_string(choice);
    out += "\n";
  }
  out += "points " + std::to_string(table.program_of.size()) + "\n" +
         detail::points_text(table.program_of);
  out += "programs " + std::to_string(table.programs.size()) + "\n";
  for (const table_program& each : table.programs) out += detail::program_text(each);
  return out + detail::checksum_line(out);
}

LATHE_INLINE result<recorded_table> read_table(std::string_view text) {
  return detail::table_reader(text).read(text);
}

LATHE_INLINE table_space::table_space(const recorded_table& table, bool with_estimates)
    : table_(table) {
  sites = table.sites;
  if (with_estimates) estimates = table.estimates;
}

LATHE_INLINE std::optional<rejection> table_space::why_rejected(const point& candidate) const {
  const table_program& found = table_.programs[hash(candidate)];
  if (!found.pruned) return std::nullopt;
  return rejection{found.outcome.reason, found.outcome.failed == failure::limit};
}

LATHE_INLINE std::uint64_t table_space::hash(const point& candidate) const {
  return static_cast<std::uint64_t>(table_.program_of[table_.index_of(candidate)]);
}

LATHE_INLINE void record_all(const recorded_table& table, replay_evaluator& to) {
  for (std::size_t at = 0; at < table.programs.size(); ++at)
    to.record(at, table.programs[at].outcome);
}

}  // namespace lathe
