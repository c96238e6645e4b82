#include "property/pair.hpp"

#include <lathe/api/calls.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/lower/plan_of.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/measure/buffer.hpp>
#include <lathe/target/c/emit_c.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/run.hpp>
#include <lathe/target/fpga/emit_hls.hpp>

#include "hls_text.hpp"
#include "property/functions.hpp"
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <limits>
#include <sys/time.h>
#include <unistd.h>

namespace lathe::property {
namespace {

// ------------------------------------------------------------------------------ crashes

sigjmp_buf landing;
volatile sig_atomic_t armed = 0;

void on_signal(int number) {
  if (armed != 0) siglongjmp(landing, number);
  signal(number, SIG_DFL);
  raise(number);
}

/// Raises SIGPROF after `seconds` of this process's CPU time; 0 = never.
void limit_time(int seconds) {
  itimerval limit{};
  limit.it_value.tv_sec = seconds;
  setitimer(ITIMER_PROF, &limit, nullptr);
}

/// Runs `body`; a crash or an endless loop in it becomes a text. What it held is leaked.
template <class Body>
std::string survive(Body&& body) {
  constexpr int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF};
  for (const int each : signals) signal(each, on_signal);
  const int number = sigsetjmp(landing, 1);
  if (number != 0) {
    armed = 0;
    limit_time(0);
    return "ended by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  }
  armed = 1;
  limit_time(20);
  std::string out;
#if LATHE_HAS_EXCEPTIONS
  try {
    out = body();
  } catch (const std::exception& problem) {
    out = std::string("threw: ") + problem.what();
  }
#else
  out = body();
#endif
  armed = 0;
  limit_time(0);
  for (const int each : signals) signal(each, SIG_DFL);
  return out;
}

/// Copies inside copies multiply what a schedule does: the interpreter takes seconds for this many.
constexpr double most_stores = 1e8;

/// At most so many stores are executed.
double stores_of(const ir::nest& nest, ir::stmt handle) {
  const ir::statement& at = nest[handle];
  double stores = at.what == ir::stmt_kind::store ? 1 : 0;
  for (const ir::stmt each : at.children)
    if (each != ir::none) stores += stores_of(nest, each);
  if (at.what == ir::stmt_kind::loop)
    stores *= static_cast<double>(std::max<std::int64_t>(nest.exprs.range(at.extent).high, 0));
  return stores;
}

// ------------------------------------------------------------------------------ comparison

template <class Element>
bool equal_values(const std::byte* left, const std::byte* right) {
  Element a, b;
  std::memcpy(&a, left, sizeof a);
  std::memcpy(&b, right, sizeof b);
  return a == b;  // -0 and +0 are both right
}

/// Equal up to `ulps` units in the last place; of 1/4 for values below that: sin and cos have
/// zeros.
template <class Element>
bool close_values(const std::byte* left, const std::byte* right, double ulps) {
  Element a, b;
  std::memcpy(&a, left, sizeof a);
  std::memcpy(&b, right, sizeof b);
  const double size = std::max(std::fabs(static_cast<double>(b)), 0.25);
  const double unit = std::numeric_limits<Element>::epsilon() / 2;
  return std::fabs(static_cast<double>(a) - static_cast<double>(b)) <= ulps * unit * size;
}

bool equal_elements(dtype type, double ulps, const std::byte* left, const std::byte* right) {
  if (ulps > 0)
    return type == dtype::f32 ? close_values<float>(left, right, ulps)
                              : close_values<double>(left, right, ulps);
  if (type == dtype::f32) return equal_values<float>(left, right);
  if (type == dtype::f64) return equal_values<double>(left, right);
  if (type == dtype::bf16) return equal_values<bf16>(left, right);
  if (type == dtype::f16) return equal_values<f16>(left, right);
  return std::memcmp(left, right, static_cast<std::size_t>(size_of(type))) == 0;
}

std::string element_text(dtype type, const std::byte* at) {
  const auto as = [&]<class Element>(Element element) {
    std::memcpy(&element, at, sizeof element);
    if constexpr (is_half(dtype_of<Element>))
      return std::to_string(static_cast<float>(element));
    else
      return std::to_string(element);
  };
  switch (type) {
    case dtype::f32: return as(float{});
    case dtype::f64: return as(double{});
    case dtype::bf16: return as(bf16{});
    case dtype::f16: return as(f16{});
    case dtype::i32: return as(std::int32_t{});
    case dtype::i64: return as(std::int64_t{});
    case dtype::i8: return as(std::int8_t{});
    default: return as(std::uint8_t{});
  }
}

}  // namespace

std::string differences(const random_operator& source, int tensor, const std::byte* got,
                        const std::byte* wanted) {
  const desc_tensor& of = source.tensors[static_cast<std::size_t>(tensor)];
  const std::int64_t count = source.elements(tensor);
  const double ulps = source.tolerance[static_cast<std::size_t>(tensor)];
  std::int64_t wrong = 0;
  std::string first;
  for (std::int64_t at = 0; at < count; ++at) {
    const std::int64_t offset = at * size_of(of.type);
    if (equal_elements(of.type, ulps, got + offset, wanted + offset)) continue;
    if (wrong++ == 0)
      first = std::string(of.name) + " element " + std::to_string(at) + ": expected " +
              element_text(of.type, wanted + offset) + ", got " +
              element_text(of.type, got + offset);
  }
  if (wrong == 0) return {};
  return first + ", " + std::to_string(wrong) + " of " + std::to_string(count) + " are wrong";
}

namespace {

std::string interpreted(const random_pair& pair, const ir::nest& nest) {
  lathe::sequence<std::span<const std::byte>> inputs;
  for (int at = 0; at < pair.source.param_count; ++at)
    inputs.emplace_back(pair.data[static_cast<std::size_t>(at)]);
  const interpretation run = interpret(nest, inputs, functions());
  if (!run.ok()) return run.error;
  std::size_t output = 0;
  for (int at = 0; at < pair.source.param_count; ++at) {
    if (pair.source.tensors[static_cast<std::size_t>(at)].producer < 0) continue;
    if (output >= run.outputs.size()) return "an output is missing";
    const lathe::sequence<std::byte> got = to_elements(run.outputs[output++]);
    const std::string text =
        differences(pair.source, at, got.data(), pair.data[static_cast<std::size_t>(at)].data());
    if (!text.empty()) return text;
  }
  return {};
}

// ------------------------------------------------------------------------------ machine code

/// Memory of one run: parameters end at a guard page, workspaces and scratch are aligned.
class run_memory {
 public:
  run_memory(const random_pair& pair, const kernel_plan& plan, int threads)
      : pair_(pair),
        plan_(plan),
        scratch_(native::scratch_bytes(plan, threads), buffer_layout::starts_aligned) {
    for (const plan_buffer& each : plan.buffers) {
      memory_.emplace_back(
          each.bytes(), each.param ? buffer_layout::ends_at_guard : buffer_layout::starts_aligned);
      addresses_.push_back(memory_.back().data());
      const std::size_t at = memory_.size() - 1;
      if (each.param && !each.output && each.bytes() > 0) {
        std::memcpy(memory_[at].data(), pair.data[at].data(), pair.data[at].size());
        memory_[at].forbid_writing();
      } else {
        fill_untouched(memory_[at].data(), each.type, each.elements);
      }
    }
    if (scratch_.size() > 0)
      std::memset(scratch_.data(), 0xcb, static_cast<std::size_t>(scratch_.size()));
  }

