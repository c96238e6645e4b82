#include "cuda/simulator/machine.hpp"

#include "cuda/simulator/fiber.hpp"
#include "cuda/simulator/signals.hpp"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <numeric>
#include <sys/mman.h>
#include <vector>

#if __has_include(<sanitizer/asan_interface.h>)
#  include <sanitizer/asan_interface.h>
#else
#  define ASAN_UNPOISON_MEMORY_REGION(first, bytes)
#endif

namespace cuda_simulator {
namespace {

constexpr int warp_threads = 32;
constexpr std::size_t local_bytes = std::size_t{512} << 10;  ///< of a thread, on every device
constexpr std::size_t stack_bytes = local_bytes + (std::size_t{64} << 10);
constexpr int most_threads = 1024;
constexpr std::size_t shared_alignment =
    16;  ///< of the widest access: the end is exact if it can be

enum class thread_state { ready, at_barrier, at_warp_step, finished };

/// One asynchronous copy that has not happened yet.
struct pending_copy {
  unsigned char* to;
  const unsigned char* from;
  int bytes;
  int group;
};

struct cuda_thread {
  fiber_context context;
  thread_state state = thread_state::ready;
  int site = 0, line = 0;
  unsigned mask = 0;               ///< of the lanes it waits for
  unsigned char gift[lane_bytes];  ///< for them
  const unsigned char* received = nullptr;
  std::vector<pending_copy> copies;
  int groups = 0;  ///< committed so far
};

/// Stacks for the largest block, each after memory that cannot be accessed. Kept: most of the cost
/// of a launch would be to get them.
class stack_store {
 public:
  stack_store() {
    void* const made = mmap(nullptr, pitch * most_threads, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED) {
      std::perror("cuda simulator: mmap");
      std::abort();
    }
    first_ = static_cast<std::byte*>(made);
    for (int at = 0; at < most_threads; ++at)
      mprotect(stack(at), stack_bytes, PROT_READ | PROT_WRITE);
  }
  ~stack_store() { munmap(first_, pitch * most_threads); }
  stack_store(const stack_store&) = delete;
  stack_store& operator=(const stack_store&) = delete;

  std::byte* stack(int at) const {
    return first_ + pitch * static_cast<std::size_t>(at) + (pitch - stack_bytes);
  }
  /// Whether an address lies in or between the stacks.
  bool is_near(const void* address) const {
    const auto* const at = static_cast<const std::byte*>(address);
    return at >= first_ && at < first_ + pitch * most_threads;
  }

 private:
  static constexpr std::size_t pitch = std::size_t{4} << 20;
  std::byte* first_ = nullptr;
};

const stack_store& stacks() {
  static const stack_store all;
  return all;
}

class machine {
 public:
  machine(const kernel_launch& launch, std::span<const named_memory> memory, const run_mode& mode)
      : launch_(launch),
        memory_(memory),
        mode_(mode),
        arrays_(launch.kernel.shared_arrays),
        shared_(static_cast<std::size_t>(launch.shared_bytes + gaps() * shared_gap),
                shared_alignment,
                mode.order == thread_order::reverse ? placement::at_start : placement::at_end),
        threads_(static_cast<std::size_t>(launch.threads)) {
    const int warps = (thread_count() + warp_threads - 1) / warp_threads;
    gifts_.resize(static_cast<std::size_t>(warp_threads) * warp_threads * lane_bytes);
    warp_order_ = order_of(warps);
  }

  run_result run() {
    device_.block_size = {static_cast<unsigned>(launch_.threads), 1, 1};
    device_.grid_size = {static_cast<unsigned>(launch_.blocks), 1, 1};
    device_.thread = device_.block = {0, 0, 0};
    device_.shared = reinterpret_cast<unsigned char*>(shared_.data());
    arrays_.push_back(-1);
    device_.arrays = arrays_.data();
    device_.barrier = [](int site, int line) { active->wait_at_barrier(site, line); };
    device_.exchange = [](int site, int line, unsigned mask, const void* gift, int bytes) {
      return active->exchange(site, line, mask, gift, bytes);
    };
    device_.copy_async = [](void* to, const void* from, int bytes, int line) {
      active->copy_async(to, from, bytes, line);
    };
    device_.copy_async_commit = [] { ++active->threads_[active->current_].groups; };
    device_.copy_async_wait = [](int groups) { active->wait_for_copies(groups); };
    active = this;
    *launch_.interface_of_library = &device_;
    {
      const signal_guard guard(mode_.seconds, [](const signal_event& event) {
        if (!active->in_kernel_) return;
        active->in_kernel_ = false;
        active->report(event);
        active->leave();
      });
      for (std::int64_t at = 0; at < launch_.blocks && found_.kind == fault::none; ++at) {
        const std::int64_t block =
            mode_.order == thread_order::reverse ? launch_.blocks - 1 - at : at;
        device_.block.x = static_cast<unsigned>(block);
        run_block();
      }
    }
    active = nullptr;
    // Functions that never return leave the marks of the address sanitizer on their stacks.
    for (int at = 0; at < thread_count() && found_.kind != fault::none; ++at)
      ASAN_UNPOISON_MEMORY_REGION(stacks().stack(at), stack_bytes);
    found_.changed = device_.changed;
    return std::move(found_);
  }

