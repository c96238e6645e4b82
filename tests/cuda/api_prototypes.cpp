// Developer test: the prototypes of cuda_api.hpp and nvrtc_api.hpp against NVIDIA's own headers, at
// compile time. Active where a CUDA toolkit is on the include path; otherwise it reports a skip.
#include <lathe/target/cuda/cuda_api.hpp>
#include <lathe/target/cuda/nvrtc_api.hpp>

#include <doctest/doctest.h>

#if __has_include(<cuda.h>) && __has_include(<nvrtc.h>)

#  include <cuda.h>
#  include <nvrtc.h>
#  include <type_traits>

namespace {

namespace driver = lathe::gpu::driver;
using lathe::gpu::nvrtc_program;

// NVIDIA's type -> the type our tables use for it.
template <class Type>
struct ours {
  using type = std::conditional_t<std::is_enum_v<Type>, int, Type>;
};
template <class Type>
struct ours<const Type> {
  using type = const typename ours<Type>::type;
};
template <class Type>
struct ours<Type*> {
  using type = typename ours<Type>::type*;
};
template <class Result, class... Parameters>
struct ours<Result(Parameters...)> {
  using type = typename ours<Result>::type(typename ours<Parameters>::type...);
};

#  define SAME_HANDLE(theirs, mine)              \
    template <>                                  \
    struct ours<std::remove_pointer_t<theirs>> { \
      using type = mine;                         \
    };
SAME_HANDLE(CUcontext, driver::context)
SAME_HANDLE(CUmodule, driver::module)
SAME_HANDLE(CUfunction, driver::function)
SAME_HANDLE(CUstream, driver::stream)
SAME_HANDLE(CUevent, driver::event)
SAME_HANDLE(nvrtcProgram, nvrtc_program)

#  define SAME_CUDA(name, parameters) \
    static_assert(std::is_same_v<int parameters, ours<decltype(::cu##name)>::type>, "cu" #name);
LATHE_CUDA_FUNCTIONS(SAME_CUDA)
#  define SAME_NVRTC(name, result_type, parameters)                                            \
    static_assert(std::is_same_v<result_type parameters, ours<decltype(::nvrtc##name)>::type>, \
                  "nvrtc" #name);
LATHE_NVRTC_FUNCTIONS(SAME_NVRTC)

#  define SAME_ERROR(value, name, meaning) static_assert(int{CUDA_ERROR_##name} == (value));
LATHE_CUDA_ERRORS(SAME_ERROR)

static_assert(std::is_same_v<CUdeviceptr, driver::address>);
static_assert(int{CUDA_ERROR_OUT_OF_MEMORY} == int{driver::out_of_memory});
static_assert(int{CUDA_ERROR_NO_DEVICE} == int{driver::no_device});
static_assert(int{CUDA_ERROR_NO_BINARY_FOR_GPU} == int{driver::no_binary_for_gpu});
static_assert(int{CUDA_ERROR_UNSUPPORTED_PTX_VERSION} == int{driver::unsupported_ptx_version});
static_assert(int{CUDA_ERROR_NOT_FOUND} == int{driver::not_found});
static_assert(int{CU_FUNC_ATTRIBUTE_NUM_REGS} == int{driver::function_registers});
static_assert(int{CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES} ==
              int{driver::function_max_dynamic_shared});
#  define SAME_ATTRIBUTE(theirs, mine) \
    static_assert(int{CU_DEVICE_ATTRIBUTE_##theirs} == int{driver::mine});
SAME_ATTRIBUTE(MAX_THREADS_PER_BLOCK, max_threads_per_block)
SAME_ATTRIBUTE(MAX_SHARED_MEMORY_PER_BLOCK, max_shared_memory_per_block)
SAME_ATTRIBUTE(WARP_SIZE, warp_size)
SAME_ATTRIBUTE(MAX_REGISTERS_PER_BLOCK, max_registers_per_block)
SAME_ATTRIBUTE(CLOCK_RATE, clock_rate)
SAME_ATTRIBUTE(MULTIPROCESSOR_COUNT, multiprocessor_count)
SAME_ATTRIBUTE(MEMORY_CLOCK_RATE, memory_clock_rate)
SAME_ATTRIBUTE(GLOBAL_MEMORY_BUS_WIDTH, memory_bus_width)
SAME_ATTRIBUTE(L2_CACHE_SIZE, l2_cache_size)
SAME_ATTRIBUTE(MAX_THREADS_PER_MULTIPROCESSOR, max_threads_per_multiprocessor)
SAME_ATTRIBUTE(COMPUTE_CAPABILITY_MAJOR, compute_capability_major)
SAME_ATTRIBUTE(COMPUTE_CAPABILITY_MINOR, compute_capability_minor)
SAME_ATTRIBUTE(MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, max_shared_memory_per_multiprocessor)
SAME_ATTRIBUTE(MAX_REGISTERS_PER_MULTIPROCESSOR, max_registers_per_multiprocessor)
SAME_ATTRIBUTE(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, max_shared_memory_per_block_optin)
SAME_ATTRIBUTE(MAX_BLOCKS_PER_MULTIPROCESSOR, max_blocks_per_multiprocessor)
SAME_ATTRIBUTE(RESERVED_SHARED_MEMORY_PER_BLOCK, reserved_shared_memory_per_block)

}  // namespace

TEST_CASE("cuda_api: prototypes equal those of NVIDIA's headers") {
  CHECK(CUDA_VERSION >= 11000);  // the assertions above are the test
}

#else

TEST_CASE("cuda_api: prototypes equal those of NVIDIA's headers") {
  MESSAGE("[SKIP] no headers of a CUDA toolkit on the include path");
}

#endif
