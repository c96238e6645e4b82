#include "cuda/simulator/simulate.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cuda_simulator {
namespace {

using lathe::cuda_launch;
using lathe::cuda_source;
using lathe::plan_buffer;

constexpr std::int64_t most_threads = 1024;
constexpr std::int64_t most_shared_bytes = 232448;  ///< of a block, compute capability 9.0
constexpr std::size_t device_alignment = 16;        ///< of the widest access

/// Why a driver would not launch it; "" if it would.
std::string launch_problem(const cuda_source& source, const cuda_launch& launch,
                           const host_kernel& kernel, const std::vector<kernel_heading>& headings) {
  if (kernel.call == nullptr) return "the text has no kernel of this name";
  if (launch.threads < 1 || launch.threads > most_threads)
    return std::to_string(launch.threads) + " threads per block";
  if (launch.blocks < 1 || launch.blocks > 0x7fffffff)
    return std::to_string(launch.blocks) + " blocks";
  if (launch.shared_bytes < 0 || launch.shared_bytes > most_shared_bytes)
    return std::to_string(launch.shared_bytes) + " bytes of shared memory";
  for (const kernel_heading& each : headings)
    if (each.name == launch.symbol && each.most_threads > 0 && launch.threads > each.most_threads)
      return std::to_string(launch.threads) + " threads per block, __launch_bounds__(" +
             std::to_string(each.most_threads) + ")";
  const std::size_t count = std::strlen(reinterpret_cast<const char*>(kernel.parameters));
  if (count != launch.arguments.size())
    return std::to_string(launch.arguments.size()) + " arguments for " + std::to_string(count) +
           " parameters";
  for (std::size_t at = 0; at < count; ++at) {
    const plan_buffer& buffer = source.buffers[static_cast<std::size_t>(launch.arguments[at])];
    const int wanted = buffer.scalar ? size_of(buffer.type) : 255;
    if (kernel.parameters[at] != wanted)
      return "parameter " + std::to_string(at) + " is not what " + buffer.name + " needs";
  }
  return {};
}

/// The buffers of one run.
class device_memory {
 public:
  device_memory(const cuda_source& source, std::span<const std::span<std::byte>> arguments,
                placement where)
      : source_(source) {
    std::size_t parameter = 0;
    for (const plan_buffer& each : source.buffers) {
      guarded_memory made(static_cast<std::size_t>(each.bytes()), device_alignment, where);
      if (each.param) {
        const std::span<std::byte> given = arguments[parameter++];
        if (!each.output && made.size() > 0) std::memcpy(made.data(), given.data(), made.size());
        if (!each.output && !each.scalar) made.forbid_writing();
      }
      memory_.push_back(std::move(made));
    }
    for (std::size_t at = 0; at < memory_.size(); ++at) {
      pointers_.push_back(memory_[at].data());
      if (!source.buffers[at].scalar) named_.push_back({source.buffers[at].name, &memory_[at]});
    }
  }

  /// What a new call finds: bound workspaces stay.
  void poison() {
    for (std::size_t at = 0; at < memory_.size(); ++at) {
      const plan_buffer& each = source_.buffers[at];
      if (each.output || (!each.param && !each.bound)) memory_[at].poison();
    }
  }

  std::vector<void*> arguments(const cuda_launch& launch) {
    std::vector<void*> out;
    for (const int at : launch.arguments) {
      const auto index = static_cast<std::size_t>(at);
      out.push_back(source_.buffers[index].scalar ? pointers_[index] : &pointers_[index]);
    }
    return out;
  }

  std::span<const named_memory> named() const { return named_; }
  const guarded_memory& operator[](std::size_t at) const { return memory_[at]; }

 private:
  const cuda_source& source_;
  std::vector<guarded_memory> memory_;
  std::vector<void*> pointers_;
  std::vector<named_memory> named_;
};

/// Where two runs differ; "" if nowhere.
std::string difference(const plan_buffer& buffer, const std::byte* one, const std::byte* other) {
  const auto bytes = static_cast<std::size_t>(buffer.bytes());
  const std::byte* const at = std::mismatch(one, one + bytes, other).first;
  if (at == one + bytes) return {};
  return buffer.name + " differs at element " + std::to_string((at - one) / size_of(buffer.type));
}

}  // namespace