 private:
  int thread_count() const { return static_cast<int>(launch_.threads); }
  std::int64_t gaps() const {
    const auto arrays = static_cast<std::int64_t>(launch_.kernel.shared_arrays.size());
    return arrays > 1 ? arrays - 1 : 0;
  }

  /// 0 to count - 1 in the order of the mode; the stride is coprime to the count.
  std::vector<int> order_of(int count) const {
    std::vector<int> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    if (mode_.order == thread_order::reverse) std::ranges::reverse(order);
    if (mode_.order == thread_order::stride) {
      int stride = count / 2 + 1;
      while (std::gcd(stride, count) != 1) ++stride;
      for (int at = 0; at < count; ++at)
        order[static_cast<std::size_t>(at)] = static_cast<int>(std::int64_t{at} * stride % count);
    }
    return order;
  }

  // ---------------------------------------------------------------- the order of things

  void run_block() {
    shared_.poison();
    for (int at = 0; at < thread_count(); ++at) {
      cuda_thread& thread = threads_[static_cast<std::size_t>(at)];
      thread.state = thread_state::ready;
      thread.copies.clear();
      thread.groups = 0;
      // Not all at the same distance from a page, or all would share a few lines of the cache.
      const std::size_t used = stack_bytes - static_cast<std::size_t>(at % 32) * 128;
      make_fiber(thread.context, stacks().stack(at), used, [] { active->thread_main(); });
    }
    for (;;) {
      for (const int warp : warp_order_) {
        run_warp(warp);
        if (found_.kind != fault::none) return;
      }
      if (!pass_barrier()) break;
    }
    if (found_.kind == fault::none) check_margins();
  }

  /// Runs a warp until all its threads wait at a barrier or have returned.
  void run_warp(int warp) {
    const int first = warp * warp_threads, count = std::min(warp_threads, thread_count() - first);
    const std::vector<int>& lanes =
        orders_[count - 1].empty() ? orders_[count - 1] = order_of(count) : orders_[count - 1];
    for (;;) {
      for (const int lane : lanes) {
        cuda_thread& thread = threads_[static_cast<std::size_t>(first + lane)];
        if (thread.state != thread_state::ready) continue;
        current_ = static_cast<std::size_t>(first + lane);
        device_.thread.x = static_cast<unsigned>(current_);
        switch_fiber(scheduler_, thread.context);
        if (found_.kind != fault::none) return;
      }
      if (!pass_warp_step(first, count)) return;
    }
  }

  /// All groups of lanes that wait for each other get what they gave. False if no lane waits.
  bool pass_warp_step(int first, int count) {
    bool any = false;
    for (int lane = 0; lane < count; ++lane) {
      cuda_thread& one = threads_[static_cast<std::size_t>(first + lane)];
      if (one.state != thread_state::at_warp_step) continue;
      any = true;
      unsigned char* const gifts =
          gifts_.data() + static_cast<std::size_t>(lane) * warp_threads * lane_bytes;
      std::memset(gifts, 0xff, std::size_t{warp_threads} * lane_bytes);
      if ((one.mask >> lane & 1U) == 0)
        return stop(fault::warp, "thread " + std::to_string(first + lane) +
                                     " is not in its own mask, line " + std::to_string(one.line)),
               false;
      const unsigned mask = one.mask;
      const int site = one.site, line = one.line;
      for (int other = 0; other < count; ++other) {
        if ((mask >> other & 1U) == 0) continue;
        cuda_thread& its = threads_[static_cast<std::size_t>(first + other)];
        if (its.state != thread_state::at_warp_step || its.site != site || its.mask != mask)
          return stop(fault::warp, "thread " + std::to_string(first + lane) +
                                       " waits for its warp in line " + std::to_string(line) +
                                       ", thread " + std::to_string(first + other) + ' ' +
                                       whereabouts(its)),
                 false;
        std::memcpy(gifts + static_cast<std::size_t>(other) * lane_bytes, its.gift, lane_bytes);
        its.received = gifts;
        its.state = thread_state::ready;
      }
    }
    return any;
  }

