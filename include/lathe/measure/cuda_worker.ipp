/// @file
/// Bodies of cuda_worker.hpp.
#pragma once

#include <lathe/core/number_text.hpp>
#include <lathe/measure/cuda_worker.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace lathe {

namespace detail {

/// With which exit code the program leaves: no fault of its own, and the reason is on the desk.
inline constexpr int device_lost_exit = 40;
/// The host is of another version of lathe.
inline constexpr int other_version_exit = 41;

/// What host and program must agree on: they share memory as it is.
inline std::string cuda_worker_role() {
  return "cuda-" + std::to_string(LATHE_VERSION_MAJOR) + "." + std::to_string(LATHE_VERSION_MINOR) +
         "." + std::to_string(LATHE_VERSION_PATCH) + "-" + std::to_string(sizeof(desk_page));
}

inline sequence<plan_buffer> parameters_of(const argument_set& arguments) {
  sequence<plan_buffer> out;
  for (std::size_t at = 0; at < arguments.size(); ++at) out.push_back(arguments[at].what);
  return out;
}

}  // namespace detail

LATHE_INLINE result<std::string> find_cuda_worker() {
  constexpr const char* name = "lathe-worker";
  const auto is_program = [](const std::string& path) { return access(path.c_str(), X_OK) == 0; };
  if (const char* chosen = std::getenv("LATHE_WORKER"); chosen != nullptr && *chosen != 0) {
    if (is_program(chosen)) return std::string(chosen);
    return error("LATHE-E507", std::string("LATHE_WORKER=") + chosen +
                                   " is no program that can be started; name lathe-worker there");
  }
  std::array<char, 4096> self{};
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size() - 1);
  std::string places(self.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::size_t slash = places.rfind('/');
  places.resize(slash == std::string::npos ? 0 : slash);
  const char* const path = std::getenv("PATH");
  places += std::string(":") + (path != nullptr ? path : "/usr/local/bin:/usr/bin");
  for (std::size_t begin = 0; begin < places.size();) {
    std::size_t end = places.find(':', begin);
    if (end == std::string::npos) end = places.size();
    if (const std::string found = places.substr(begin, end - begin) + "/" + name;
        end > begin && is_program(found))
      return found;
    begin = end + 1;
  }
  return error("LATHE-E507",
               "the program lathe-worker, in which GPU kernels are tried safely, is neither beside "
               "this program nor on the PATH; install lathe's tools, or name it in LATHE_WORKER");
}

LATHE_INLINE result<owner<cuda_worker>> cuda_worker::create(argument_set& arguments,
                                                            const cuda_worker_options& options) {
  const bool is_isolated = options.isolate == isolation::process;
  std::string program;
  if (is_isolated) {
    result<std::string> found = find_cuda_worker();
    if (!found) return found.error();
    program = std::move(*found);
  }
  const sequence<std::int64_t> places = cuda_bench::places_of(detail::parameters_of(arguments));
  result<shared_memory> memory = shared_memory::create(places.back());
  if (!memory) return memory.error();
  owner<cuda_worker> made(new cuda_worker(arguments, options, program, std::move(*memory)));
  if (!is_isolated) {
    const result<bool> opened = made->bench_.open();
    if (!opened) return opened.error();
    return made;
  }
  const bool started = made->process_.start();
  const desk_page& page = made->desk_.page();
  if (!started) {
    const bool is_other = made->process_.exit_code() == detail::other_version_exit;
    return error("LATHE-E508", program + " does not start: it " +
                                   (is_other ? "belongs to another version of lathe"
                                             : made->process_.end_text()));
  }
  if (page.failed != failure::none)
    return error("LATHE-E508", program + " cannot use a GPU: " + page.reason.data());
  return made;
}

LATHE_INLINE cuda_worker::cuda_worker(argument_set& arguments, const cuda_worker_options& options,
                                      const std::string& program, shared_memory memory)
    : trial_host(
          desk(memory.data()), options.isolate,
          {nullptr, nullptr, nullptr, 0, 60, program, detail::cuda_worker_role(), memory.file()}),
      arguments_(arguments),
      options_(options),
      memory_(std::move(memory)),
      places_(cuda_bench::places_of(detail::parameters_of(arguments))),
      bench_(memory_.data()) {
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (arguments[at].what.output) continue;
    std::memcpy(memory_.data() + places_[at], arguments[at].memory.data(),
                static_cast<std::size_t>(arguments[at].memory.size()));
  }
}

LATHE_INLINE measurement cuda_worker::measure(const cuda_source& source,
                                              std::span<const std::byte> code,
                                              std::span<const expectation> wanted,
                                              const measure_options& options) {
  if (bench_.is_lost())
    return measurement::failure_of(failure::crash,
                                   "an earlier kernel has broken this process's use of the GPU");
  const sequence<std::byte> job = detail::job_to_bytes(source, options_.timing);
  if (!desk_.put_bytes(job, code))
    return measurement::failure_of(failure::limit,
                                   "code of " + std::to_string(code.size()) + " bytes");
  return measure_on_desk(wanted, options);
}

LATHE_INLINE void cuda_worker::reset_outputs() {
  for (std::size_t at = 0; at < arguments_.size(); ++at) {
    const plan_buffer& what = arguments_[at].what;
    if (what.output) fill_untouched(memory_.data() + places_[at], what.type, what.elements);
  }
}

LATHE_INLINE std::string cuda_worker::fault_in_outputs(std::span<const expectation> wanted) {
  for (const expectation& output : wanted) {
    for (std::size_t at = 0; at < arguments_.size(); ++at) {
      if (arguments_[at].what.name != output.name) continue;
      comparison verdict = compare(memory_.data() + places_[at], output);
      if (!verdict.ok()) return std::move(verdict.text);
    }
  }
  return {};
}

LATHE_INLINE std::string cuda_worker::crash_text() {
  desk_page& page = desk_.page();
  page.reason.back() = '\0';
  return process_.exit_code() == detail::device_lost_exit ? std::string(page.reason.data())
                                                          : process_.end_text();
}

LATHE_INLINE int cuda_worker_main(int count, const char* const* arguments) {
  std::int64_t channel = -1, file = -1;
  if (count != 4 || !read_number(std::string_view(arguments[2]), channel) ||
      !read_number(std::string_view(arguments[3]), file))
    return 2;
  if (arguments[1] != detail::cuda_worker_role()) return detail::other_version_exit;
  const result<shared_memory> memory = shared_memory::attach(static_cast<int>(file));
  if (!memory) return 2;
  struct {
    cuda_bench bench;
    desk shared;
  } context{cuda_bench(memory->data()), desk(memory->data())};
  using state = decltype(context);
  process_behaviour behaviour;
  behaviour.context = &context;
  behaviour.on_start = [](void* self) {
    auto& of = *static_cast<state*>(self);
    of.shared.page().failed = failure::none;
    if (const result<bool> opened = of.bench.open(); !opened)
      of.shared.reply_failure(failure::crash, opened.error().text());
  };
  behaviour.on_request = [](void* self) {
    auto& of = *static_cast<state*>(self);
    // Should the host be killed while a kernel runs for ever.
    alarm(static_cast<unsigned>(of.shared.page().alarm_seconds) + 1);
    of.bench.serve_job();
    alarm(0);
    if (of.bench.is_lost()) _exit(detail::device_lost_exit);
  };
  worker_process::serve_requests(behaviour, static_cast<int>(channel));
}

}  // namespace lathe
