// A stand-in for libcuda that runs launches in the simulator, for tests where there is no GPU. One
// device with the numbers of an H200. Device memory is host memory between guard pages, launches
// happen at once (in order, forward), events take the time of the wall clock.
//
// Errors: the environment variable LATHE_FAKE_CUDA_ERROR, read at cuInit.
//     stub         every call returns 34, as the toolkit's stub library does
//     no_device    cuInit returns 100
//     old_driver   version 11.4, and modules are refused with 209
//     load         modules are refused with 200
//     memory       cuMemAlloc returns 2
//     launch:N     the Nth launch after cuInit fails: 700 from the next synchronisation on,
//     whatever is called hang:N       the Nth launch never ends: synchronisations do not return,
//     queries say 600
// What a launch does wrong in the simulator fails in the same way, with 700 or 719.
#include "cuda/fake/fake_cubin.hpp"
#include "cuda/simulator/host_library.hpp"
#include "cuda/simulator/machine.hpp"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using device_pointer = unsigned long long;  // NOLINT(google-runtime-int): as the driver has it
using seconds_clock = std::chrono::steady_clock;

enum result {
  success = 0,
  invalid_value = 1,
  out_of_memory = 2,
  not_initialized = 3,
  stub_library = 34,
  no_device = 100,
  invalid_device = 101,
  invalid_image = 200,
  invalid_context = 201,
  no_binary_for_gpu = 209,
  invalid_handle = 400,
  not_found = 500,
  not_ready = 600,
  illegal_address = 700,
  too_many_resources = 701,
  launch_failed = 719
};

constexpr int most_threads = 1024, threads_of_sm = 2048, blocks_of_sm = 32, registers_of_sm = 65536;
constexpr int usual_shared = 48 << 10, most_shared = 232448, shared_of_sm = 233472;
constexpr int reserved_shared = 1024;

/// Attributes of the device by number; all others are 0.
const std::map<int, int> device_attributes = {{1, most_threads},
                                              {2, 1024},
                                              {5, 0x7fffffff},
                                              {8, usual_shared},
                                              {10, 32},
                                              {12, 65536},
                                              {13, 1980000},
                                              {16, 132},
                                              {36, 3201000},
                                              {37, 6144},
                                              {38, 60 << 20},
                                              {39, threads_of_sm},
                                              {75, 9},
                                              {76, 0},
                                              {81, shared_of_sm},
                                              {82, registers_of_sm},
                                              {97, most_shared},
                                              {106, blocks_of_sm},
                                              {111, reserved_shared}};

struct function {
  fake_cuda::cubin_kernel kernel;
  cuda_simulator::host_kernel host;
  cuda_simulator::device_interface** device = nullptr;
  int shared_limit = usual_shared;
};

struct module {
  explicit module(const std::filesystem::path& file) : library(file) {}
  cuda_simulator::host_library library;
  std::map<std::string, function> functions;
};

struct event {
  seconds_clock::time_point time;
  bool recorded = false, before_hang = true;
};

/// The state of the driver.
struct driver {
  std::string error;
  long number = 0;  // NOLINT(google-runtime-int)
  bool initialized = false;
  int failing = success;  ///< found by the next synchronisation
  int failed = success;   ///< what every call returns
  bool hangs = false;
  long launches = 0;  // NOLINT(google-runtime-int)
  std::map<device_pointer, cuda_simulator::guarded_memory> memory;
  std::mutex mutex;

  bool is(const char* what) const { return error == what; }
};

driver& the() {
  static driver all;
  return all;
}

char context_of_device;
thread_local std::vector<void*> contexts;

/// What a call returns whatever it does.
int refusal() {
  if (the().is("stub")) return stub_library;
  if (!the().initialized) return not_initialized;
  return the().failed;
}

int refusal_without_context() {
  const int refused = refusal();
  if (refused != success) return refused;
  return contexts.empty() || contexts.back() == nullptr ? invalid_context : success;
}

/// All work has ended, or failed.
int synchronize() {
  if (const int refused = refusal_without_context()) return refused;
  if (the().hangs)
    for (;;) pause();
  if (the().failing != success) the().failed = the().failing;
  return the().failed;
}

