// The second file of two_files_main.cpp.
#include <lathe/lathe.hpp>

#include <vector>

std::vector<float> product_in_other_file(const std::vector<float>& a, const std::vector<float>& x) {
  std::vector<float> y(2);
  lathe::evaluate(lathe::ops::gemv(2, 2), a, x, y);
  return y;
}
