// Kernels as C libraries: what was exported is compiled by the C compiler, loaded and called.
#include <lathe/export.hpp>
#include <lathe/lathe.hpp>
#include <lathe/target/cpu/host.hpp>

#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace lathe;

namespace {

struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-export-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

/// What save() wrote, linked and loaded.
class built_library {
 public:
  /// @param flags  for the C compiler
  built_library(const std::string& folder, const std::string& name, const exported_kernel& made,
                const std::string& flags) {
    std::string sources;
    for (const exported_file& each : made.files)
      if (each.name.ends_with(".o") || (each.name.ends_with(".c")))
        sources += " " + folder + "/" + each.name;
    const std::string file = folder + "/" + name + ".so";
    const std::string command = "cc -std=c11 -O2 -Wall -Wextra -Werror " + flags + sources +
                                " -shared -fPIC -lmvec -lm -o " + file;
    REQUIRE(std::system(command.c_str()) == 0);
    // OpenMP leaves threads behind: their library must stay.
    library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    REQUIRE(library_ != nullptr);
  }
  built_library(const built_library&) = delete;
  built_library& operator=(const built_library&) = delete;
  ~built_library() { dlclose(library_); }

  template <class Function>
  Function* get(const std::string& name) const {
    void* const found = dlsym(library_, name.c_str());
    REQUIRE(found != nullptr);
    return reinterpret_cast<Function*>(found);
  }

 private:
  void* library_;
};

std::vector<float> numbers(std::size_t count) {
  std::vector<float> out(count);
  for (std::size_t at = 0; at < count; ++at)
    out[at] = static_cast<float>((at * 7 + at / 11) % 5) - 2;
  return out;
}

tune_options estimate_only(int threads) {
  tune_options out;
  out.effort = effort_level::estimate;
  out.threads = threads;
  out.cache = cache_mode::off;
  return out;
}

/// Calls `call` once per variant that this machine can run; at least one.
template <class Call>
void for_each_variant(const built_library& library, const std::string& name, const Call& call) {
  int worked = 0;
  for (const char* set : {"sse2", "avx2", "avx512"}) {
    if (library.get<int(const char*)>(name + "_use")(set) != 0) continue;
    CHECK(std::string(library.get<const char*()>(name + "_variant")()) == set);
    call();
    ++worked;
  }
  CHECK(worked == 1 + static_cast<int>(native::best_isa()));
  CHECK(library.get<int(const char*)>(name + "_use")("no such set") == ENOSYS);
}

constexpr auto scaled_product(int rows, int columns, int depth) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{depth};
  param<"alpha", float> alpha;
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  tensor<"C", float, 2> C;
  return op<"scaled product">(A, B, C, alpha)(C(i, j) = alpha * sum(k)(A(i, k) * B(k, j)));
}

}  // namespace

TEST_CASE("export: objects and C source of all instruction sets compute what the kernel computes") {
  const int m = 37, n = 61, k = 43;
  const auto product = scaled_product(m, n, k);
  const auto a = numbers(m * k), b = numbers(k * n);
  std::vector<float> expected(m * n);
  evaluate(product, a, b, expected, 3.0f);
  for (const int threads : {1, 3}) {
    const auto kernel = tune(product, cpu(), estimate_only(threads));
    for (const export_form form : {export_form::object, export_form::source}) {
      const scratch_folder folder;
      const exported_kernel made = save(kernel, folder.path, {.form = form});
      CHECK(made.notes.size() == 3);
      const built_library library(folder.path, "scaled_product", made,
                                  threads > 1 ? "-fopenmp" : "");
      const auto call =
          library.get<int(const float*, const float*, float*, float)>("scaled_product");
      for_each_variant(library, "scaled_product", [&] {
        for (int repeat = 0; repeat < 2; ++repeat) {
          std::vector<float> c(m * n, -1);
          CHECK(call(a.data(), b.data(), c.data(), 3) == 0);
          CHECK(c == expected);
        }
      });
    }
  }
}

