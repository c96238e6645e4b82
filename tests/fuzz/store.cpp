/// @file
/// libFuzzer entry for a folder with hostile content: opening, reading, pruning and checking it do
/// no harm, and pruning loses no winner. The first byte says what the rest is.
#include <lathe/store/cache.hpp>

#include "framing.hpp"
#include <cstdio>
#include <filesystem>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

void write(const std::string& path, const std::string& bytes) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  fuzz::require(file != nullptr);
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  ::chmod(path.c_str(), 0600);
}

const std::string& folder() {
  static const std::string made = [] {
    std::string pattern = "/dev/shm/lathe-fuzz-XXXXXX";
    if (::access("/dev/shm", W_OK) != 0) pattern = "/tmp/lathe-fuzz-XXXXXX";
    fuzz::require(::mkdtemp(pattern.data()) != nullptr);
    static const std::string path = pattern;
    std::atexit([] { std::filesystem::remove_all(path); });
    return pattern;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string path = folder() + "/c";
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path + "/objects");
  ::chmod(path.c_str(), 0700);
  ::chmod((path + "/objects").c_str(), 0700);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Two halves: segments of two writers that are dead.
  const std::size_t half = rest.find('\0');
  bool raw = false;
  const std::string family = data[0] % 4 == 1 ? "trial" : "seg";
  const std::string owner = "-elsewhere.12345678-1-000000000000000";
  write(path + "/" + family + owner + "1.log", fuzz::framed_lines(rest.substr(0, half), raw));
  if (half != std::string_view::npos)
    write(path + "/seg" + owner + "2.log", fuzz::framed_lines(rest.substr(half + 1), raw));
  const std::string digest(64, 'a');
  if (data[0] % 4 == 2) write(path + "/objects/" + digest + ".o", std::string(rest));
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.is_regular_file())
      std::filesystem::last_write_time(
          entry, std::filesystem::file_time_type::clock::now() - std::chrono::hours(48));
  }

  lathe::cache_options options;
  options.environment = false;
  options.directory = path;
  lathe::cache store = lathe::cache::open(options);
  const auto before = store.list();
  for (const lathe::winner& each : before) {
    fuzz::require(store.find(each.key).has_value());
    (void)store.trials(each.key);
    fuzz::require(!store.object_of(each, each.llvm_version, each.cpu_features));
  }
  const lathe::store_report checked = store.verify();
  fuzz::require(checked.clean() || !checked.messages.empty());
  store.prune();
  const std::string text = store.export_text();
  lathe::cache again = lathe::cache::open(options);
  fuzz::require(again.export_text() == text);
  fuzz::require(again.list().size() == before.size());
  return 0;
}
