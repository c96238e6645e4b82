// lathe errors: what an error id means and what to do about it. The list is error_catalogue.inc.
#include <lathe/core/diagnose.hpp>

#include "command.hpp"
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

namespace tools {
namespace {

/// One id of the catalogue.
struct catalogued {
  std::string id;     ///< "E101"
  std::string cause;  ///< what is wrong
  std::string cure;   ///< what to write instead
};

/// "[LATHE-E010] cause: cure", as compilers print it.
catalogued of_diagnostic(std::string_view text) {
  const std::size_t begin = text.find(' ') + 1;
  const std::size_t colon = text.find(": ", begin);
  return {std::string(text.substr(7, 4)), std::string(text.substr(begin, colon - begin)),
          std::string(text.substr(colon + 2))};
}

const std::vector<catalogued>& catalogue() {
#define LATHE_DIAGNOSTIC(number) of_diagnostic(LATHE_E##number),
#define LATHE_ERROR(number, sources, cause, cure) {"E" #number, cause, cure},
  static const std::vector<catalogued> all{
#include "error_catalogue.inc"
  };
#undef LATHE_DIAGNOSTIC
#undef LATHE_ERROR
  return all;
}

struct section {
  char hundred;
  const char* title;
};
constexpr section sections[] = {
    {'0', "Compile time"}, {'1', "Arguments and options"},
    {'2', "Schedules"},    {'3', "Targets and code generation"},
    {'4', "The cache"},    {'5', "Search and measurement"},
};

/// What Markdown would read as a tag, a column or emphasis is marked.
std::string markdown_of(const std::string& text) {
  std::string out;
  for (const char each : text) {
    if (each == '<' || each == '|' || each == '*' || each == '_') out += '\\';
    out += each;
  }
  return out;
}

/// The page include/lathe/errors.md. Every line of it comes from the catalogue.
void print_markdown() {
  std::printf(
      "# Errors\n\n"
      "Written by `lathe errors --markdown` from tools/lathe/error_catalogue.inc; do not edit.\n"
      "`lathe errors E101` prints one of them. Messages begin with the id, `[LATHE-E101]`, and "
      "name\n"
      "the tensors, numbers and files involved; `lathe::error::id()` gives it to programs. For "
      "every\n"
      "E0 there is a program that has the mistake, and the same one without it:\n"
      "`tests/compile_fail/E0*.cpp`.\n");
  for (const section& each : sections) {
    std::printf("\n## E%c: %s\n\n| id | cause | cure |\n|---|---|---|\n", each.hundred, each.title);
    for (const catalogued& one : catalogue())
      if (one.id[1] == each.hundred)
        std::printf("| %s | %s | %s |\n", one.id.c_str(), markdown_of(one.cause).c_str(),
                    markdown_of(one.cure).c_str());
  }
}

struct errors_command {
  std::string id;
  bool json = false, markdown = false;

  /// "E101" of "E101", "LATHE-E101", "[LATHE-E101]" or "101".
  std::string wanted() const {
    const std::size_t digit = id.find_first_of("0123456789");
    return digit == std::string::npos ? id : "E" + id.substr(digit, 3);
  }

  int run() const {
    std::vector<catalogued> chosen;
    for (const catalogued& one : catalogue())
      if (id.empty() || one.id == wanted()) chosen.push_back(one);
    if (chosen.empty())
      throw CLI::ValidationError("there is no error '" + id + "'; `lathe errors` lists them",
                                 CLI::ExitCodes::ValidationError);
    if (markdown) {
      print_markdown();
    } else if (json) {
      nlohmann::ordered_json out = nlohmann::ordered_json::array();
      for (const catalogued& one : chosen)
        out.push_back({{"id", "LATHE-" + one.id}, {"cause", one.cause}, {"cure", one.cure}});
      std::printf("%s\n", out.dump(2).c_str());
    } else if (id.empty()) {
      for (const catalogued& one : chosen)
        std::printf("%s  %s\n", one.id.c_str(), one.cause.c_str());
    } else {
      std::printf("LATHE-%s\ncause: %s\ncure:  %s\n", chosen[0].id.c_str(), chosen[0].cause.c_str(),
                  chosen[0].cure.c_str());
    }
    return 0;
  }
};

}  // namespace

command add_errors(CLI::App& app) {
  const auto state = std::make_shared<errors_command>();
  CLI::App* const own = app.add_subcommand("errors", "Explain an error id: its cause and its cure");
  own->add_option("id", state->id, "as in the message, e.g. E101; default: list all");
  own->add_flag("--json", state->json, "as JSON");
  own->add_flag("--markdown", state->markdown, "all of them, as include/lathe/errors.md");
  own->footer("Example: lathe errors E107");
  return {own, [state] { return state->run(); }};
}

}  // namespace tools