/// Whether `bytes` bytes from there on are one allocation's.
bool is_allocated(device_pointer first, std::size_t bytes) {
  auto after = the().memory.upper_bound(first);
  if (after == the().memory.begin()) return false;
  const auto& [start, memory] = *std::prev(after);
  return first + bytes <= start + memory.size();
}

void* host(device_pointer address) { return reinterpret_cast<void*>(address); }

/// Copies what the addresses say, if work before it has not failed.
int copy(void* to, const void* from, std::size_t bytes, bool legal) {
  if (const int refused = refusal_without_context()) return refused;
  if (!legal) return invalid_value;
  if (!the().hangs && the().failing == success && bytes > 0) std::memmove(to, from, bytes);
  return success;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int cuInit(unsigned flags) {
  const char* const wanted = std::getenv("LATHE_FAKE_CUDA_ERROR");
  const std::string text = wanted == nullptr ? "" : wanted;
  const std::size_t colon = text.find(':');
  the().error = text.substr(0, colon);
  the().number = colon == std::string::npos ? 0 : std::atol(text.c_str() + colon + 1);
  if (the().is("stub")) return stub_library;
  if (the().is("no_device")) return no_device;
  the().initialized = true;
  the().launches = 0;
  return flags == 0 ? success : invalid_value;
}

int cuDriverGetVersion(int* version) {
  if (the().is("stub")) return stub_library;
  *version = the().is("old_driver") ? 11040 : 12090;
  return success;
}

int cuGetErrorName(int number, const char** name) {
  switch (number) {
    case success: *name = "CUDA_SUCCESS"; break;
    case illegal_address: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
    case launch_failed: *name = "CUDA_ERROR_LAUNCH_FAILED"; break;
    case out_of_memory: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
    default: *name = nullptr; return invalid_value;
  }
  return success;
}
int cuGetErrorString(int number, const char** text) { return cuGetErrorName(number, text); }

// ------------------------------------------------------------------------------- devices, contexts

int cuDeviceGetCount(int* count) {
  *count = 1;
  return refusal();
}
int cuDeviceGet(int* device, int ordinal) {
  *device = 0;
  const int refused = refusal();
  return refused != success ? refused : ordinal == 0 ? success : invalid_device;
}
int cuDeviceGetName(char* name, int bytes, int) {
  std::snprintf(name, static_cast<std::size_t>(bytes), "lathe simulator");
  return refusal();
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  const auto found = device_attributes.find(attribute);
  *value = found == device_attributes.end() ? 0 : found->second;
  return refusal();
}
int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
  *bytes = std::size_t{1} << 32;
  return refusal();
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &context_of_device;
  return refusal();
}
int cuDevicePrimaryCtxRelease_v2(int) { return refusal(); }
int cuCtxGetCurrent(void** context) {
  *context = contexts.empty() ? nullptr : contexts.back();
  return refusal();
}
int cuCtxSetCurrent(void* context) {
  if (!contexts.empty()) contexts.pop_back();
  if (context != nullptr) contexts.push_back(context);
  return refusal();
}
int cuCtxGetDevice(int* device) {
  *device = 0;
  return refusal_without_context();
}
int cuCtxPushCurrent_v2(void* context) {
  if (const int refused = refusal()) return refused;
  if (context != &context_of_device) return invalid_context;
  contexts.push_back(context);
  return success;
}
int cuCtxPopCurrent_v2(void** context) {
  if (contexts.empty()) return invalid_context;
  if (context != nullptr) *context = contexts.back();
  contexts.pop_back();
  return refusal();
}
int cuCtxSynchronize() { return synchronize(); }

// ------------------------------------------------------------------------------- modules, launches

