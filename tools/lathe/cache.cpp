// lathe cache: what earlier tunings have found, and how it travels.
#include <lathe/store/cache.hpp>
#include <lathe/store/wisdom.hpp>

#include "command.hpp"
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tools {
namespace {

using namespace lathe;
using json = nlohmann::ordered_json;

json json_of(const winner& each) {
  return {{"key", each.key.hash()},
          {"operator", each.key.op},
          {"extents", each.key.extents},
          {"threads", each.key.threads},
          {"bound", each.key.bound},
          {"strict_fp", each.key.strict_fp},
          {"target", each.key.target},
          {"gflops", each.gflops},
          {"median_seconds", each.median_seconds},
          {"best_seconds", each.best_seconds},
          {"samples", each.samples},
          {"origin", name_of(each.origin)},
          {"version", each.version},
          {"date", each.date},
          {"trace", each.trace}};
}

json json_of(const search_effort& done) {
  return {{"effort", done.level},
          {"seconds", done.seconds},
          {"trials", done.trials},
          {"stopped", done.stopped},
          {"space", done.space}};
}

/// Whether a record is meant by an operator's name or by the first digits of its key.
bool is_meant(const winner& record, const std::string& word) {
  return word.empty() || record.key.op == word ||
         (word.size() >= 4 && record.key.hash().starts_with(word));
}

void print_row(const winner& each) {
  std::printf("%.12s  %-18s %2d thread%s %9.4g ms %8.4g GFLOP/s  %-8s %s  %s\n",
              each.key.hash().c_str(), each.key.op.c_str(), each.key.threads,
              each.key.threads == 1 ? " " : "s", 1e3 * each.median_seconds, each.gflops,
              name_of(each.origin), each.date.c_str(), each.key.extents.c_str());
}

struct cache_command {
  CLI::App* app = nullptr;
  std::string directory;
  std::string word;                 // an operator's name or a key
  std::string file;                 // written
  std::vector<std::string> inputs;  // read
  double trial_mib = 64, object_mib = 256;
  bool as_json = false;

  cache open(std::optional<cache_mode> mode) const {
    cache_options options;
    options.directory = directory;
    options.mode = mode;
    options.trial_limit = static_cast<std::int64_t>(trial_mib * (1 << 20));
    options.object_limit = static_cast<std::int64_t>(object_mib * (1 << 20));
    return cache::open(options);
  }

  /// What changes a cache needs one that can be changed.
  cache open_writable() const {
    cache store = open(std::nullopt);
    if (store.mode() != cache_mode::rw)
      throw std::runtime_error("the cache is only read: unset LATHE_CACHE_MODE, or set it to rw");
    if (store.directory().empty()) {
      print_problems(store.report());
      throw std::runtime_error("there is no cache directory to write to");
    }
    return store;
  }

  static void print_problems(const store_report& report) {
    for (const std::string& line : report.messages) std::fprintf(stderr, "%s\n", line.c_str());
  }

  static void print(const json& value) { std::printf("%s\n", value.dump(2).c_str()); }

  lathe::sequence<winner> meant(const cache& store) const {
    lathe::sequence<winner> found = store.list();
    erase_if(found, [&](const winner& each) { return !is_meant(each, word); });
    print_problems(store.report());
    return found;
  }

  int none_meant() const {
    std::fprintf(stderr,
                 "lathe: no kernel of '%s' is cached; 'lathe cache list' shows those that are\n",
                 word.c_str());
    return 1;
  }

  int list() const {
    const cache store = open(cache_mode::ro);
    const lathe::sequence<winner> winners = meant(store);
    if (as_json) {
      json out = json::array();
      for (const winner& each : winners) out.push_back(json_of(each));
      print(out);
      return 0;
    }
    std::printf("%zu kernels in %s\n", winners.size(),
                store.directory().empty() ? "memory (no directory)" : store.directory().c_str());
    for (const winner& each : winners) print_row(each);
    return 0;
  }

  int show() const {
    cache store = open(cache_mode::ro);
    const lathe::sequence<winner> winners = meant(store);
    if (winners.empty()) return none_meant();
    json out = json::array();
    for (const winner& each : winners) {
      const std::size_t trials = store.trials(each.key).size();
      const bool has_object =
          store.object_of(each, each.llvm_version, each.cpu_features).has_value();
      json searches = json::array();
      for (const search_effort& done : store.efforts(each.key)) searches.push_back(json_of(done));
      if (as_json) {
        json record = json_of(each);
        record["searches"] = std::move(searches);
        record["trials"] = trials;
        record["object"] = has_object ? each.object_digest : "";
        record["code_generator"] = each.llvm_version;
        out.push_back(std::move(record));
        continue;
      }
      print_row(each);
      std::printf("  key       %s\n  target    %s\n", each.key.hash().c_str(),
                  each.key.target.c_str());
      for (const std::string& name : each.key.bound) std::printf("  bound     %s\n", name.c_str());
      std::printf("  times     best %.6g s, median %.6g s of %d samples\n", each.best_seconds,
                  each.median_seconds, each.samples);
      for (const json& done : searches)
        std::printf("  searched  %s: %.3g s, %d trials, ended by %s\n",
                    done["effort"].get<std::string>().c_str(), done["seconds"].get<double>(),
                    done["trials"].get<int>(), done["stopped"].get<std::string>().c_str());
      std::printf("  trials    %zu kept\n  code      %s\n  lathe     %s\n", trials,
                  has_object ? each.llvm_version.c_str() : "none: it is compiled from the trace",
                  each.version.c_str());
      const std::string& steps = each.trace;
      for (std::size_t begin = 0; begin < steps.size();) {
        const std::size_t end = std::min(steps.find(';', begin), steps.size());
        const std::size_t first = steps.find_first_not_of(' ', begin);
        std::printf("  %-9s %s\n", begin == 0 ? "trace" : "",
                    steps.substr(first, end - first).c_str());
        begin = end + 1;
      }
    }
    if (as_json) print(out);
    return 0;
  }

  /// Writes winners to `file`, "-" = standard output.
  int write(const lathe::sequence<winner>& winners, const char* done) const {
    const std::string text = wisdom_text(winners);
    if (file == "-") {
      std::fwrite(text.data(), 1, text.size(), stdout);
      return std::fflush(stdout) == 0 ? 0 : 1;
    }
    write_text_file(file, text).value();
    if (as_json)
      print({{done, winners.size()}, {"file", file}});
    else
      std::printf("%zu kernels %s to %s\n", winners.size(), done, file.c_str());
    return 0;
  }

  int export_winners() const {
    const cache store = open(cache_mode::ro);
    const lathe::sequence<winner> winners = meant(store);
    return winners.empty() && !word.empty() ? none_meant() : write(winners, "exported");
  }

  lathe::sequence<winner> read_inputs() const {
    lathe::sequence<winner> all;
    store_report report;
    for (const std::string& each : inputs) {
      lathe::sequence<winner> found = read_whole_wisdom(each, report).value();
      for (winner& one : found) all.push_back(std::move(one));
    }
    print_problems(report);
    return all;
  }

  int import_winners() const {
    cache store = open_writable();
    // As one text: of several files none is taken if one of them is wrong.
    const std::size_t count = store.import_text(wisdom_text(read_inputs())).value();
    if (as_json)
      print({{"imported", count}, {"directory", store.directory()}});
    else
      std::printf("%zu kernels imported to %s; each is checked before its first use\n", count,
                  store.directory().c_str());
    return 0;
  }

  int merge() const { return write(best_of_each_key(read_inputs()), "merged"); }

  int prune() const {
    cache store = open_writable();
    const prune_report done = store.prune();
    print_problems(store.report());
    if (as_json)
      print({{"segments", done.segments},
             {"objects", done.objects},
             {"trials", done.trials},
             {"leftovers", done.leftovers}});
    else
      std::printf(
          "%s: %zu log files merged, %zu objects and %zu trials dropped, %zu left-over files "
          "removed\n",
          store.directory().c_str(), done.segments, done.objects, done.trials, done.leftovers);
    return 0;
  }

  int verify() const {
    const cache store = open(cache_mode::ro);
    store_report report = store.verify();
    for (const std::string& line : store.report().messages) report.say(line);
    report.refused = std::max(report.refused, store.report().refused);
    print_problems(report);
    if (as_json)
      print({{"directory", store.directory()},
             {"records", report.records},
             {"torn", report.torn},
             {"damaged", report.damaged},
             {"malformed", report.malformed},
             {"newer", report.newer},
             {"refused", report.refused},
             {"messages", std::vector<std::string>(report.messages.begin(), report.messages.end())},
             {"clean", report.clean()}});
    else
      std::printf("%s: %zu records, %zu torn, %zu damaged, %zu malformed, %zu newer, %zu refused\n",
                  store.directory().empty() ? "no directory" : store.directory().c_str(),
                  report.records, report.torn, report.damaged, report.malformed, report.newer,
                  report.refused);
    return report.clean() ? 0 : 1;
  }
};

}  // namespace

command add_cache(CLI::App& app) {
  const auto state = std::make_shared<cache_command>();
  CLI::App* const own = app.add_subcommand("cache", "The kernels found so far: look, carry, clean");
  own->require_subcommand(1);
  own->footer(
      "Exit status: 0 done, 1 failed (verify: something is damaged), 2 wrong usage.\n"
      "Wisdom files travel between machines of one kind. LATHE_WISDOM_PATH names files and "
      "folders\n"
      "of them that are read below the own cache and never written, as a site installs them.");
  using action = int (cache_command::*)() const;
  const auto actions = std::make_shared<std::vector<std::pair<CLI::App*, action>>>();
  const auto add = [&](const char* name, const char* text, action run) {
    CLI::App* const made = own->add_subcommand(name, text);
    made->add_option("--dir", state->directory,
                     "folder; default $LATHE_CACHE_DIR, else $XDG_CACHE_HOME/lathe");
    made->add_flag("--json", state->as_json, "with all fields, as JSON");
    actions->emplace_back(made, run);
    return made;
  };
  const char* const word_text = "of this operator, or whose key begins so";
  const char* const file_text = "written, - = standard output";
  const char* const inputs_text = "wisdom files, folders of them, or other caches";

  CLI::App* made = add("list", "List the best kernel of every problem", &cache_command::list);
  made->add_option("which", state->word, word_text);
  made = add("show", "Everything about a kernel: times, searches, schedule", &cache_command::show);
  made->add_option("which", state->word, word_text)->required();
  made = add("export", "Write the best kernels as wisdom: text without machine code",
             &cache_command::export_winners);
  made->add_option("file", state->file, file_text)->required();
  made->add_option("which", state->word, word_text);
  made = add("import", "Take wisdom over: all of it, or nothing if a part is wrong",
             &cache_command::import_winners);
  made->add_option("files", state->inputs, inputs_text)->required();
  made = add("merge", "Join wisdom into one file with the best kernel of every problem",
             &cache_command::merge);
  made->add_option("files", state->inputs, inputs_text)->required();
  made->add_option("-o,--output", state->file, file_text)->required();
  made = add("prune", "Join log files, drop old trials and objects; kernels stay",
             &cache_command::prune);
  made->add_option("--trials", state->trial_mib, "[MiB] of trials that stay, 64")
      ->check(CLI::NonNegativeNumber);
  made->add_option("--objects", state->object_mib, "[MiB] of machine code that stay, 256")
      ->check(CLI::NonNegativeNumber);
  add("verify", "Read every record again; exit status 1 if something is damaged",
      &cache_command::verify);

  return {own, [state, actions] {
            for (const auto& [sub, run] : *actions)
              if (sub->parsed()) return ((*state).*run)();
            return 2;
          }};
}

}  // namespace tools
