// A layer tuned here, for programs elsewhere: saved as a C library, which needs neither lathe nor
// LLVM and chooses at run time among variants for several processors. examples/08_export calls it
// from C and from Fortran.
//   08_export [folder for the files [seconds of search]]
#include <lathe/export.hpp>
#include <lathe/lathe.hpp>

#include "example.hpp"
#include <string>

using namespace lathe;

// Y[i,j] = max(sum_k X[i,k] W[k,j] + b[j], 0), a layer of a neural network.
constexpr auto dense_layer(int rows, int columns, int depth) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{depth};
  tensor<"X", float, 2> X;
  tensor<"W", float, 2> W;
  tensor<"b", float, 1> b;
  tensor<"Y", float, 2> Y;
  tensor<"product", float, 2> product;
  return op<"dense_layer">(X, W, b, Y)(product(i, j) = sum(k)(X(i, k) * W(k, j)),
                                       Y(i, j) = max(product(i, j) + b(j), 0.0f));
}

int main(int count, char** words) {
  const std::string folder = count > 1 ? words[1] : "export-example";
  const auto kernel = tune(dense_layer(60, 100, 80), cpu(),
                           {.time_limit = count > 2 ? std::atof(words[2]) : 2, .bound = {"W"}});
  const exported_kernel made = save(kernel, folder);
  for (const std::string& note : made.notes) std::printf("%s\n", note.c_str());
  for (const exported_file& each : made.files)
    std::printf("%s/%s\n", folder.c_str(), each.name.c_str());
}