  /// Threads that wait at a barrier go on, if all do. False if all have returned.
  bool pass_barrier() {
    const cuda_thread& one = threads_.front();
    for (std::size_t at = 0; at < threads_.size(); ++at) {
      const cuda_thread& its = threads_[at];
      if (its.state != one.state || (its.state == thread_state::at_barrier && its.site != one.site))
        return stop(fault::barrier, "thread 0 " + whereabouts(one) + ", thread " +
                                        std::to_string(at) + ' ' + whereabouts(its)),
               false;
    }
    if (one.state == thread_state::finished) return false;
    for (cuda_thread& each : threads_) each.state = thread_state::ready;
    return true;
  }

  static std::string whereabouts(const cuda_thread& thread) {
    switch (thread.state) {
      case thread_state::at_barrier:
        return "is at the barrier in line " + std::to_string(thread.line);
      case thread_state::at_warp_step:
        return "waits for its warp in line " + std::to_string(thread.line);
      case thread_state::finished: return "has returned";
      default: return "is running";
    }
  }

  // ---------------------------------------------------------------- called by threads

  void thread_main() {
    in_kernel_ = true;
    launch_.kernel.call(launch_.arguments);
    in_kernel_ = false;
    threads_[current_].state = thread_state::finished;
    leave();
  }

  /// Stops the running thread until the scheduler continues it.
  void leave() { switch_fiber(threads_[current_].context, scheduler_); }

  void wait(thread_state state, int site, int line) {
    in_kernel_ = false;
    cuda_thread& thread = threads_[current_];
    thread.state = state;
    thread.site = site;
    thread.line = line;
    leave();
    in_kernel_ = true;
  }

  void wait_at_barrier(int site, int line) { wait(thread_state::at_barrier, site, line); }

  const unsigned char* exchange(int site, int line, unsigned mask, const void* gift, int bytes) {
    cuda_thread& thread = threads_[current_];
    thread.mask = mask;
    std::memset(thread.gift, 0xff, lane_bytes);
    if (bytes > 0) std::memcpy(thread.gift, gift, static_cast<std::size_t>(bytes));
    wait(thread_state::at_warp_step, site, line);
    return thread.received;
  }

  void copy_async(void* to, const void* from, int bytes, int line) {
    in_kernel_ = false;
    const auto* const shared = reinterpret_cast<const unsigned char*>(shared_.data());
    auto* const place = static_cast<unsigned char*>(to);
    const auto size = static_cast<std::size_t>(bytes);
    const char* wrong = nullptr;
    if (reinterpret_cast<std::uintptr_t>(to) % size != 0)
      wrong = "the place in shared memory is misaligned";
    if (reinterpret_cast<std::uintptr_t>(from) % size != 0) wrong = "the source is misaligned";
    if (place < shared || place + size > shared + shared_.size())
      wrong = "the place is not in shared memory";
    const bool inside = std::ranges::any_of(memory_, [&](const named_memory& each) {
      const std::byte* const first = each.memory->data();
      const auto* const source = static_cast<const std::byte*>(from);
      return source >= first && source + size <= first + each.memory->size();
    });
    if (!inside) wrong = "the source is outside of every buffer";
    for (const pending_copy& each : threads_[current_].copies)
      if (place < each.to + each.bytes && each.to < place + size)
        wrong = "the place is that of a copy that this thread has not waited for";
    if (wrong != nullptr) {
      stop(fault::address, "asynchronous copy of " + std::to_string(bytes) + " bytes in line " +
                               std::to_string(line) + ": " + wrong + where());
      leave();
    }
    cuda_thread& thread = threads_[current_];
    if (mode_.copies == copy_time::at_start) {
      std::memcpy(to, from, size);
    } else {
      std::memset(to, 0xff, size);
      thread.copies.push_back(
          {place, static_cast<const unsigned char*>(from), bytes, thread.groups});
    }
    in_kernel_ = true;
  }