int cuModuleLoadDataEx(module** made, const void* image, unsigned, int*, void**) {
  if (const int refused = refusal_without_context()) return refused;
  if (the().is("old_driver")) return no_binary_for_gpu;
  if (the().is("load")) return invalid_image;
  fake_cuda::cubin_contents contents;
  if (!fake_cuda::read_cubin(image, contents)) return invalid_image;
  const cuda_simulator::temporary_folder folder;
  const std::filesystem::path file = folder.path() / "module.so";
  std::ofstream(file, std::ios::binary) << contents.host_library;
  auto loaded = std::make_unique<module>(file);
  for (const fake_cuda::cubin_kernel& each : contents.kernels)
    loaded->functions[each.name] = {each, loaded->library.find(0, each.name),
                                    loaded->library.device(), usual_shared};
  *made = loaded.release();
  return success;
}
int cuModuleLoadData(module** made, const void* image) {
  return cuModuleLoadDataEx(made, image, 0, nullptr, nullptr);
}
int cuModuleUnload(module* which) {
  delete which;
  return refusal_without_context();
}
int cuModuleGetFunction(function** found, module* in, const char* name) {
  if (const int refused = refusal_without_context()) return refused;
  const auto at = in->functions.find(name);
  if (at == in->functions.end()) return not_found;
  *found = &at->second;
  return success;
}
int cuFuncGetAttribute(int* value, int attribute, function* of) {
  const auto most = static_cast<int>(of->kernel.most_threads);
  switch (attribute) {
    case 0: *value = most > 0 ? most : most_threads; break;
    case 1: *value = 0; break;  // static shared memory
    case 3: *value = static_cast<int>(of->kernel.frame); break;
    case 4: *value = static_cast<int>(of->kernel.registers); break;
    case 8: *value = of->shared_limit; break;
    default: *value = 0; break;
  }
  return refusal();
}
int cuFuncSetAttribute(function* of, int attribute, int value) {
  if (const int refused = refusal_without_context()) return refused;
  if (attribute != 8) return success;
  if (value < 0 || value > most_shared) return invalid_value;
  of->shared_limit = std::max(usual_shared, value);
  return success;
}

int cuLaunchKernel(function* of, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                   unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared, void*,
                   void** arguments, void** extra) {
  if (const int refused = refusal_without_context()) return refused;
  const bool legal = grid_x >= 1 && grid_x <= 0x7fffffff && grid_y == 1 && grid_z == 1 &&
                     block_x >= 1 && block_x <= most_threads && block_y == 1 && block_z == 1 &&
                     extra == nullptr && shared <= static_cast<unsigned>(of->shared_limit);
  if (!legal) return invalid_value;
  const unsigned most = of->kernel.most_threads;
  if ((most > 0 && block_x > most) || of->kernel.registers * block_x > registers_of_sm)
    return too_many_resources;
  const std::scoped_lock lock(the().mutex);
  ++the().launches;
  if (the().hangs || the().failing != success) return success;  // never gets its turn
  const bool chosen = the().launches == the().number;
  if (chosen && the().is("hang")) {
    the().hangs = true;
    return success;
  }
  if (chosen && the().is("launch")) {
    the().failing = illegal_address;
    return success;
  }
  std::vector<cuda_simulator::named_memory> memory;
  for (const auto& [address, each] : the().memory)
    memory.push_back({"the allocation at " + std::to_string(address), &each});
  const cuda_simulator::run_result ran = cuda_simulator::run_launch(
      {of->kernel.name, of->device, of->host, arguments, grid_x, block_x, shared}, memory, {});
  if (ran.kind == cuda_simulator::fault::none) return success;
  std::fprintf(stderr, "fake cuda: %s\n", ran.problem.c_str());
  the().failing = ran.kind == cuda_simulator::fault::address ? illegal_address : launch_failed;
  return success;
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, function* of, int threads,
                                                std::size_t shared) {
  constexpr int warp = 32, register_unit = 256, warps_together = 4, shared_unit = 128;
  const int warps = (threads + warp - 1) / warp;
  const int registers = static_cast<int>(of->kernel.registers) * warp;
  const int of_warp =
      std::max(register_unit, (registers + register_unit - 1) / register_unit * register_unit);
  const int by_registers = registers_of_sm / warps_together / of_warp * warps_together / warps;
  const int of_block =
      (static_cast<int>(shared) + reserved_shared + shared_unit - 1) / shared_unit * shared_unit;
  *blocks =
      std::min({blocks_of_sm, threads_of_sm / warp / warps, by_registers, shared_of_sm / of_block});
  return refusal();
}