  void run(const lathe::sequence<phase_function>& phases, int threads) {
    const parallel_for_hook hook = native::pool_parallel_for();
    for (const native::plan_part part : {native::plan_part::bind, native::plan_part::every_call})
      native::run_plan(plan_, phases, addresses_.data(), scratch_.data(), threads, hook, part);
  }

  void* const* addresses() const { return addresses_.data(); }

  std::string problem() const {
    for (std::size_t at = 0; at < memory_.size(); ++at) {
      if (!memory_[at].padding_intact()) return "wrote outside " + plan_.buffers[at].name;
      if (!plan_.buffers[at].param || !plan_.buffers[at].output) continue;
      std::string text = differences(pair_.source, static_cast<int>(at), memory_[at].data(),
                                     pair_.data[at].data());
      if (!text.empty()) return text;
    }
    return scratch_.padding_intact() ? "" : "wrote outside the scratch block";
  }

 private:
  const random_pair& pair_;
  const kernel_plan& plan_;
  lathe::sequence<guarded_buffer> memory_;
  lathe::sequence<void*> addresses_;
  guarded_buffer scratch_;
};

constexpr std::uint64_t one_in_c = 25;  ///< pairs that also run as C: the compiler takes its time
constexpr std::size_t most_text = 150'000;  ///< [bytes]

std::string run(const random_pair& pair, const kernel_plan& plan,
                const lathe::sequence<phase_function>& phases, int threads) {
  run_memory memory(pair, plan, threads);
  memory.run(phases, threads);
  const std::string problem = memory.problem();
  return problem.empty() ? "" : problem + " (" + std::to_string(threads) + " threads)";
}

/// True if a kernel takes lanes of two vectors in turn: lane 0, then one that is not lane 1.
bool interleaves(const std::string& text) {
  const std::string mask = "x i32> <i32 0, i32 ";
  for (std::size_t at = text.find(mask); at != std::string::npos; at = text.find(mask, at + 1)) {
    const char* const next = text.c_str() + at + mask.size();
    if (next[0] != '1' || (next[1] >= '0' && next[1] <= '9')) return true;
  }
  return false;
}

std::string compiled(const random_pair& pair, const ir::nest& nest, const cpu_target& target,
                     const native::jit& jit, machine_code& seen) {
  const result<std::string> text = native::emit_llvm(nest, target);
  // LLVM takes long for kernels that nobody would choose.
  if (!text && text.error().text().find("more than 1 MiB") != std::string::npos) return {};
  // Padding is for GPUs: what it puts around a store ends vectors of the CPU in their middle. Tails
  // of fused loops inside an unrolled one may hide that a register is written before it is read.
  for (const char* known : {"a branch differs between", "is read before it is written"})
    if (!text && text.error().text().find(known) != std::string::npos) return {};
  if (!text) return text.error().what();
  if (text->size() > most_text) return {};
  ++seen.kernels;
  seen.vector_math += text->find("@_ZGV") != std::string::npos;
  seen.tiles += interleaves(*text);
  seen.calls += text->find("@lathe.call.") != std::string::npos;
  const result<bool> defined = define_calls(make_program(pair.source.view()), jit);
  if (!defined) return defined.error().what();
  const result<lathe::sequence<std::byte>> object = jit.compile(*text);
  if (!object) return object.error().what();
  const result<native::loaded_object> loaded = jit.load(*object);
  if (!loaded) return loaded.error().what();
  const kernel_plan plan = plan_of(nest);
  const result<lathe::sequence<phase_function>> phases = native::phase_functions(plan, *loaded);
  if (!phases) return phases.error().what();
  for (const int threads : {1, 2}) {
    const std::string problem = run(pair, plan, *phases, threads);
    if (!problem.empty()) return problem;
  }
  return {};
}

/// The C text, translated by the system's compiler and called like a kernel.
std::string compiled_c(const random_pair& pair, const ir::nest& nest) {
  char folder[] = "/tmp/lathe_property_XXXXXX";
  if (mkdtemp(folder) == nullptr) return "no temporary folder";
  const std::string source = std::string(folder) + "/kernel.c";
  const std::string library = std::string(folder) + "/kernel.so";
  std::string out;
  if (std::FILE* file = std::fopen(source.c_str(), "w"); file != nullptr) {
    std::fputs(emit_c(nest).c_str(), file);
    std::fclose(file);
  }
  // A comparison that its types decide (a bool with 5) is the formula's, not the emitter's.
  const std::string command =
      "cc -std=c11 -O1 -ffp-contract=off -Wall -Wextra -Wno-type-limits -Werror -shared -fPIC -o " +
      library + " " + source + " -lm";
  if (std::system(command.c_str()) != 0) {
    out = "cc refuses the text or warns about it";
  } else if (void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL); handle == nullptr) {
    out = "the library does not load";
  } else {
    const kernel_plan plan = plan_of(nest);
    lathe::sequence<phase_function> phases;
    for (const plan_phase& phase : plan.phases)
      phases.push_back(reinterpret_cast<phase_function>(dlsym(handle, phase.symbol.c_str())));
    out = run(pair, plan, phases, 1);
    dlclose(handle);
  }
  unlink(source.c_str());
  unlink(library.c_str());
  rmdir(folder);
  return out;
}

}  // namespace