  /// All groups but the last `groups` ones arrive, in the order in which they were started.
  void wait_for_copies(int groups) {
    in_kernel_ = false;
    cuda_thread& thread = threads_[current_];
    std::erase_if(thread.copies, [&](const pending_copy& each) {
      if (each.group >= thread.groups - groups) return false;
      std::memcpy(each.to, each.from, static_cast<std::size_t>(each.bytes));
      return true;
    });
    in_kernel_ = true;
  }

  // ---------------------------------------------------------------- what went wrong

  void stop(fault kind, std::string problem) {
    if (found_.kind != fault::none) return;
    found_.kind = kind;
    found_.problem = launch_.name + ", block " + std::to_string(device_.block.x) + ", " +
                     name_of(mode_.order) + " order: " + problem;
  }

  std::string where() const { return " (thread " + std::to_string(current_) + ")"; }

  void report(const signal_event& event) {
    if (event.kind == signal_kind::time)
      return stop(fault::time,
                  "runs for longer than " + std::to_string(mode_.seconds) + " s" + where());
    if (event.kind == signal_kind::division)
      return stop(fault::address, "divides by zero" + where());
    if (event.kind == signal_kind::trap)
      return stop(fault::address,
                  "index outside of a local array, or a misaligned access" + where());
    if (stacks().is_near(event.address))
      return stop(fault::local, "needs more than " + std::to_string(local_bytes >> 10) +
                                    " KiB of local arrays" + where());
    const char* const verb = event.writes ? "writes to " : "reads from ";
    std::vector<named_memory> all(memory_.begin(), memory_.end());
    all.push_back({"shared memory", &shared_});
    for (const named_memory& each : all) {
      if (!each.memory->is_near(event.address)) continue;
      const std::ptrdiff_t at = static_cast<const std::byte*>(event.address) - each.memory->data();
      const auto size = static_cast<std::ptrdiff_t>(each.memory->size());
      return stop(fault::address,
                  verb + std::string("byte ") + std::to_string(at) + " of " + each.name +
                      (at >= 0 && at < size ? ", which is an input"
                                            : ", which has " + std::to_string(size)) +
                      where());
    }
    stop(fault::address, verb + std::string("an address that is in no buffer") + where());
  }

  /// What is less than a page cannot be made inaccessible.
  void check_margins() {
    const std::vector<int>& arrays = launch_.kernel.shared_arrays;
    for (std::size_t at = 1; at < arrays.size(); ++at) {
      const std::byte* const end = shared_.data() + device_.apart(arrays[at]);
      const std::byte* const gap = end - shared_gap;
      const std::byte* const found =
          std::find_if(gap, end, [](std::byte each) { return each != std::byte{0xff}; });
      if (found != end)
        stop(fault::address, "byte " + std::to_string(found - gap) +
                                 " beyond the end of the array of shared memory that begins at " +
                                 std::to_string(arrays[at - 1]) + " was written");
    }
    if (const std::ptrdiff_t at = shared_.overwritten(); at != 0)
      stop(fault::address, "byte " + std::to_string(at) + " of shared memory, which has " +
                               std::to_string(shared_.size()) + ", was written");
    for (const named_memory& each : memory_)
      if (const std::ptrdiff_t at = each.memory->overwritten(); at != 0)
        stop(fault::address, "byte " + std::to_string(at) + " of " + each.name + ", which has " +
                                 std::to_string(each.memory->size()) + ", was written");
  }

  static inline machine* active = nullptr;

  const kernel_launch& launch_;
  std::span<const named_memory> memory_;
  const run_mode& mode_;
  std::vector<int> arrays_;  ///< kernel_heading::shared_arrays, and -1
  guarded_memory shared_;
  device_interface device_{};
  std::vector<cuda_thread> threads_;
  std::vector<unsigned char> gifts_;  ///< by the first lane of a group and the lane that gave
  std::vector<int> warp_order_, orders_[warp_threads];
  fiber_context scheduler_;
  std::size_t current_ = 0;
  /// A signal now is the kernel's: changes on the thread's stack only, so that leave() may be
  /// called.
  volatile bool in_kernel_ = false;
  run_result found_;
};

}  // namespace

run_result run_launch(const kernel_launch& launch, std::span<const named_memory> memory,
                      const run_mode& mode) {
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  return machine(launch, memory, mode).run();
}

}  // namespace cuda_simulator