TEST_CASE("export: bound operands are given once, and may be gone when the kernel is called") {
  const int m = 19, n = 45, k = 33;
  const auto product = scaled_product(m, n, k);
  const auto a = numbers(m * k), b = numbers(k * n);
  std::vector<float> expected(m * n);
  evaluate(product, a, b, expected, 2.0f);
  for (const char* steps : {"", "pack(C.B, j); vectorize(C.j)"}) {  // copied, packed
    tune_options options = estimate_only(1);
    options.bound = {"B", "alpha"};
    const auto kernel = *steps == 0 ? compile(product, std::string(steps), cpu(), options)
                                    : tune(product, cpu(), options);
    const scratch_folder folder;
    const exported_kernel made = save(kernel, folder.path, {.name = "times_b"});
    const built_library library(folder.path, "times_b", made, "");
    for_each_variant(library, "times_b", [&] {
      std::vector<float> gone = b;
      void* const bound = library.get<void*(const float*, float)>("times_b_bind")(gone.data(), 2);
      REQUIRE(bound != nullptr);
      gone.assign(gone.size(), 1e30f);
      for (int repeat = 0; repeat < 2; ++repeat) {
        std::vector<float> c(m * n, -1);
        CHECK(library.get<int(void*, const float*, float*)>("times_b")(bound, a.data(), c.data()) ==
              0);
        CHECK(c == expected);
      }
      library.get<void(void*)>("times_b_release")(bound);
    });
  }
}

TEST_CASE("export: several stages with functions of libm") {
  const int rows = 13, columns = 70;
  const auto softmax = ops::softmax(rows, columns);
  const auto x = numbers(rows * columns);
  std::vector<float> expected(rows * columns);
  evaluate(softmax, x, expected);
  const scratch_folder folder;
  const exported_kernel made = save(tune(softmax, cpu(), estimate_only(1)), folder.path);
  const built_library library(folder.path, "softmax", made, "");
  for_each_variant(library, "softmax", [&] {
    std::vector<float> y(rows * columns, -1);
    CHECK(library.get<int(const float*, float*)>("softmax")(x.data(), y.data()) == 0);
    for (std::size_t at = 0; at < y.size(); ++at)
      CHECK(y[at] == doctest::Approx(expected[at]).epsilon(1e-5));
  });
}

TEST_CASE("export: the header is C++, the module Fortran, wherever they are compiled") {
  const auto kernel = tune(scaled_product(4, 4, 4), cpu(), estimate_only(1));
  const scratch_folder folder;
  save(kernel, folder.path, {.sets = {isa::sse2}});
  const std::string header = folder.path + "/scaled_product.h";
  CHECK(std::system(
            ("c++ -Wall -Wextra -Werror -fsyntax-only -include " + header + " -x c++ /dev/null")
                .c_str()) == 0);
  if (std::system("command -v gfortran > /dev/null") != 0) {
    MESSAGE("[SKIP] no gfortran: the Fortran module is not compiled");
    return;
  }
  CHECK(std::system(("gfortran -std=f2003 -Wall -Werror -fsyntax-only -J " + folder.path + " " +
                     folder.path + "/scaled_product.f90")
                        .c_str()) == 0);
}

TEST_CASE("export: what cannot be written is an error, and leaves no half of a file") {
  const auto kernel = tune(scaled_product(4, 4, 4), cpu(), estimate_only(1));
  const scratch_folder folder;
  for (const char* name : {"9lives", "double", "a-b", "exp"}) {
    const auto made = try_save(kernel, folder.path, {.name = name});
    REQUIRE(!made);
    CHECK(made.error().id() == "LATHE-E530");
  }
  const std::string file = folder.path + "/file";
  std::ofstream(file) << "in the way";
  const auto made = try_save(kernel, file + "/deeper", {.sets = {isa::sse2}});
  REQUIRE(!made);
  CHECK(made.error().id() == "LATHE-E531");
  // A name that is a folder: all files before it are whole.
  std::filesystem::create_directories(folder.path + "/out/scaled_product.c/x");
  const auto blocked = try_save(kernel, folder.path + "/out", {.sets = {isa::sse2}});
  REQUIRE(!blocked);
  CHECK(blocked.error().id() == "LATHE-E531");
  for (const auto& each : std::filesystem::directory_iterator(folder.path + "/out"))
    CHECK(each.path().extension() != ".new");
}
