#include "peers.hpp"

namespace bench {
namespace {

int current_threads = 1;

}  // namespace

const std::vector<peer>& all_peers() {
  static const std::vector<peer> all{find_openblas(), find_blis(),      find_libxsmm(),
                                     find_onednn(),   find_eigen(),     find_torch(),
                                     find_halide(),   find_naive_gcc(), find_naive_clang()};
  return all;
}

void set_threads(int threads) {
  current_threads = threads;
  for (const peer& each : all_peers())
    if (each.present && each.set_threads != nullptr) each.set_threads(threads);
}

int threads() { return current_threads; }

}  // namespace bench