namespace {

using schedule_maker = random_schedule (*)(const program& base, random_engine& engine);

random_pair make_pair(random_operator source, std::uint64_t seed, schedule_maker make) {
  random_pair out;
  out.seed = seed;
  random_engine numbers(seed, 2), steps(seed, 3);
  out.source = std::move(source);
  out.data = make_data(out.source, numbers);
  evaluate(out.source, out.data);
  const std::string crash = survive([&] {
    out.schedule = make(make_program(out.source.view()), steps);
    return std::string();
  });
  if (!crash.empty()) out.schedule.broken = "apply_step " + crash;
  return out;
}

}  // namespace

random_pair make_pair(std::uint64_t seed, bool math) {
  random_engine shapes(seed, 1);
  return make_pair(make_operator(shapes, math), seed);
}

random_pair make_pair(random_operator source, std::uint64_t seed) {
  return make_pair(std::move(source), seed, make_schedule);
}

random_pair make_gpu_pair(random_operator source, std::uint64_t seed) {
  return make_pair(std::move(source), seed, make_gpu_schedule);
}

pair_checker::pair_checker(const lathe::sequence<isa>& sets) {
  for (const isa set : sets) {
    const result<cpu_target> target = native::host_target(set);
    if (!target) continue;
    result<native::jit> jit = native::jit::create(*target);
    if (jit) compilers_.push_back({*target, std::move(*jit)});
  }
}

