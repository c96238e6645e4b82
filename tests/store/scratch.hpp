/// @file
/// What the tests of the store share: a directory that disappears, sample values, child processes.
#pragma once

#include <lathe/store/cache.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace store_test {

/// A private directory of its own, removed with everything in it.
struct scratch {
  scratch() {
    char pattern[] = "/tmp/lathe_store_XXXXXX";
    REQUIRE(::mkdtemp(pattern) != nullptr);
    path = pattern;
  }
  ~scratch() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return path + '/' + name; }
  std::string path;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

/// Paths of the files in a directory whose names start with `prefix`.
inline lathe::sequence<std::string> files(const std::string& directory, const std::string& prefix) {
  lathe::sequence<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with(prefix)) out.push_back(entry.path().string());
  }
  return out;
}

inline lathe::cache_options options_for(const std::string& directory) {
  lathe::cache_options options;
  options.directory = directory;
  options.environment = false;
  return options;
}

/// A key that differs from those of other numbers.
inline lathe::cache_key sample_key(int number = 0) {
  lathe::cache_key key;
  key.structure = {0x1234, static_cast<std::uint64_t>(number)};
  key.target = "avx512 l1=32768 | l2=1%";
  key.threads = 2;
  key.bound = {"W", "odd|na,me"};
  key.op = "gemm";
  key.extents = "i=1024 j=1024";
  return key;
}

inline lathe::winner sample_winner(int number = 0, double seconds = 1e-3) {
  lathe::winner out;
  out.key = sample_key(number);
  out.trace = "split(C.i -> i0:_, i1:12); parallel(C.i0)";
  out.best_seconds = seconds * 0.9;
  out.median_seconds = seconds;
  out.samples = 7;
  out.gflops = 2.125;
  out.llvm_version = "19.1.7";
  out.cpu_features = "+avx512f,+fma";
  lathe::kernel_plan plan;
  plan.buffers = {{"A", lathe::dtype::f32, 1048576, true, false, false, false},
                  {"a,b;c%", lathe::dtype::f64, 0, false, false, false, true}};
  plan.phases = {{"phase0", 64, true, false}, {"pack.W", 1, false, true}};
  plan.scratch_bytes = 4096;
  out.plan = plan;
  return out;
}

inline lathe::sequence<std::byte> sample_object(std::size_t size, int seed = 1) {
  lathe::sequence<std::byte> out(size);
  for (std::size_t n = 0; n < size; ++n) {
    out[n] = static_cast<std::byte>(n * 31 + static_cast<std::size_t>(seed));
  }
  return out;
}

/// True if a message of the report begins with an id, e.g. "LATHE-E403".
inline bool says(const lathe::store_report& report, const std::string& id) {
  for (const std::string& message : report.messages)
    if (message.starts_with("[" + id + "]")) return true;
  return false;
}

/// Runs a function in a child process. @returns true if it returned true
template <class Function>
bool in_child(Function function) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(function() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace store_test
