/// @file
/// The program in which GPU kernels under test run, see measure/cuda_worker.hpp. Started by lathe
/// with two inherited file descriptors; of no use to people.
#include <lathe/measure/cuda_worker.hpp>

#include <cstdio>

int main(int count, char** arguments) {
  const int status = lathe::cuda_worker_main(count, arguments);
  if (count == 1)
    std::puts(
        "lathe-worker: GPU kernels are tried in this program while lathe tunes; lathe starts it");
  return status;
}
