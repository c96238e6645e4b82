// lathe completion: a script for the shell, made from the options themselves.
#include "command.hpp"
#include "operators.hpp"
#include <cstdio>
#include <memory>

namespace tools {
namespace {

/// The words that an option takes: those of CLI::IsMember, which says "TEXT:{one,two}".
std::string choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return "";
  std::string words = type.substr(open + 1, close - open - 1);
  for (char& each : words)
    if (each == ',') each = ' ';
  return words;
}

/// The cases of one command and of those below it. @param path  " lab record", "" for lathe itself
struct script {
  std::string paths;   ///< which words lead to which sub-command
  std::string values;  ///< what an option takes
  std::string words;   ///< sub-commands and options

  void add(const CLI::App& app, const std::string& path) {
    std::string here;
    for (const CLI::App* each : app.get_subcommands(nullptr)) {
      const std::string below = path + " " + each->get_name();
      paths += "      '" + below + "') path='" + below + "' ;;\n";
      here += each->get_name() + " ";
      add(*each, below);
    }
    for (const CLI::Option* each : app.get_options()) {
      for (const std::string& name : each->get_lnames()) {
        here += "--" + name + " ";
        if (const std::string taken = choices_of(*each); !taken.empty())
          values += "    '" + path + " --" + name + "') words='" + taken + "' ;;\n";
      }
      if (each->get_positional() && each->get_name() == "operator")
        for (const library_operator& one : library_operators()) here += std::string(one.name) + " ";
    }
    words += "      '" + path + "') words='" + here + "' ;;\n";
  }
};

/// bash; zsh reads the same through bashcompinit.
void print_script(const CLI::App& app, bool zsh) {
  script cases;
  cases.add(app, "");
  if (zsh) std::printf("autoload -U +X bashcompinit && bashcompinit\n");
  std::printf(
      "_lathe() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} path= words= at\n"
      "  for ((at = 1; at < COMP_CWORD; ++at)); do\n"
      "    case \"$path ${COMP_WORDS[at]}\" in\n"
      "%s"
      "    esac\n"
      "  done\n"
      "  case \"$path ${COMP_WORDS[COMP_CWORD-1]}\" in\n"
      "%s"
      "    *) case \"$path\" in\n"
      "%s"
      "    esac ;;\n"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n"
      "complete -o default -F _lathe lathe\n",
      cases.paths.c_str(), cases.values.c_str(), cases.words.c_str());
}

}  // namespace

command add_completion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>("bash");
  CLI::App* const own =
      app.add_subcommand("completion", "Print a script by which the shell completes words");
  own->add_option("shell", *shell, "bash or zsh; default bash")
      ->check(CLI::IsMember({"bash", "zsh"}));
  own->footer("Example: source <(lathe completion bash)");
  return {own, [&app, shell] {
            print_script(app, *shell == "zsh");
            return 0;
          }};
}

}  // namespace tools