// -------------------------------------------------------------------------------------------
// memory

int cuMemAlloc_v2(device_pointer* made, std::size_t bytes) {
  if (const int refused = refusal_without_context()) return refused;
  if (bytes == 0) return invalid_value;
  if (the().is("memory") || bytes > (std::size_t{1} << 32)) return out_of_memory;
  constexpr std::size_t alignment = 256;
  cuda_simulator::guarded_memory memory(bytes, alignment, cuda_simulator::placement::at_end);
  *made = reinterpret_cast<device_pointer>(memory.data());
  const std::scoped_lock lock(the().mutex);
  the().memory.emplace(*made, std::move(memory));
  return success;
}
int cuMemFree_v2(device_pointer which) {
  if (const int refused = refusal_without_context()) return refused;
  const std::scoped_lock lock(the().mutex);
  return the().memory.erase(which) == 1 ? success : invalid_value;
}
int cuMemGetInfo_v2(std::size_t* free_bytes, std::size_t* all) {
  *all = *free_bytes = std::size_t{1} << 32;
  return refusal_without_context();
}
int cuMemcpyHtoDAsync_v2(device_pointer to, const void* from, std::size_t bytes, void*) {
  return copy(host(to), from, bytes, is_allocated(to, bytes));
}
int cuMemcpyDtoHAsync_v2(void* to, device_pointer from, std::size_t bytes, void*) {
  return copy(to, host(from), bytes, is_allocated(from, bytes));
}
int cuMemcpyDtoDAsync_v2(device_pointer to, device_pointer from, std::size_t bytes, void*) {
  return copy(host(to), host(from), bytes, is_allocated(to, bytes) && is_allocated(from, bytes));
}
int cuMemcpyHtoD_v2(device_pointer to, const void* from, std::size_t bytes) {
  const int done = cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
  return done != success ? done : synchronize();
}
int cuMemcpyDtoH_v2(void* to, device_pointer from, std::size_t bytes) {
  const int done = cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
  return done != success ? done : synchronize();
}
int cuMemsetD8Async(device_pointer to, unsigned char value, std::size_t count, void*) {
  const std::vector<unsigned char> values(count, value);
  return copy(host(to), values.data(), count, is_allocated(to, count));
}
int cuMemsetD32Async(device_pointer to, unsigned value, std::size_t count, void*) {
  const std::vector<unsigned> values(count, value);
  return copy(host(to), values.data(), count * 4, to % 4 == 0 && is_allocated(to, count * 4));
}

// ---------------------------------------------------------------------------------- streams,
// events

int cuStreamCreate(void** made, unsigned) {
  *made = new char;
  return refusal_without_context();
}
int cuStreamDestroy_v2(void* which) {
  delete static_cast<char*>(which);
  return refusal_without_context();
}
int cuStreamSynchronize(void*) { return synchronize(); }
int cuStreamQuery(void*) { return the().hangs ? int{not_ready} : synchronize(); }
int cuStreamWaitEvent(void*, event*, unsigned) { return refusal_without_context(); }
int cuEventCreate(event** made, unsigned) {
  *made = new event;
  return refusal_without_context();
}
int cuEventDestroy_v2(event* which) {
  delete which;
  return refusal_without_context();
}
int cuEventRecord(event* which, void*) {
  if (const int refused = refusal_without_context()) return refused;
  which->time = seconds_clock::now();
  which->recorded = true;
  which->before_hang = !the().hangs;
  return success;
}
int cuEventQuery(event* which) {
  if (const int refused = refusal_without_context()) return refused;
  return which->before_hang ? success : not_ready;
}
int cuEventSynchronize(event* which) {
  if (const int refused = refusal_without_context()) return refused;
  return which->before_hang && the().failing == success ? success : synchronize();
}
int cuEventElapsedTime(float* milliseconds, event* from, event* to) {
  if (const int refused = refusal_without_context()) return refused;
  if (!from->recorded || !to->recorded) return invalid_handle;
  if (!from->before_hang || !to->before_hang) return not_ready;
  *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
  return success;
}

}  // extern "C"
#pragma GCC visibility pop
