/// @file
/// LLVM IR text in, machine code out. Called by the measuring evaluator, the kernel API, the store
/// (object bytes of earlier runs) and peak.hpp. libLLVM is opened at the first use.
///
///     text --compile--> object bytes --load--> loaded_object --lookup--> function pointer
///
/// Compiling and loading are separate so that object bytes can be sent to a worker or kept on disk.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lathe::native {

namespace llvm {
struct orc_jit_dylib;
struct orc_resource_tracker;
}  // namespace llvm

namespace detail {
class jit_session;
}

/// How text becomes machine code. The generator has done the loop work, so the pipeline only
/// removes common subexpressions; `default<O3>` costs 3 to 6 times the time for nothing.
struct compile_options {
  /// LLVM new-pass-manager pipeline; "" = none. Never name `instcombine`: from LLVM 18 it may abort
  /// the process (llvm-project issue 104905).
  std::string pipeline = "function(early-cse<memssa>)";
  int level = 2;       ///< code generation level 0 to 3; 0 gives 13 to 43 % of the kernel speed
  bool verify = true;  ///< run LLVM's verifier first (about 2 % of the time)
};

/// Machine code made resident by jit::load. Movable; the destructor unloads it, so every function
/// pointer from lookup() is valid only as long as this object lives.
class loaded_object {
 public:
  loaded_object() = default;
  loaded_object(loaded_object&& other) noexcept;
  loaded_object& operator=(loaded_object&& other) noexcept;
  ~loaded_object();

  /// Address of an exported function or variable. Links the object at the first call.
  /// @error E309 the symbol does not exist, or the object refers to one that cannot be found
  result<void*> lookup(const std::string& symbol) const;

 private:
  friend class jit;
  loaded_object(shared<detail::jit_session> session, llvm::orc_jit_dylib* library,
                llvm::orc_resource_tracker* tracker);
  void unload() noexcept;

  shared<detail::jit_session> session_;
  llvm::orc_jit_dylib* library_ = nullptr;
  llvm::orc_resource_tracker* tracker_ = nullptr;
};

/// A compiler and linker for one processor. A cheap handle: copies share the same session. Every
/// member may be called from several threads at once; compilations run in parallel.
class jit {
 public:
  /// Opens libLLVM if needed (11 ms once) and sets up code generation (1 ms).
  /// @error E301, E302 libLLVM is unavailable; E303 LLVM refuses the target
  static result<jit> create(const cpu_target& target);

  /// Translates IR text to the bytes of an ELF object file (small code model, position
  /// independent).
  /// @param text  a module with opaque pointers; target triple and data layout are set here
  /// @error E304 text does not parse, E305 does not verify, E306 bad pipeline, E307 code generation
  result<sequence<std::byte>> compile(std::string_view text,
                                      const compile_options& options = {}) const;

  /// The same translation as readable assembly text (AT&T syntax).
  /// @error as compile()
  result<std::string> assembly(std::string_view text, const compile_options& options = {}) const;

  /// Makes object bytes resident (0.03 ms). Objects never see each other's symbols; they see the
  /// process's exported symbols, those given to define(), libm and libmvec.
  /// @error E308 not an object file for this machine
  result<loaded_object> load(std::span<const std::byte> object) const;

  /// Makes `address` visible as `symbol` to all objects of this session, e.g. a function of a
  /// program that is not linked with -rdynamic.
  /// @error E310 `symbol` already has another address
  result<bool> define(const std::string& symbol, void* address) const;

  /// LLVM major version, processor name and features: everything besides text and options that the
  /// object bytes depend on, as one line for keys of stored objects.
  const std::string& code_fingerprint() const;

 private:
  explicit jit(shared<detail::jit_session> session);

  shared<detail::jit_session> session_;
};

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/jit.ipp>
#endif
