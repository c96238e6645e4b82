#include "selection.hpp"

#include <cstdio>
#include <fnmatch.h>

namespace bench {
namespace {

bool matches(const std::vector<std::string>& patterns, const std::string& word) {
  if (patterns.empty()) return true;
  for (const std::string& each : patterns)
    if (::fnmatch(each.c_str(), word.c_str(), 0) == 0) return true;
  return false;
}

}  // namespace

bool selection::wants(const problem& of) const {
  return matches(ops, of.op) && matches(names, of.name) && (!quick || of.quick);
}

std::string list_of(const std::vector<problem>& cases) {
  std::string out;
  for (const problem& each : cases) {
    char line[120];
    std::snprintf(line, sizeof line, "%-24s %-20s %s%s\n", each.op.c_str(), each.name.c_str(),
                  word_of(each.counts_for).c_str(), each.quick ? ", quick" : "");
    out += line;
  }
  return out;
}

std::string word_of(group counts_for) {
  return counts_for == group::library ? "library" : counts_for == group::extra ? "extra" : "custom";
}

}  // namespace bench
