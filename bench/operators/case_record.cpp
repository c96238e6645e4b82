#include "case_record.hpp"

#include "selection.hpp"
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <stdexcept>

namespace bench {
namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  char out[16];
  std::strftime(out, sizeof out, "%Y-%m-%d", std::gmtime(&now));
  return out;
}

}  // namespace

std::string revision() {
  const char* const value = std::getenv("LATHE_BENCH_REVISION");
  return value == nullptr ? "" : value;
}

record begin_record(const problem& of, const std::string& key, const std::string& machine) {
  return {{"key", key},
          {"op", of.op},
          {"case", of.name},
          {"group", word_of(of.counts_for)},
          {"element", lathe::name_of(of.element)},
          {"threads", 1},
          {"machine", machine},
          {"date", today()},
          {"revision", revision()},
          {"flops", of.flops()},
          {"bytes", of.bytes()}};
}

void add_rows(record& to, const std::vector<measurement>& results) {
  for (const measurement& each : results) {
    record row{{"library", each.library},
               {"how", each.how},
               {"contract", name_of(each.terms)},
               {"seconds", each.seconds}};
    if (each.cold_seconds > 0) row["cold_seconds"] = each.cold_seconds;
    if (!each.wrong.empty()) row["wrong"] = each.wrong;
    to["contestants"].push_back(std::move(row));
  }
}

bool has_wrong_result(const record& of) {
  for (const record& each : of.at("contestants"))
    if (each.contains("wrong") && each.at("library") == "lathe") return true;
  return false;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream to(path);
  to << text;
  if (!to.flush()) throw std::runtime_error("bench: cannot write " + path);
}

}  // namespace bench
