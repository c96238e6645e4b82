// Developer test: the prototypes of llvm_api.hpp against LLVM's own C headers, at compile time.
// Active where headers of LLVM 15 to 19 are on the include path; otherwise it reports a skip.
#include <lathe/target/cpu/llvm_api.hpp>

#include <doctest/doctest.h>

#if __has_include(<llvm/Config/llvm-config.h>) && __has_include(<llvm-c/LLJIT.h>)
#  include <llvm/Config/llvm-config.h>
#  if LLVM_VERSION_MAJOR >= 15 && LLVM_VERSION_MAJOR <= 19
#    define LLVM_HEADERS_FOUND
#  endif
#endif

#if defined(LLVM_HEADERS_FOUND)

#  include <cstddef>
#  include <llvm-c/Analysis.h>
#  include <llvm-c/Core.h>
#  include <llvm-c/Error.h>
#  include <llvm-c/IRReader.h>
#  include <llvm-c/LLJIT.h>
#  include <llvm-c/Orc.h>
#  include <llvm-c/Target.h>
#  include <llvm-c/TargetMachine.h>
#  include <llvm-c/Transforms/PassBuilder.h>
#  include <type_traits>

namespace {

namespace llvm = lathe::native::llvm;

// LLVM's type -> the type llvm_api.hpp uses for it.
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
      using type = llvm::mine;                   \
    };
SAME_HANDLE(LLVMContextRef, context)
SAME_HANDLE(LLVMModuleRef, module)
SAME_HANDLE(LLVMMemoryBufferRef, memory_buffer)
SAME_HANDLE(LLVMDiagnosticInfoRef, diagnostic_info)
SAME_HANDLE(LLVMTargetRef, target)
SAME_HANDLE(LLVMTargetMachineRef, target_machine)
SAME_HANDLE(LLVMTargetDataRef, target_data)
SAME_HANDLE(LLVMPassBuilderOptionsRef, pass_builder_options)
SAME_HANDLE(LLVMErrorRef, error)
SAME_HANDLE(LLVMOrcLLJITRef, orc_lljit)
SAME_HANDLE(LLVMOrcLLJITBuilderRef, orc_lljit_builder)
SAME_HANDLE(LLVMOrcJITDylibRef, orc_jit_dylib)
SAME_HANDLE(LLVMOrcExecutionSessionRef, orc_execution_session)
SAME_HANDLE(LLVMOrcSymbolStringPoolRef, orc_symbol_pool)
SAME_HANDLE(LLVMOrcSymbolStringPoolEntryRef, orc_symbol)
SAME_HANDLE(LLVMOrcDefinitionGeneratorRef, orc_definition_generator)
SAME_HANDLE(LLVMOrcResourceTrackerRef, orc_resource_tracker)
SAME_HANDLE(LLVMOrcMaterializationUnitRef, orc_materialization_unit)
SAME_HANDLE(LLVMOrcCSymbolMapPairs, symbol_map_pair)
SAME_HANDLE(LLVMOrcCJITDylibSearchOrder, search_order_element)
SAME_HANDLE(LLVMOrcCLookupSet, lookup_set_element)
#  undef SAME_HANDLE

#  define CHECK_PROTOTYPE(name, result_type, parameters)                                          \
    static_assert(std::is_same_v<ours<std::remove_pointer_t<decltype(&::LLVM##name)>>::type,      \
                                 std::remove_pointer_t<decltype(lathe::native::llvm_api::name)>>, \
                  "LLVM" #name " has another prototype");
namespace lathe_scope {
using namespace lathe::native;
LATHE_LLVM_FUNCTIONS(CHECK_PROTOTYPE)
}  // namespace lathe_scope
#  undef CHECK_PROTOTYPE

static_assert(sizeof(LLVMOrcCSymbolMapPair) == sizeof(llvm::symbol_map_pair));
static_assert(offsetof(LLVMOrcCSymbolMapPair, Sym) == offsetof(llvm::symbol_map_pair, value));
static_assert(offsetof(LLVMJITEvaluatedSymbol, Flags) == offsetof(llvm::evaluated_symbol, flags));
static_assert(sizeof(LLVMOrcCJITDylibSearchOrderElement) == sizeof(llvm::search_order_element));
static_assert(sizeof(LLVMOrcCLookupSetElement) == sizeof(llvm::lookup_set_element));

static_assert(LLVMCodeGenLevelDefault == static_cast<int>(llvm::codegen_level_default));
static_assert(LLVMRelocPIC == static_cast<int>(llvm::reloc_pic));
static_assert(LLVMCodeModelSmall == static_cast<int>(llvm::code_model_small));
static_assert(LLVMAssemblyFile == static_cast<int>(llvm::assembly_file));
static_assert(LLVMObjectFile == static_cast<int>(llvm::object_file));
static_assert(LLVMReturnStatusAction == static_cast<int>(llvm::return_status_action));
static_assert(LLVMOrcLookupKindStatic == static_cast<int>(llvm::lookup_static));
static_assert(LLVMOrcJITDylibLookupFlagsMatchExportedSymbolsOnly ==
              static_cast<int>(llvm::match_exported_symbols_only));
static_assert(LLVMOrcSymbolLookupFlagsRequiredSymbol == static_cast<int>(llvm::required_symbol));
static_assert(LLVMDSError == static_cast<int>(llvm::severity_error));
static_assert(LLVMJITSymbolGenericFlagsExported == 1);
static_assert(LLVMJITSymbolGenericFlagsCallable == 4);

}  // namespace

TEST_CASE("llvm_api: prototypes equal those of <llvm-c/*.h>") {
  MESSAGE("checked at compile time against LLVM ", LLVM_VERSION_MAJOR);
}

#else

TEST_CASE("llvm_api: prototypes equal those of <llvm-c/*.h>") {
  MESSAGE("[SKIP] no headers of LLVM 15 to 19 on the include path");
}

#endif
