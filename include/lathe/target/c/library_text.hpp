/// @file
/// The files around exported kernels that make them a C library: header, source with the calls,
/// Fortran module, CMake script. In: plans of the same operator compiled for several instruction
/// sets. Out: text that compilers of C11 and Fortran 2003 accept. Pure; the kernels themselves come
/// from emit_c.hpp or as object files.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/target/plan.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// A parameter as callers see it.
struct library_parameter {
  std::string name;  ///< C identifier
  dtype type{};
  sequence<std::int64_t> shape;  ///< row-major; empty for scalars
  bool scalar = false;           ///< passed by value
  bool output = false;
  bool bound = false;   ///< given once to NAME_bind()
  bool copied = false;  ///< bound, and read by calls as it was given

  /// [bytes]
  LATHE_INLINE std::int64_t bytes() const;
};

/// The operator compiled for one instruction set.
struct library_variant {
  cpu_target target;  ///< the set and the dot products that the processor must have
  kernel_plan plan;   ///< symbols of phases as exported
  std::string about;  ///< one line: which schedule this is
};

/// Everything that the texts say.
struct c_library {
  std::string name;     ///< of the function, a C identifier
  std::string summary;  ///< lines about the operator
  sequence<library_parameter> parameters;
  sequence<library_variant> variants;  ///< the most demanding first
  bool from_source = false;            ///< kernels are NAME_SET.c, not NAME_SET.o
  bool uses_libmvec = false;

  /// True if callers bind operands first.
  LATHE_INLINE bool binds() const;
  /// "gemm_avx512": stem of a variant's file, prefix of its symbols with an underscore behind it.
  LATHE_INLINE std::string stem_of(const library_variant& of) const;
};

/// What an instruction set is made of, by the names that compilers, LLVM and
/// __builtin_cpu_supports() share: "avx2", "fma", ... Nothing for sse2, which every x86-64
/// processor has.
LATHE_INLINE sequence<std::string> processor_features(isa set);

/// NAME.h: `int NAME(...)` in the operator's order of parameters; with bound operands NAME_bind()
/// and NAME_release() besides; NAME_variant() and NAME_use().
LATHE_INLINE std::string library_header(const c_library& of);

/// NAME.c: chooses the variant for the processor, keeps memory between calls, runs the phases, in
/// parallel where it is compiled with OpenMP.
LATHE_INLINE std::string library_source(const c_library& of);

/// NAME.f90: module NAME_module with the same functions.
LATHE_INLINE std::string library_fortran(const c_library& of);

/// NAME.cmake: `include()` it for a target NAME.
LATHE_INLINE std::string library_cmake(const c_library& of);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/c/library_text.ipp>
#endif