simulator::simulator(std::span<const cuda_source> sources) {
  const temporary_folder folder;
  std::vector<std::string> texts;
  for (const cuda_source& each : sources) {
    sources_.push_back({each, kernels_in(each.text), 0, texts.size(), {}});
    texts.push_back(each.text);
  }
  const std::filesystem::path file = folder.path() / "all.so";
  if (texts.empty()) return;
  const std::string problem = compile_host(host_text(texts), file);
  if (problem.empty()) {
    libraries_.emplace_back(file);
    return;
  }
  // One of them is wrong: each on its own.
  for (compiled_source& each : sources_) {
    const std::filesystem::path own = folder.path() / (std::to_string(libraries_.size()) + ".so");
    each.problem = sources_.size() == 1
                       ? problem
                       : compile_host(host_text(std::span(&each.source.text, 1)), own);
    if (!each.problem.empty()) {
      each.problem = "does not compile: " + each.problem;
      continue;
    }
    each.library = libraries_.size();
    each.text = 0;
    libraries_.emplace_back(own);
  }
}

simulation_report simulator::run(std::size_t source,
                                 std::span<const std::span<std::byte>> arguments,
                                 const simulation_options& options) const {
  const compiled_source& compiled = sources_[source];
  const cuda_source& of = compiled.source;
  if (!compiled.problem.empty()) return {compiled.problem};
  const auto parameters = std::ranges::count_if(of.buffers, &plan_buffer::param);
  if (arguments.size() != static_cast<std::size_t>(parameters))
    return {std::to_string(arguments.size()) + " arguments for " + std::to_string(parameters) +
            " parameters"};
  const host_library& library = libraries_[compiled.library];
  simulation_report out;
  const bool binds = std::ranges::any_of(of.launches, &cuda_launch::bind_only);
  const auto copy_results = [&](const device_memory& memory) {
    std::size_t parameter = 0;
    for (std::size_t at = 0; at < of.buffers.size(); ++at) {
      if (!of.buffers[at].param) continue;
      const std::span<std::byte> given = arguments[parameter++];
      if (of.buffers[at].output && !given.empty())
        std::memcpy(given.data(), memory[at].data(), memory[at].size());
    }
  };
  for (std::size_t mode = 0; mode < options.modes.size(); ++mode) {
    const bool reversed = options.modes[mode].order == thread_order::reverse;
    device_memory memory(of, arguments, reversed ? placement::at_start : placement::at_end);
    for (int call = 0; call < (binds ? 2 : 1); ++call) {
      memory.poison();
      for (const cuda_launch& each : of.launches) {
        if (each.bind_only && call > 0) continue;
        const host_kernel kernel = library.find(compiled.text, each.symbol);
        std::string problem = launch_problem(of, each, kernel, compiled.kernels);
        if (!problem.empty()) return {each.symbol + ": " + problem};
        std::vector<void*> values = memory.arguments(each);
        run_result result = run_launch({each.symbol, library.device(), kernel, values.data(),
                                        each.blocks, each.threads, each.shared_bytes},
                                       memory.named(), options.modes[mode]);
        out.changed |= result.changed;
        if (result.kind != fault::none) {
          out.kind = result.kind;
          out.problem = std::move(result.problem);
          return out;
        }
      }
      if (mode == 0 && call == 0) {
        copy_results(memory);
        continue;
      }
      std::size_t parameter = 0;
      for (std::size_t at = 0; at < of.buffers.size(); ++at) {
        if (!of.buffers[at].param) continue;
        const std::span<std::byte> first = arguments[parameter++];
        if (!of.buffers[at].output) continue;
        const std::string where = difference(of.buffers[at], first.data(), memory[at].data());
        if (!where.empty()) {
          out.problem = where + (call > 0 ? " in the second call"
                                          : std::string(" in the order ") +
                                                name_of(options.modes[mode].order));
          return out;
        }
      }
    }
  }
  return out;
}

simulation_report simulate(const cuda_source& source,
                           std::span<const std::span<std::byte>> arguments,
                           const simulation_options& options) {
  return simulator(std::span(&source, 1)).run(0, arguments, options);
}

}  // namespace cuda_simulator
