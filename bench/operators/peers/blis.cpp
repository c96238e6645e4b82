#include "cblas_library.hpp"

namespace bench {
namespace {

const shared_object& library() {
  static const shared_object opened("libblis.so.4");
  return opened;
}

void enter(const problem& of, const operands& data, contestants& into) {
  static const blas functions = cblas_functions("BLIS", library());
  enter_blas(functions, of, data, into);
}

void use_threads(int threads) {
  if (auto* f = library().function<void(long)>("bli_thread_set_num_threads")) f(threads);
}

}  // namespace

peer find_blis() {
  peer out{"BLIS", {}, library().opened(), use_threads, enter};
  if (!out.present) {
    out.version = library().problem();
    return out;
  }
  if (auto* f = library().function<void()>("bli_init")) f();
  auto* const version = library().function<const char*()>("bli_info_get_version_str");
  auto* const chosen = library().function<int()>("bli_arch_query_id");
  auto* const word = library().function<const char*(int)>("bli_arch_string");
  out.version = std::string(version ? version() : "?") + ", kernels of " +
                (chosen && word ? word(chosen()) : "?");
  return out;
}

}  // namespace bench
