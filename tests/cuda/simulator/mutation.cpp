#include "cuda/simulator/mutation.hpp"

#include <algorithm>
#include <cstddef>
#include <regex>

namespace cuda_simulator {
namespace {

class mutator {
 public:
  explicit mutator(std::string_view text) : text_(text) {}

  std::vector<mutation> all() {
    remove(mistake::barrier, "__syncthreads();");
    remove(mistake::barrier, "__syncwarp();");
    static const std::regex copy(R"(lathe_copy_async\d+\()");
    if (std::regex_search(text_, copy)) {  // groups of no copies are nothing to wait for
      remove(mistake::commit, "lathe_copy_async_commit();");
      weaken_waits();
    }
    exchange_registers();
    move_bounds();
    return std::move(out_);
  }

 private:
  /// @param shown  how `by` is shown to people; the same if empty
  void add(mistake kind, std::size_t at, std::size_t length, const std::string& by,
           const std::string& shown = {}) {
    mutation made;
    made.kind = kind;
    made.line = 1 + static_cast<int>(std::count(
                        text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    made.text = text_;
    made.text.replace(at, length, by);
    const std::size_t start = text_.rfind('\n', at) + 1, end = text_.find('\n', at + length);
    made.what = text_.substr(start, end - start) + "  ->  " + text_.substr(start, at - start) +
                (shown.empty() ? by : shown) + text_.substr(at + length, end - at - length);
    out_.push_back(std::move(made));
  }

  void remove(mistake kind, const std::string& what) {
    for (std::size_t at = 0; (at = text_.find(what, at)) != std::string::npos; at += what.size())
      add(kind, at, what.size(), ";");
  }

  template <class Action>
  void for_each(const char* pattern, Action action) {
    const std::regex expression(pattern);
    for (std::sregex_iterator at(text_.begin(), text_.end(), expression), end; at != end; ++at)
      action(*at, static_cast<std::size_t>(at->position()));
  }

  void weaken_waits() {
    for_each(R"(lathe_copy_async_wait<(\d+)>)", [&](const std::smatch& found, std::size_t at) {
      add(mistake::wait, at, static_cast<std::size_t>(found.length()),
          "lathe_copy_async_wait<" + std::to_string(std::stoi(found[1]) + 1) + ">");
    });
  }

  void exchange_registers() {
    for_each(R"((lathe_mma_\w+\()([^,;]+), ([^,;]+), ([^,;]+)\);)",
             [&](const std::smatch& found, std::size_t at) {
               const std::string call = found[1], d = found[2], a = found[3], b = found[4];
               const auto with = [&](const std::string& registers, const std::string& left,
                                     const std::string& right) {
                 add(mistake::fragment, at, static_cast<std::size_t>(found.length()),
                     "{ const unsigned exchanged[] = {" + registers + "}; " + call + d + ", " +
                         left + ", " + right + "); }");
               };
               with(a + "[1], " + a + "[0], " + a + "[2], " + a + "[3]", "exchanged", b);
               with(a + "[0], " + a + "[2], " + a + "[1], " + a + "[3]", "exchanged", b);
               with(b + "[1], " + b + "[0]", a, "exchanged");
             });
  }

  void move_bounds() {
    for_each(" (<=|<|>=|>) ", [&](const std::smatch& found, std::size_t at) {
      const std::string sign = found[1];
      const auto length = static_cast<std::size_t>(found.length());
      const std::size_t start = text_.rfind('\n', at) + 1;
      if (text_.compare(start, 7, "static ") == 0) return;  // min, max: values, not bounds
      const std::string step = loop_step(at);
      const bool below = sign[0] == '<', strict = sign.size() == 1;
      const std::string relation =
          std::string(below ? "less" : "greater") + (strict ? "" : "_equal");
      const auto alter = [&](const std::string& by, bool inclusive) {
        const std::string fields = by + (inclusive ? ", true" : "");
        add(mistake::bound, at, length,
            " <cuda_simulator::altered<cuda_simulator::" + relation + ">{" + fields + "}> ",
            inclusive ? ' ' + sign + "= " : " + " + by + found.str());
      };
      const std::string by = step.empty() ? "1" : step;
      alter(below ? by : "-(" + by + ')', false);  // once less
      if (by == "1") strict ? alter("0", true) : alter(below ? "-1" : "1", false);
    });
  }

  /// By how much a loop's variable changes, if the comparison at `at` is the loop's; "" otherwise.
  std::string loop_step(std::size_t at) const {
    const std::size_t start = text_.rfind('\n', at) + 1, end = text_.find('\n', at);
    const std::string line = text_.substr(start, end - start);
    static const std::regex loop(
        R"(for \([^;]*;([^;]*);\s*(?:\+\+|--)?\w+(?: [-+]= ([^)]+)|(?:\+\+|--)?)\))");
    std::smatch found;
    if (!std::regex_search(line, found, loop)) return {};
    const auto offset = static_cast<std::ptrdiff_t>(at - start);
    if (offset < found.position(1) || offset >= found.position(1) + found.length(1)) return {};
    return found[2].matched ? found[2].str() : "1";
  }

  std::string text_;
  std::vector<mutation> out_;
};

}  // namespace

const char* name_of(mistake kind) {
  constexpr const char* names[] = {"barrier", "wait", "commit", "fragment", "bound"};
  return names[static_cast<int>(kind)];
}

std::vector<mutation> mutations_of(std::string_view text) { return mutator(text).all(); }

}  // namespace cuda_simulator
