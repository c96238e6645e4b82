/// @file
/// The part of the LLVM-C API that lathe uses, as a table of function pointers filled by dlopen.
/// In: nothing at build time, libLLVM 15 to 19 at run time. Out: `llvm_api`, read by jit.ipp only.
///
/// No LLVM header is included: the handles are opaque types of our own. The prototypes are checked
/// against <llvm-c/*.h> by tests/target/llvm_api_prototypes.cpp where those headers are installed.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace lathe::native {

/// Opaque counterparts of the LLVM*Ref handles (which are pointers to incomplete types).
namespace llvm {
struct context;
struct module;
struct memory_buffer;
struct diagnostic_info;
struct target;
struct target_machine;
struct target_data;
struct pass_builder_options;
struct error;
struct orc_lljit;
struct orc_lljit_builder;
struct orc_jit_dylib;
struct orc_execution_session;
struct orc_symbol_pool;
struct orc_symbol;
struct orc_definition_generator;
struct orc_resource_tracker;
struct orc_materialization_unit;

/// LLVMBool: 0 = success in every function used here.
using boolean = int;
/// Values of LLVM's C enums that are passed by value; C enums have int's representation.
enum : int {
  codegen_level_none = 0,
  codegen_level_default = 2,
  reloc_pic = 2,
  code_model_small = 3,
  assembly_file = 0,
  object_file = 1,
  return_status_action = 2,
  lookup_static = 0,
  match_exported_symbols_only = 0,
  required_symbol = 0,
  severity_error = 0
};

/// LLVMJITSymbolFlags.
struct symbol_flags {
  std::uint8_t generic;  ///< 1 = exported, 4 = callable
  std::uint8_t target;
};
/// LLVMJITEvaluatedSymbol.
struct evaluated_symbol {
  std::uint64_t address;
  symbol_flags flags;
};
/// LLVMOrcCSymbolMapPair.
struct symbol_map_pair {
  orc_symbol* name;
  evaluated_symbol value;
};
/// LLVMOrcCJITDylibSearchOrderElement.
struct search_order_element {
  orc_jit_dylib* dylib;
  int flags;
};
/// LLVMOrcCLookupSetElement.
struct lookup_set_element {
  orc_symbol* name;
  int flags;
};
/// LLVMDiagnosticHandler.
using diagnostic_handler = void (*)(diagnostic_info*, void*);
/// LLVMOrcErrorReporterFunction.
using error_reporter = void (*)(void*, error*);
/// LLVMOrcSymbolPredicate.
using symbol_predicate = int (*)(void*, orc_symbol*);
/// LLVMOrcExecutionSessionLookupHandleResultFunction.
using lookup_handler = void (*)(error*, symbol_map_pair*, std::size_t, void*);
}  // namespace llvm