lathe::sequence<isa> pair_checker::sets() const {
  lathe::sequence<isa> out;
  for (const compiler& each : compilers_) out.push_back(each.target.set);
  return out;
}

verdict pair_checker::check(const random_pair& pair, bool all_sets) {
  verdict out;
  out.failure = pair.schedule.broken;
  if (!out.failure.empty()) return out;
  out.failure = survive([&]() -> std::string {
    const result<ir::nest> plain = build(make_program(pair.source.view()));
    if (!plain) return "without schedule: " + plain.error().text();
    std::string problem = verify(*plain);
    if (!problem.empty()) return "without schedule: verify: " + problem;
    problem = interpreted(pair, *plain);
    if (!problem.empty()) return "without schedule: interpreter: " + problem;

    result<program> scheduled =
        apply(make_program(pair.source.view()), pair.schedule.steps, pair.schedule.options);
    if (!scheduled) return "not applied: " + scheduled.error().text();
    const result<ir::nest> nest = build(std::move(*scheduled));
    if (!nest) return nest.error().text().empty() ? "refused without a reason" : "";
    double stores = 0;
    for (const ir::phase& each : nest->phases) stores += stores_of(*nest, each.body);
    if (stores > most_stores) return "";
    out.built = true;
    problem = verify(*nest);
    if (!problem.empty()) return "verify: " + problem;
    problem = interpreted(pair, *nest);
    if (!problem.empty()) return "interpreter: " + problem;
    for (std::size_t at = 0; at < compilers_.size(); ++at) {
      if (!all_sets && at != pair.seed % compilers_.size()) continue;
      problem = compiled(pair, *nest, compilers_[at].target, compilers_[at].jit, seen_);
      if (!problem.empty()) return std::string(name_of(compilers_[at].target.set)) + ": " + problem;
    }
    if (pair.seed % one_in_c != 0) return {};
    problem = compiled_c(pair, *nest);
    return problem.empty() ? "" : "C: " + problem;
  });
  return out;
}

