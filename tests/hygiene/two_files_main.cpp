// Two files of one program include everything, header-only: it links only if every definition of
// lathe is inline. Each computes with the same function templates.
#include <lathe/lathe.hpp>

#include <cstdio>
#include <vector>

std::vector<float> product_in_other_file(const std::vector<float>& a, const std::vector<float>& x);

int main() {
  const std::vector<float> a = {1, 2, 3, 4};
  const std::vector<float> x = {10, 100};
  std::vector<float> y(2);
  lathe::evaluate(lathe::ops::gemv(2, 2), a, x, y);
  if (y != std::vector<float>{210, 430} || product_in_other_file(a, x) != y) return 1;
  std::puts("two files: ok");
  return 0;
}
