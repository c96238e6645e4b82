#include "record.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace bench {

record_file::record_file(std::string path) : path_(std::move(path)) {
  std::ifstream from(path_);
  for (std::string line; std::getline(from, line);) {
    record parsed = record::parse(line, nullptr, false);
    if (parsed.is_object() && parsed.contains("key")) all_.push_back(std::move(parsed));
  }
}

const record* record_file::find(const std::string& key) const {
  for (std::size_t at = all_.size(); at-- > 0;)
    if (all_[at]["key"] == key) return &all_[at];
  return nullptr;
}

void record_file::add(record made) {
  if (const auto folder = std::filesystem::path(path_).parent_path(); !folder.empty())
    std::filesystem::create_directories(folder);
  std::ofstream to(path_, std::ios::app);
  to << made.dump() << '\n' << std::flush;
  if (!to) throw std::runtime_error("bench: cannot write " + path_);
  all_.push_back(std::move(made));
}

}  // namespace bench
