// lathe lab: compares search strategies, on recorded tables or on this machine; records tables.
#include <lathe/core/number_text.hpp>
#include <lathe/search/strategies.hpp>
#include <lathe/search/table.hpp>

#include "budgets.hpp"
#include "command.hpp"
#include "operators.hpp"
#include "recorder.hpp"
#include "report.hpp"
#include "table_features.hpp"
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace lathe;

/// Path "-": to standard output.
void write_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fputs(text.c_str(), stdout);
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

struct record_command {
  problem_options problem;
  std::vector<std::string> vary;
  std::string output;
  int passes = 3;
  bool json = false;

  int run() const {
    const chosen_operator chosen = choose_operator(problem.name, problem.extents, problem.type);
    lab::recording how;
    how.title = chosen.title;
    how.command = "lathe lab record " + problem.name;
    for (const std::string& each : problem.extents) how.command += " " + each;
    for (const std::string& each : problem.bound) how.command += " --bound " + each;
    if (problem.type != "f32") how.command += " --type " + problem.type;
    for (const std::string& each : vary) {
      const std::size_t equals = each.rfind('=');
      std::int64_t choices = 0;
      if (equals == std::string::npos || !read_number(each.substr(equals + 1), choices) ||
          choices < 1 || choices > 1000)
        throw CLI::ValidationError("--vary", "'" + each + "' is not of the form NAME=NUMBER");
      how.variations.push_back({each.substr(0, equals), static_cast<int>(choices)});
      how.command += " --vary '" + each + "'";
    }
    how.passes = passes;
    how.notebook = output + ".notebook";
    const tuning_request request = problem.request(chosen.desc.view(), {});
    const recorded_table table = lab::record_space(chosen.desc.view(), request, how);
    write_file(output, table_text(table));
    std::remove(how.notebook.c_str());
    if (json) {
      const nlohmann::ordered_json out{{"operator", chosen.title},
                                       {"programs", table.programs.size()},
                                       {"best_seconds", table.best_seconds()},
                                       {"hardness", table.hardness()}};
      std::printf("%s\n", out.dump(2).c_str());
      return 0;
    }
    std::printf("%s: %zu programs, best %.4g ms, %.2f %% of them within 5 %% of it\n",
                chosen.title.c_str(), table.programs.size(), 1e3 * table.best_seconds(),
                100 * table.hardness());
    return 0;
  }
};

/// What both kinds of comparison are asked for.
struct compared {
  lab::comparison_options options;
  std::string json, html;

  void add_to(CLI::App& command, int seeds) {
    options.seeds = seeds;
    command
        .add_option("--strategy", options.strategies,
                    "to compare with random search, e.g. 'q_method(gamma=8)' (repeatable); "
                    "default: all there are")
        ->allow_extra_args(false);
    command
        .add_option("--seeds", options.seeds,
                    "searches per strategy and problem; default " + std::to_string(seeds))
        ->check(CLI::Range(1, 1000));
    command.add_option("--json", json, "file for all curves and verdicts; -: standard output");
    command.add_option("--html", html, "file for the page with the tuning curves");
  }

  lab::comparison_options chosen() const {
    lab::comparison_options out = options;
    if (out.strategies.empty())
      for (const strategy_info& each : strategies()) out.strategies.push_back(each.name);
    return out;
  }

  int show(const lab::comparison& found) const {
    std::fputs(lab::text_of(found).c_str(), json == "-" ? stderr : stdout);
    if (!json.empty()) write_file(json, lab::json_of(found).dump(1) + "\n");
    if (!html.empty()) write_file(html, lab::page_of(found));
    return 0;
  }
};

struct live_command : compared {
  problem_options problem;
  double seconds = 30;

  int run() const {
    const chosen_operator chosen_one = choose_operator(problem.name, problem.extents, problem.type);
    tune_options limits;
    limits.time_limit = seconds;
    const tuning_request request = problem.request(chosen_one.desc.view(), limits);
    return show(lab::compare_live({{chosen_one.title, chosen_one.desc.view(), request}}, chosen()));
  }
};

struct budgets_command {
  problem_options problem;
  lab::budget_options options{{}, {}, {}};
  std::string json;

  int run() {
    if (options.strategies.empty()) options.strategies = {"evolve", "random"};
    if (options.seconds.empty()) options.seconds = {10, 60};
    const chosen_operator chosen = choose_operator(problem.name, problem.extents, problem.type);
    const lab::live_problem of{chosen.title, chosen.desc.view(),
                               problem.request(chosen.desc.view(), {})};
    const std::vector<lab::budget_run> runs = lab::compare_budgets(of, options);
    std::fputs(lab::text_of(of, runs).c_str(), json == "-" ? stderr : stdout);
    if (!json.empty()) write_file(json, lab::json_of(of, runs).dump(1) + "\n");
    return 0;
  }
};

/// The words of a command line, as a shell would split it: apostrophes hold words together.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  bool quoted = false, open = false;
  for (const char c : command) {
    if (c == '\'') quoted = !quoted;
    if (c == ' ' && !quoted) open = false;
    if (c == '\'' || (c == ' ' && !quoted)) continue;
    if (!open) words.emplace_back();
    open = true;
    words.back() += c;
  }
  return words;
}