std::string check_hls(const std::vector<random_pair>& pairs, const std::string& compiler,
                      hls_texts& seen) {
  struct one {
    const random_pair* pair;
    fpga_kernel kernel;
  };
  std::vector<one> kernels;
  test::hls_library library;
  for (const random_pair& pair : pairs) {
    result<program> scheduled =
        apply(make_program(pair.source.view()), pair.schedule.steps, pair.schedule.options);
    if (!scheduled) return report(pair, "not applied: " + scheduled.error().text());
    scheduled->name = "pair_" + std::to_string(pair.seed);
    result<ir::nest> nest = build(std::move(*scheduled));
    if (!nest) continue;
    double stores = 0;
    for (const ir::phase& each : nest->phases) stores += stores_of(*nest, each.body);
    if (stores > most_stores) continue;
    one made{&pair, make_fpga_kernel(std::move(*nest), find_fpga_device("vu9p").value())};
    const std::string text = emit_hls(made.kernel);
    if (text.size() > most_text) continue;
    const std::string problem = test::pragma_checker().check(text);
    if (!problem.empty()) return report(pair, problem + "\n" + text);
    ++seen.kernels;
    seen.dataflow += text.find("DATAFLOW") != std::string::npos;
    seen.unrolled += text.find("UNROLL") != std::string::npos;
    seen.partitioned += text.find("ARRAY_PARTITION") != std::string::npos;
    library.add(made.kernel);
    kernels.push_back(std::move(made));
  }
  const std::string said = library.compile(compiler);
  if (!said.empty()) return compiler + ": " + said;
  for (const one& each : kernels) {
    const kernel_plan plan = plan_of(each.kernel.nest);
    run_memory memory(*each.pair, plan, 1);
    library.call(each.kernel, memory.addresses());
    const std::string problem = memory.problem();
    if (!problem.empty()) return report(*each.pair, problem + "\n" + emit_hls(each.kernel));
  }
  return {};
}

random_pair pair_checker::shrink(random_pair pair) {
  if (!pair.schedule.broken.empty()) return pair;
  for (bool again = true; again;) {
    again = false;
    for (std::size_t at = pair.schedule.steps.steps.size(); at-- > 0 && !again;) {
      random_pair smaller = pair;
      smaller.schedule.steps.steps.erase(smaller.schedule.steps.steps.begin() +
                                         static_cast<std::ptrdiff_t>(at));
      const std::string failure = check(smaller, true).failure;
      if (failure.empty() || failure.starts_with("not applied")) continue;
      pair = std::move(smaller);
      again = true;
    }
  }
  return pair;
}

std::string report(const random_pair& pair, const std::string& failure) {
  std::string out =
      "seed " + std::to_string(pair.seed) + ": " + failure + "\n" + to_text(pair.source) + "bound:";
  for (const std::string& each : pair.schedule.options.bound) out += " " + each;
  out += "\n";
  for (const step& each : pair.schedule.steps.steps) out += lathe::to_text(each) + "\n";
  out += survive([&]() -> std::string {
    result<program> scheduled =
        apply(make_program(pair.source.view()), pair.schedule.steps, pair.schedule.options);
    if (!scheduled) return scheduled.error().text() + "\n";
    const result<ir::nest> nest = build(std::move(*scheduled));
    return nest ? lathe::to_text(*nest) : nest.error().text() + "\n";
  });
  return out;
}

}  // namespace lathe::property