// One line per function: name without the LLVM prefix, result, parameters. All exist with this
// signature from LLVM 15 to 19; LLVMOrcExecutionSessionLookup is missing in 14, which also cannot
// read opaque pointers, so a complete table implies 15 or newer.
#define LATHE_LLVM_FUNCTIONS(X)                                                                 \
  X(ContextCreate, llvm::context*, (void))                                                      \
  X(ContextDispose, void, (llvm::context*))                                                     \
  X(ContextSetDiagnosticHandler, void, (llvm::context*, llvm::diagnostic_handler, void*))       \
  X(GetDiagInfoDescription, char*, (llvm::diagnostic_info*))                                    \
  X(GetDiagInfoSeverity, int, (llvm::diagnostic_info*))                                         \
  X(CreateMemoryBufferWithMemoryRangeCopy, llvm::memory_buffer*,                                \
    (const char*, std::size_t, const char*))                                                    \
  X(GetBufferStart, const char*, (llvm::memory_buffer*))                                        \
  X(GetBufferSize, std::size_t, (llvm::memory_buffer*))                                         \
  X(DisposeMemoryBuffer, void, (llvm::memory_buffer*))                                          \
  X(ParseIRInContext, llvm::boolean,                                                            \
    (llvm::context*, llvm::memory_buffer*, llvm::module**, char**))                             \
  X(VerifyModule, llvm::boolean, (llvm::module*, int, char**))                                  \
  X(SetTarget, void, (llvm::module*, const char*))                                              \
  X(SetModuleDataLayout, void, (llvm::module*, llvm::target_data*))                             \
  X(DisposeModule, void, (llvm::module*))                                                       \
  X(DisposeMessage, void, (char*))                                                              \
  X(InitializeX86TargetInfo, void, (void))                                                      \
  X(InitializeX86Target, void, (void))                                                          \
  X(InitializeX86TargetMC, void, (void))                                                        \
  X(InitializeX86AsmPrinter, void, (void))                                                      \
  X(InitializeX86AsmParser, void, (void))                                                       \
  X(GetDefaultTargetTriple, char*, (void))                                                      \
  X(GetHostCPUName, char*, (void))                                                              \
  X(GetHostCPUFeatures, char*, (void))                                                          \
  X(GetTargetFromTriple, llvm::boolean, (const char*, llvm::target**, char**))                  \
  X(CreateTargetMachine, llvm::target_machine*,                                                 \
    (llvm::target*, const char*, const char*, const char*, int, int, int))                      \
  X(DisposeTargetMachine, void, (llvm::target_machine*))                                        \
  X(CreateTargetDataLayout, llvm::target_data*, (llvm::target_machine*))                        \
  X(DisposeTargetData, void, (llvm::target_data*))                                              \
  X(TargetMachineEmitToMemoryBuffer, llvm::boolean,                                             \
    (llvm::target_machine*, llvm::module*, int, char**, llvm::memory_buffer**))                 \
  X(CreatePassBuilderOptions, llvm::pass_builder_options*, (void))                              \
  X(DisposePassBuilderOptions, void, (llvm::pass_builder_options*))                             \
  X(RunPasses, llvm::error*,                                                                    \
    (llvm::module*, const char*, llvm::target_machine*, llvm::pass_builder_options*))           \
  X(GetErrorMessage, char*, (llvm::error*))                                                     \
  X(DisposeErrorMessage, void, (char*))                                                         \
  X(OrcCreateLLJIT, llvm::error*, (llvm::orc_lljit**, llvm::orc_lljit_builder*))                \
  X(OrcDisposeLLJIT, llvm::error*, (llvm::orc_lljit*))                                          \
  X(OrcLLJITGetExecutionSession, llvm::orc_execution_session*, (llvm::orc_lljit*))              \
  X(OrcLLJITGetGlobalPrefix, char, (llvm::orc_lljit*))                                          \
  X(OrcLLJITMangleAndIntern, llvm::orc_symbol*, (llvm::orc_lljit*, const char*))                \
  X(OrcLLJITAddObjectFileWithRT, llvm::error*,                                                  \
    (llvm::orc_lljit*, llvm::orc_resource_tracker*, llvm::memory_buffer*))                      \
  X(OrcExecutionSessionSetErrorReporter, void,                                                  \
    (llvm::orc_execution_session*, llvm::error_reporter, void*))                                \
  X(OrcExecutionSessionGetSymbolStringPool, llvm::orc_symbol_pool*,                             \
    (llvm::orc_execution_session*))                                                             \
  X(OrcExecutionSessionCreateBareJITDylib, llvm::orc_jit_dylib*,                                \
    (llvm::orc_execution_session*, const char*))                                                \
  X(OrcExecutionSessionLookup, void,                                                            \
    (llvm::orc_execution_session*, int, llvm::search_order_element*, std::size_t,               \
     llvm::lookup_set_element*, std::size_t, llvm::lookup_handler, void*))                      \
  X(OrcSymbolStringPoolClearDeadEntries, void, (llvm::orc_symbol_pool*))                        \
  X(OrcRetainSymbolStringPoolEntry, void, (llvm::orc_symbol*))                                  \
  X(OrcReleaseSymbolStringPoolEntry, void, (llvm::orc_symbol*))                                 \
  X(OrcAbsoluteSymbols, llvm::orc_materialization_unit*, (llvm::symbol_map_pair*, std::size_t)) \
  X(OrcJITDylibDefine, llvm::error*, (llvm::orc_jit_dylib*, llvm::orc_materialization_unit*))   \
  X(OrcDisposeMaterializationUnit, void, (llvm::orc_materialization_unit*))                     \
  X(OrcJITDylibAddGenerator, void, (llvm::orc_jit_dylib*, llvm::orc_definition_generator*))     \
  X(OrcCreateDynamicLibrarySearchGeneratorForProcess, llvm::error*,                             \
    (llvm::orc_definition_generator**, char, llvm::symbol_predicate, void*))                    \
  X(OrcCreateDynamicLibrarySearchGeneratorForPath, llvm::error*,                                \
    (llvm::orc_definition_generator**, const char*, char, llvm::symbol_predicate, void*))       \
  X(OrcJITDylibCreateResourceTracker, llvm::orc_resource_tracker*, (llvm::orc_jit_dylib*))      \
  X(OrcResourceTrackerRemove, llvm::error*, (llvm::orc_resource_tracker*))                      \
  X(OrcReleaseResourceTracker, void, (llvm::orc_resource_tracker*))

/// The loaded library: one member per function (without the LLVM prefix), its file and version.
struct llvm_api {
#define LATHE_LLVM_MEMBER(name, result_type, parameters) result_type(*name) parameters = nullptr;
  LATHE_LLVM_FUNCTIONS(LATHE_LLVM_MEMBER)
#undef LATHE_LLVM_MEMBER

  std::string library;  ///< name it was opened by
  int version = 0;      ///< LLVM major version, 15 to 19

  /// The process's libLLVM, opened at the first call (about 11 ms) and never closed.
  ///
  /// Tries $LATHE_LIBLLVM (alone, if set), then the usual names from version 19 down to 15.
  /// @error E301 no library found, E302 the library is of another version
  static result<const llvm_api*> load();

  /// False once the process is exiting and LLVM's own static objects may be gone. Handles that are
  /// still alive then (kernels in static variables) are left to the operating system.
  static bool alive();
};

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/llvm_api.ipp>
#endif
