#include "cblas_library.hpp"

namespace bench {
namespace {

const shared_object& library() {
  static const shared_object opened("libopenblas.so.0");
  return opened;
}

void enter(const problem& of, const operands& data, contestants& into) {
  static const blas functions = cblas_functions("OpenBLAS", library());
  enter_blas(functions, of, data, into);
}

void use_threads(int threads) {
  if (auto* f = library().function<void(int)>("openblas_set_num_threads")) f(threads);
}

}  // namespace

peer find_openblas() {
  peer out{"OpenBLAS", {}, library().opened(), use_threads, enter};
  if (!out.present) {
    out.version = library().problem();
    return out;
  }
  auto* const config = library().function<const char*()>("openblas_get_config");
  auto* const core = library().function<const char*()>("openblas_get_corename");
  out.version = std::string(config ? config() : "?") + ", core " + (core ? core() : "?");
  return out;
}

}  // namespace bench