/// The features of a table's code: what recorded it says how the space is made again.
std::unique_ptr<point_features> features_of(const lab::named_table& of, feature_kind what) {
  const std::vector<std::string> words = words_of(of.table.command);
  problem_options problem;
  std::vector<lab::variation> variations;
  for (std::size_t at = 3; at < words.size(); ++at) {  // behind "lathe lab record"
    if (words[at] == "--vary" && at + 1 < words.size()) {
      const std::string& each = words[++at];
      const std::size_t equals = each.rfind('=');
      variations.push_back({each.substr(0, equals), std::stoi(each.substr(equals + 1))});
    } else if (words[at] == "--bound" && at + 1 < words.size()) {
      problem.bound.push_back(words[++at]);
    } else if (words[at] == "--type" && at + 1 < words.size()) {
      problem.type = words[++at];
    } else if (problem.name.empty()) {
      problem.name = words[at];
    } else {
      problem.extents.push_back(words[at]);
    }
  }
  problem.threads = 1;  // as tables are recorded
  const chosen_operator chosen = choose_operator(problem.name, problem.extents, problem.type);
  return std::make_unique<lab::table_features>(
      chosen.desc.view(), problem.request(chosen.desc.view(), {}), variations, of.table, what);
}

struct replay_command : compared {
  bool replay = false, list = false;
  std::string tables = "bench/search/tables", features = "choices";

  int print_list() const {
    if (!json.empty()) {
      nlohmann::ordered_json out = nlohmann::ordered_json::array();
      for (const strategy_info& each : strategies())
        out.push_back({{"strategy", each.name},
                       {"what", each.summary},
                       {"parameters", parameters_of(each.name)}});
      write_file(json, out.dump(2) + "\n");
      return 0;
    }
    for (const strategy_info& each : strategies())
      std::printf("%-14s %s\n  %s\n", each.name, each.summary, parameters_of(each.name).c_str());
    return 0;
  }

  int run() const {
    if (list) return print_list();
    if (!replay) throw CLI::RequiredError("--replay, `lab live`, `lab budgets` or `lab record`");
    lab::comparison_options how = chosen();
    const std::vector<std::string> kinds{"statements", "loops", "curves"};
    const auto kind = std::find(kinds.begin(), kinds.end(), features);
    if (kind != kinds.end())
      how.features = [what = static_cast<feature_kind>(kind - kinds.begin())](
                         const lab::named_table& of) { return features_of(of, what); };
    return show(lab::compare(lab::read_tables(tables), std::move(how)));
  }
};

}  // namespace

command add_lab(CLI::App& app) {
  CLI::App* const own =
      app.add_subcommand("lab", "Compare search strategies, on recorded tables or on this machine");
  const auto recording = std::make_shared<record_command>();
  CLI::App* const record = own->add_subcommand("record", "Try a whole space and keep what it gave");
  recording->problem.add_to(*record);
  record->get_option("operator")->required();
  record
      ->add_option("--vary", recording->vary,
                   "NAME=NUMBER: sites whose names begin with NAME keep that many choices, all "
                   "others one (repeatable)")
      ->allow_extra_args(false)
      ->required();
  record->add_option("--output", recording->output, "file of the table")->required();
  record
      ->add_option("--passes", recording->passes, "over all programs, two samples each; default 3")
      ->check(CLI::Range(1, 100));
  record->add_flag("--json", recording->json, "print the summary as JSON");
  record->footer(
      "Goes on where it was interrupted: OUTPUT.notebook.\n"
      "Example: lathe lab record gemm 96 96 96 --vary rows=4 --vary block=4 --output gemm.table");
  const auto replaying = std::make_shared<replay_command>();
  own->add_flag("--replay", replaying->replay, "compare strategies on recorded tables");
  own->add_flag("--list", replaying->list, "list the strategies and their parameters");
  own->add_option("--tables", replaying->tables, "their folder; default bench/search/tables");
  replaying->add_to(*own, 10);
  own->add_option("--trials", replaying->options.trials, "of a search; default 200")
      ->check(CLI::Range(1, 1 << 20));
  own->add_flag("--warm", replaying->options.warm,
                "begin with the analytic schedule, as tune does");
  own->add_option("--features", replaying->features,
                  "what strategies that learn see: choices, or of the code statements (Ansor), "
                  "loops or curves (AutoTVM)")
      ->check(CLI::IsMember({"choices", "statements", "loops", "curves"}));
  own->footer("Example: lathe lab --replay --seeds 10 --json lab.json --html lab.html");
  const auto living = std::make_shared<live_command>();
  CLI::App* const live = own->add_subcommand("live", "Compare strategies on this machine");
  living->problem.add_to(*live);
  live->get_option("operator")->required();
  living->add_to(*live, 3);
  live->add_option("--seconds", living->seconds, "of a search; default 30")
      ->check(CLI::Range(0.1, 1e9));
  live->footer("Example: lathe lab live gemm 512 512 512 --strategy evolve --seconds 10");
  const auto limited = std::make_shared<budgets_command>();
  CLI::App* const budgets = own->add_subcommand(
      "budgets", "What more time buys: search with several limits, time the winners side by side");
  limited->problem.add_to(*budgets);
  budgets->get_option("operator")->required();
  budgets
      ->add_option("--strategy", limited->options.strategies,
                   "repeatable; default: evolve and random")
      ->allow_extra_args(false);
  budgets
      ->add_option("--seconds", limited->options.seconds,
                   "limit of a search, repeatable; default: 10 and 60")
      ->allow_extra_args(false)
      ->check(CLI::Range(0.1, 1e9));
  budgets->add_option("--keep", limited->options.keep,
                      "folder for the winners: what is there is not searched again");
  budgets->add_option("--json", limited->json, "file for all times; -: standard output");
  budgets->footer("Example: lathe lab budgets gemm 512 512 512 --seconds 5 --seconds 30");
  return {own, [budgets, limited, record, recording, live, living, replaying] {
            if (record->parsed()) return recording->run();
            if (budgets->parsed()) return limited->run();
            return live->parsed() ? living->run() : replaying->run();
          }};
}

}  // namespace tools
