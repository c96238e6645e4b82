/// @file
/// Kernels for machines without a JIT. In: an operator and the schedules that were found for it.
/// Out: files of a C library: compiled objects (or C source) for one or several instruction sets,
/// among which the library chooses at run time, a header, a Fortran module and a CMake script. What
/// is linked with them needs neither lathe nor LLVM.
#pragma once

#include <lathe/api/kernel.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/schedule/trace.hpp>

#include <string>

namespace lathe {

/// What the kernels are written as.
enum class export_form : unsigned char {
  object,  ///< object files for x86-64 Linux, as fast as here
  source   ///< C11, as fast as the C compiler makes it
};

/// Choices for save().
struct export_options {
  std::string name{};  ///< of the function in C, and of the files; the operator's
  export_form form = export_form::object;
  /// Instruction sets to make variants for; none: all, so that every x86-64 processor can run it
  sequence<isa> sets{};
};

/// A file to be written.
struct exported_file {
  std::string name;
  std::string bytes;
};

/// The library.
struct exported_kernel {
  sequence<exported_file> files;
  sequence<std::string> notes;  ///< per variant: which schedule it has
};

/// Makes the files. A variant for the set of `request` has the schedule `own`; the others have what
/// tuning with LATHE_TARGET set to them has stored, and the analytic schedule where nothing was.
/// @error LATHE-E530 the name is no C identifier; E3xx no code generator; E2xx `own` is illegal
LATHE_INLINE result<exported_kernel> export_description(const desc_view& desc, const trace& own,
                                                        const tuning_request& request,
                                                        const export_options& options = {});

/// Writes them into a folder, which is made. A file is replaced as a whole or not at all.
/// @error LATHE-E531 the folder or a file cannot be written
LATHE_INLINE result<bool> write_files(const exported_kernel& of, const std::string& folder);

/// Saves a tuned kernel as a C library: NAME.h, NAME.c, NAME.f90, NAME.cmake and a file per
/// variant. Bound operands are given to NAME_bind() there.
/// @error as above
template <class Operation, class Bound>
result<exported_kernel> try_save(const kernel<Operation, Bound>& of, const std::string& folder,
                                 const export_options& options = {}) {
  const kernel_core& core = of.core();
  auto made = export_description(core.desc(), core.how().steps, core.request(), options);
  if (!made) return made.error();
  const result<bool> written = write_files(*made, folder);
  if (!written) return written.error();
  return made;
}

/// try_save(), or its error raised.
template <class Operation, class Bound>
exported_kernel save(const kernel<Operation, Bound>& of, const std::string& folder,
                     const export_options& options = {}) {
  return try_save(of, folder, options).value();
}

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/export.ipp>
#endif
