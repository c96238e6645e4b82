/// @file
/// IR text to object bytes to callable code, through LLVM-C and ORC. Declared in jit.hpp.
#pragma once

#include <lathe/core/hash.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/target/cpu/fork_guard.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/cpu/llvm_api.hpp>

#include <cstdint>
#include <utility>

namespace lathe::native {

namespace detail {

/// A handle of LLVM's that is disposed by `dispose` when it goes out of scope.
template <class Handle>
using llvm_owner = owner<Handle, void (*)(Handle*)>;

/// Takes over a message that LLVM allocated; "" for none.
LATHE_INLINE std::string take_message(const llvm_api& api, char* message) {
  if (message == nullptr) return {};
  std::string text(message);
  api.DisposeMessage(message);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// Consumes an LLVM error; "" for success.
LATHE_INLINE std::string take_error(const llvm_api& api, llvm::error* failure) {
  if (failure == nullptr) return {};
  char* message = api.GetErrorMessage(failure);
  std::string text(message);
  api.DisposeErrorMessage(message);
  return text.empty() ? "unknown error" : text;
}

/// Details that ORC reports on the side while a symbol is being linked, on the linking thread.
LATHE_INLINE std::string& reported_by_orc() {
  thread_local std::string text;
  return text;
}

/// A symbol given to jit::define.
struct defined_symbol {
  std::string name;
  void* address;
};

/// A code generator; used by one compilation at a time.
struct code_generator {
  int level = 0;
  llvm::target_machine* machine = nullptr;
};

/// State shared by a jit, its copies and its loaded objects.
class jit_session {
 public:
  explicit jit_session(const llvm_api& table) : api(table) {}
  jit_session(const jit_session&) = delete;
  jit_session& operator=(const jit_session&) = delete;
  ~jit_session();

  /// Creates target and linker; "" or what LLVM said.
  std::string open(const cpu_target& wanted);
  /// Text to object or assembly bytes; calls `sink(data, size)` on success.
  template <class Sink>
  result<bool> emit(std::string_view text, const compile_options& options, int file_type,
                    Sink&& sink);

  code_generator acquire_generator(int level);
  void release_generator(code_generator generator);
  /// An ORC dynamic library is the name space of one loaded object. It is reused after unloading,
  /// because the C API cannot remove it.
  llvm::orc_jit_dylib* acquire_library();
  void release_library(llvm::orc_jit_dylib* library) noexcept;
  /// Makes a symbol visible in all libraries; see jit::define.
  result<bool> define(const std::string& name, void* address);

  const llvm_api& api;
  llvm::orc_lljit* lljit = nullptr;
  llvm::orc_execution_session* session = nullptr;
  std::string fingerprint;
  /// Held by a lookup. ORC queues what is to be linked per session and lets any thread that looks
  /// something up link all of it: without the lock one's answer could come on another's thread,
  /// after its own call has returned.
  lathe::detail::mutex linking;

 private:
  result<bool> translate(std::string_view text, const compile_options& options, int file_type,
                         llvm::target_machine* machine, llvm::memory_buffer** out);
  llvm::orc_jit_dylib* create_library();
  std::string define_in(llvm::orc_jit_dylib* library, const defined_symbol& symbol);

  std::string triple_, cpu_, features_;
  llvm::target* target_ = nullptr;
  lathe::detail::mutex guard_;  ///< protects everything below
  sequence<code_generator> idle_generators_;
  sequence<llvm::orc_jit_dylib*> libraries_;
  sequence<llvm::orc_jit_dylib*> idle_libraries_;
  sequence<defined_symbol> symbols_;
};

LATHE_INLINE jit_session::~jit_session() {
  if (!llvm_api::alive()) return;
  for (const code_generator& each : idle_generators_) api.DisposeTargetMachine(each.machine);
  if (lljit != nullptr) take_error(api, api.OrcDisposeLLJIT(lljit));
}

LATHE_INLINE std::string jit_session::open(const cpu_target& wanted) {
  triple_ = take_message(api, api.GetDefaultTargetTriple());
  cpu_ = wanted.llvm_cpu;
  features_ = wanted.llvm_features;
  if (cpu_.empty()) {
    cpu_ = take_message(api, api.GetHostCPUName());
    features_ = take_message(api, api.GetHostCPUFeatures());
  }
  hash_stream features;
  features.add(features_.c_str());
  fingerprint = "llvm" + std::to_string(api.version) + " " + cpu_ +
                " features=" + std::to_string(features.value().low);
  char* message = nullptr;
  if (api.GetTargetFromTriple(triple_.c_str(), &target_, &message) != 0)
    return take_message(api, message);
  code_generator first = acquire_generator(compile_options{}.level);
  if (first.machine == nullptr) return "no code generator for " + cpu_ + " on " + triple_;
  release_generator(first);
  if (std::string why = take_error(api, api.OrcCreateLLJIT(&lljit, nullptr)); !why.empty())
    return why;
  session = api.OrcLLJITGetExecutionSession(lljit);
  // Without a reporter of our own, ORC would write to stderr.
  api.OrcExecutionSessionSetErrorReporter(
      session,
      [](void* table, llvm::error* failure) {
        std::string& text = reported_by_orc();
        if (!text.empty()) text += "; ";
        text += take_error(*static_cast<const llvm_api*>(table), failure);
      },
      const_cast<llvm_api*>(&api));
  return {};
}

LATHE_INLINE code_generator jit_session::acquire_generator(int level) {
  {
    const lathe::detail::lock_guard lock(guard_);
    for (const code_generator& each : idle_generators_) {
      if (each.level != level) continue;
      const code_generator taken = each;
      idle_generators_.erase(&each);
      return taken;
    }
  }
  return {level, api.CreateTargetMachine(target_, triple_.c_str(), cpu_.c_str(), features_.c_str(),
                                         level, llvm::reloc_pic, llvm::code_model_small)};
}

LATHE_INLINE void jit_session::release_generator(code_generator generator) {
  if (generator.machine == nullptr) return;
  const lathe::detail::lock_guard lock(guard_);
  idle_generators_.push_back(generator);
}

LATHE_INLINE result<bool> jit_session::translate(std::string_view text,
                                                 const compile_options& options, int file_type,
                                                 llvm::target_machine* machine,
                                                 llvm::memory_buffer** out) {
  // A context per compilation keeps memory flat over thousands of variants.
  const llvm_owner<llvm::context> context(api.ContextCreate(), api.ContextDispose);
  struct diagnostics {
    const llvm_api& api;
    std::string errors;
  } said{api, {}};
  // Without a handler LLVM prints errors of code generation and calls exit().
  api.ContextSetDiagnosticHandler(
      context.get(),
      [](llvm::diagnostic_info* info, void* to) {
        auto& sink = *static_cast<diagnostics*>(to);
        std::string line = take_message(sink.api, sink.api.GetDiagInfoDescription(info));
        if (sink.api.GetDiagInfoSeverity(info) == llvm::severity_error) sink.errors += line + "; ";
      },
      &said);

  llvm::memory_buffer* source =
      api.CreateMemoryBufferWithMemoryRangeCopy(text.data(), text.size(), "kernel.ll");
  llvm::module* parsed = nullptr;
  char* message = nullptr;
  // Takes over the buffer, also when it fails.
  if (api.ParseIRInContext(context.get(), source, &parsed, &message) != 0)
    return error("LATHE-E304", "LLVM cannot parse the kernel's IR: " + take_message(api, message));
  const llvm_owner<llvm::module> module(parsed, api.DisposeModule);
  api.SetTarget(module.get(), triple_.c_str());
  const llvm_owner<llvm::target_data> layout(api.CreateTargetDataLayout(machine),
                                             api.DisposeTargetData);
  api.SetModuleDataLayout(module.get(), layout.get());

  if (options.verify) {
    const bool broken = api.VerifyModule(module.get(), llvm::return_status_action, &message) != 0;
    const std::string why = take_message(api, message);
    if (broken) return error("LATHE-E305", "LLVM's verifier rejects the kernel's IR: " + why);
  }
  if (!options.pipeline.empty()) {
    const llvm_owner<llvm::pass_builder_options> passes(api.CreatePassBuilderOptions(),
                                                        api.DisposePassBuilderOptions);
    const std::string why = take_error(
        api, api.RunPasses(module.get(), options.pipeline.c_str(), machine, passes.get()));
    if (!why.empty())
      return error("LATHE-E306", "LLVM pipeline \"" + options.pipeline + "\" failed: " + why);
  }
  message = nullptr;
  if (api.TargetMachineEmitToMemoryBuffer(machine, module.get(), file_type, &message, out) != 0)
    return error("LATHE-E307", "LLVM cannot generate code: " + take_message(api, message));
  if (!said.errors.empty()) {
    api.DisposeMemoryBuffer(*out);
    return error("LATHE-E307", "LLVM cannot generate code: " + said.errors);
  }
  return true;
}

template <class Sink>
result<bool> jit_session::emit(std::string_view text, const compile_options& options, int file_type,
                               Sink&& sink) {
  const inside_llvm hold;
  const code_generator generator = acquire_generator(options.level);
  llvm::memory_buffer* raw = nullptr;
  result<bool> done = translate(text, options, file_type, generator.machine, &raw);
  release_generator(generator);
  if (!done) return done;
  const llvm_owner<llvm::memory_buffer> buffer(raw, api.DisposeMemoryBuffer);
  sink(api.GetBufferStart(raw), api.GetBufferSize(raw));
  return done;
}

LATHE_INLINE llvm::orc_jit_dylib* jit_session::create_library() {
  const std::string name = "lathe" + std::to_string(libraries_.size());
  llvm::orc_jit_dylib* library = api.OrcExecutionSessionCreateBareJITDylib(session, name.c_str());
  const char prefix = api.OrcLLJITGetGlobalPrefix(lljit);
  llvm::orc_definition_generator* generator = nullptr;
  const auto add = [&](llvm::error* failure) {
    // A missing library is no error here: a symbol that is really needed fails at lookup.
    if (take_error(api, failure).empty()) api.OrcJITDylibAddGenerator(library, generator);
  };
  add(api.OrcCreateDynamicLibrarySearchGeneratorForProcess(&generator, prefix, nullptr, nullptr));
  for (const char* path : {"libmvec.so.1", "libm.so.6"})
    add(api.OrcCreateDynamicLibrarySearchGeneratorForPath(&generator, path, prefix, nullptr,
                                                          nullptr));
  // Cannot clash: nothing has been looked up in the new library.
  for (const defined_symbol& symbol : symbols_) define_in(library, symbol);
  return library;
}

LATHE_INLINE std::string jit_session::define_in(llvm::orc_jit_dylib* library,
                                                const defined_symbol& symbol) {
  constexpr std::uint8_t exported_and_callable = 1 | 4;
  llvm::symbol_map_pair pair{
      api.OrcLLJITMangleAndIntern(lljit, symbol.name.c_str()),
      {reinterpret_cast<std::uintptr_t>(symbol.address), {exported_and_callable, 0}}};
  llvm::orc_materialization_unit* unit = api.OrcAbsoluteSymbols(&pair, 1);
  std::string why = take_error(api, api.OrcJITDylibDefine(library, unit));
  if (!why.empty()) api.OrcDisposeMaterializationUnit(unit);
  return why;
}

LATHE_INLINE llvm::orc_jit_dylib* jit_session::acquire_library() {
  const lathe::detail::lock_guard lock(guard_);
  if (idle_libraries_.empty()) {
    libraries_.push_back(create_library());
    return libraries_.back();
  }
  llvm::orc_jit_dylib* library = idle_libraries_.back();
  idle_libraries_.pop_back();
  return library;
}

LATHE_INLINE void jit_session::release_library(llvm::orc_jit_dylib* library) noexcept {
  const lathe::detail::lock_guard lock(guard_);
  idle_libraries_.push_back(library);
}

LATHE_INLINE result<bool> jit_session::define(const std::string& name, void* address) {
  const inside_llvm hold;
  const lathe::detail::lock_guard lock(guard_);
  for (const defined_symbol& known : symbols_) {
    if (known.name != name) continue;
    if (known.address == address) return true;
    return error("LATHE-E310", "the symbol " + name +
                                   " is already defined with another address; use another name");
  }
  const defined_symbol symbol{name, address};
  for (llvm::orc_jit_dylib* library : libraries_)
    if (const std::string why = define_in(library, symbol); !why.empty())
      return error("LATHE-E310", "cannot define the symbol " + name + ": " + why +
                                     "; loaded code already uses another function of that name");
  symbols_.push_back(symbol);
  return true;
}

}  // namespace detail

LATHE_INLINE loaded_object::loaded_object(shared<detail::jit_session> session,
                                          llvm::orc_jit_dylib* library,
                                          llvm::orc_resource_tracker* tracker)
    : session_(std::move(session)), library_(library), tracker_(tracker) {}

LATHE_INLINE loaded_object::loaded_object(loaded_object&& other) noexcept
    : session_(std::move(other.session_)),
      library_(std::exchange(other.library_, nullptr)),
      tracker_(std::exchange(other.tracker_, nullptr)) {}

LATHE_INLINE loaded_object& loaded_object::operator=(loaded_object&& other) noexcept {
  if (this != &other) {
    unload();
    session_ = std::move(other.session_);
    library_ = std::exchange(other.library_, nullptr);
    tracker_ = std::exchange(other.tracker_, nullptr);
  }
  return *this;
}

LATHE_INLINE loaded_object::~loaded_object() { unload(); }

LATHE_INLINE void loaded_object::unload() noexcept {
  if (tracker_ == nullptr || !llvm_api::alive()) return;
  const detail::inside_llvm hold;
  const llvm_api& api = session_->api;
  detail::take_error(api, api.OrcResourceTrackerRemove(tracker_));
  api.OrcReleaseResourceTracker(tracker_);
  tracker_ = nullptr;
  session_->release_library(library_);
  // Names of unloaded symbols stay interned otherwise: memory would grow with every variant.
  api.OrcSymbolStringPoolClearDeadEntries(
      api.OrcExecutionSessionGetSymbolStringPool(session_->session));
  session_ = {};
}

LATHE_INLINE result<void*> loaded_object::lookup(const std::string& symbol) const {
  const detail::inside_llvm hold;
  if (tracker_ == nullptr)
    return error("LATHE-E309", "lookup of " + symbol + " in an empty loaded_object");
  const llvm_api& api = session_->api;
  struct answer {
    const llvm_api& api;
    std::uint64_t address = 0;
    std::string error;
  } found{api, 0, {}};
  const lathe::detail::lock_guard one_at_a_time(session_->linking);
  detail::reported_by_orc().clear();
  llvm::search_order_element where{library_, llvm::match_exported_symbols_only};
  llvm::lookup_set_element what{api.OrcLLJITMangleAndIntern(session_->lljit, symbol.c_str()),
                                llvm::required_symbol};
  // Linking happens on this thread: the handler has run when the call returns.
  api.OrcExecutionSessionLookup(
      session_->session, llvm::lookup_static, &where, 1, &what, 1,
      [](llvm::error* failure, llvm::symbol_map_pair* pairs, std::size_t count, void* to) {
        auto& out = *static_cast<answer*>(to);
        out.error = detail::take_error(out.api, failure);
        if (out.error.empty() && count == 1) out.address = pairs[0].value.address;
      },
      &found);
  if (found.address != 0) return reinterpret_cast<void*>(found.address);
  std::string why = found.error.empty() ? "no address" : found.error;
  if (!detail::reported_by_orc().empty()) why += " (" + detail::reported_by_orc() + ")";
  if (why.find("[ " + symbol + " ]") == std::string::npos)
    why +=
        "; functions of the program itself are found if it is linked with -rdynamic, or after "
        "jit::define(name, address)";
  return error("LATHE-E309", "cannot link " + symbol + ": " + why);
}

LATHE_INLINE jit::jit(shared<detail::jit_session> session) : session_(std::move(session)) {}

LATHE_INLINE result<jit> jit::create(const cpu_target& target) {
  const detail::inside_llvm hold;
  const result<const llvm_api*> api = llvm_api::load();
  if (!api) return api.error();
  auto session = shared<detail::jit_session>::make(**api);
  if (std::string why = session->open(target); !why.empty())
    return error("LATHE-E303", "LLVM (" + (*api)->library + ") cannot generate code for \"" +
                                   target.llvm_cpu + "\": " + why);
  return jit(std::move(session));
}

LATHE_INLINE result<sequence<std::byte>> jit::compile(std::string_view text,
                                                      const compile_options& options) const {
  sequence<std::byte> object;
  const result<bool> done = session_->emit(
      text, options, llvm::object_file, [&object](const char* data, std::size_t size) {
        const auto* bytes = reinterpret_cast<const std::byte*>(data);
        object.assign(bytes, bytes + size);
      });
  if (!done) return done.error();
  return object;
}

LATHE_INLINE result<std::string> jit::assembly(std::string_view text,
                                               const compile_options& options) const {
  std::string out;
  const result<bool> done =
      session_->emit(text, options, llvm::assembly_file,
                     [&out](const char* data, std::size_t size) { out.assign(data, size); });
  if (!done) return done.error();
  return out;
}

LATHE_INLINE result<loaded_object> jit::load(std::span<const std::byte> object) const {
  const detail::inside_llvm hold;
  const llvm_api& api = session_->api;
  llvm::orc_jit_dylib* library = session_->acquire_library();
  llvm::memory_buffer* buffer = api.CreateMemoryBufferWithMemoryRangeCopy(
      reinterpret_cast<const char*>(object.data()), object.size(), "kernel.o");
  llvm::orc_resource_tracker* tracker = api.OrcJITDylibCreateResourceTracker(library);
  loaded_object loaded(session_, library, tracker);
  detail::reported_by_orc().clear();
  // Takes over the buffer, also when it fails.
  const std::string why =
      detail::take_error(api, api.OrcLLJITAddObjectFileWithRT(session_->lljit, tracker, buffer));
  if (!why.empty())
    return error("LATHE-E308", "not an object file that can be loaded here: " + why);
  return loaded;
}

LATHE_INLINE result<bool> jit::define(const std::string& symbol, void* address) const {
  return session_->define(symbol, address);
}

LATHE_INLINE const std::string& jit::code_fingerprint() const { return session_->fingerprint; }

}  // namespace lathe::native
