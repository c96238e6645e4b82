/// @file
/// Bodies of library_text.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/c/c_text.hpp>
#include <lathe/target/c/library_text.hpp>
#include <lathe/version.hpp>

#include <string_view>

namespace lathe {

LATHE_INLINE std::int64_t library_parameter::bytes() const {
  std::int64_t count = size_of(type);
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

LATHE_INLINE bool c_library::binds() const {
  return any_of(parameters, [](const library_parameter& each) { return each.bound; });
}

LATHE_INLINE std::string c_library::stem_of(const library_variant& of) const {
  return name + "_" + name_of(of.target.set);
}

LATHE_INLINE sequence<std::string> processor_features(isa set) {
  if (set == isa::sse2) return {};
  if (set == isa::avx2) return {"avx2", "fma"};
  return {"avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"};
}

namespace detail {

/// `text` with every `from` replaced.
LATHE_INLINE std::string with(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// "written by lathe 0.1.0".
LATHE_INLINE std::string origin_line() {
  return "written by lathe " + std::to_string(LATHE_VERSION_MAJOR) + "." +
         std::to_string(LATHE_VERSION_MINOR) + "." + std::to_string(LATHE_VERSION_PATCH);
}

/// "const float* A" or "float alpha".
LATHE_INLINE std::string declaration(const library_parameter& of) {
  if (of.scalar) return std::string(c_type_name(of.type)) + " " + of.name;
  return std::string(of.output ? "" : "const ") + c_type_name(of.type) + "* " + of.name;
}

/// "const float[64][32], row-major".
LATHE_INLINE std::string shape_text(const library_parameter& of) {
  std::string out = std::string(of.output ? "" : "const ") + c_type_name(of.type);
  for (const std::int64_t extent : of.shape) out += "[" + std::to_string(extent) + "]";
  if (of.type == dtype::bf16) out += ", the upper halves of floats";
  if (of.type == dtype::f16) out += ", the bits of IEEE binary16";
  return out;
}

/// Declarations of the parameters with or without those bound, after `first`.
LATHE_INLINE std::string declarations(const c_library& of, bool bound, std::string first = "") {
  for (const library_parameter& each : of.parameters)
    if (each.bound == bound) first += (first.empty() ? "" : ", ") + declaration(each);
  return first.empty() ? "void" : first;
}

/// "int gemm(const float* A, const float* B, float* C)".
LATHE_INLINE std::string call_signature(const c_library& of) {
  return "int " + of.name + "(" +
         declarations(of, false, of.binds() ? "const " + of.name + "_bound* bound" : "") + ")";
}

LATHE_INLINE std::string bind_signature(const c_library& of) {
  return of.name + "_bound* " + of.name + "_bind(" + declarations(of, true) + ")";
}

/// What a processor must have, as a C condition.
LATHE_INLINE std::string condition_of(const cpu_target& target) {
  sequence<std::string> needed = processor_features(target.set);
  if (target.dot_u8i8 && target.set == isa::avx512) needed.push_back("avx512vnni");
  if (target.dot_bf16) needed.push_back("avx512bf16");
  std::string out;
  for (const std::string& each : needed)
    out += (out.empty() ? "" : " && ") + ("__builtin_cpu_supports(\"" + each + "\")");
  return out.empty() ? "1" : out;
}

/// Buffers and phases of one variant as C tables.
LATHE_INLINE std::string variant_tables(const c_library& of, const library_variant& variant) {
  const std::string stem = of.stem_of(variant);
  std::string buffers, phases, prototypes;
  std::int64_t parameter = 0, workspace = 0, packed = 0;
  for (const plan_buffer& each : variant.plan.buffers) {
    const std::int64_t bytes = aligned_bytes(each.bytes());
    std::int64_t& offset = each.bound ? packed : workspace;
    const std::int64_t at = each.param ? parameter++ : offset;
    if (!each.param) offset += bytes;
    buffers += std::string("    {") +
               (each.param   ? "PARAMETER"
                : each.bound ? "PACKED"
                             : "WORKSPACE") +
               ", " + std::to_string(at) + "},  // " + each.name + "\n";
  }
  for (const plan_phase& each : variant.plan.phases) {
    prototypes += "phase_function " + each.symbol + ";\n";
    phases += "    {" + each.symbol + ", " + std::to_string(each.tasks) + ", " +
              (each.parallel ? "1" : "0") + ", " + (each.bind_only ? "1" : "0") + "},\n";
  }
  return prototypes + "static const struct buffer " + stem + "_buffers[] = {\n" + buffers +
         "};\nstatic const struct phase " + stem + "_phases[] = {\n" + phases +
         "};\nstatic int fits_" + stem + "(void) { return " + condition_of(variant.target) +
         "; }\n\n";
}

/// The variant in the table of variants.
LATHE_INLINE std::string variant_entry(const c_library& of, const library_variant& variant) {
  std::int64_t workspace = 0, packed = 0;
  for (const plan_buffer& each : variant.plan.buffers)
    if (!each.param) (each.bound ? packed : workspace) += aligned_bytes(each.bytes());
  const std::string stem = of.stem_of(variant);
  return "    {\"" + std::string(name_of(variant.target.set)) + "\", fits_" + stem + ", " + stem +
         "_buffers, " + std::to_string(variant.plan.buffers.size()) + ", " + stem + "_phases, " +
         std::to_string(variant.plan.phases.size()) + ", " +
         std::to_string(aligned_bytes(variant.plan.scratch_bytes)) + ", " +
         std::to_string(workspace) + ", " + std::to_string(packed) + "},\n";
}

/// What does not depend on the operator. What stands between @ is replaced.
inline constexpr std::string_view library_frame_types =
    "#include \"@NAME@.h\"\n\n#include <errno.h>\n#include <stdatomic.h>\n#include <stdint.h>\n"
    "#include <stdlib.h>\n#include <string.h>\n#ifdef _OPENMP\n#include <omp.h>\n#endif\n"
    R"(
// A step of a call: executes tasks [begin, end). Steps follow each other.
typedef void phase_function(void* const* buffers, void* scratch, int64_t begin, int64_t end);

enum place { PARAMETER, PACKED, WORKSPACE };
struct buffer {
  enum place where;
  int64_t at;  // number of the parameter; otherwise bytes from the beginning
};
struct phase {
  phase_function* run;
  int64_t tasks;
  int parallel;  // its tasks may run at the same time
  int binds;     // packs bound operands
};
struct variant {
  const char* name;
  int (*fits)(void);
  const struct buffer* buffers;
  int buffer_count;
  const struct phase* phases;
  int phase_count;
  int64_t scratch_bytes;    // per thread
  int64_t workspace_bytes;  // per call
  int64_t packed_bytes;
};

)";

inline constexpr std::string_view library_frame_calls = R"(
static _Atomic(const struct variant*) chosen;

// The first variant that this processor can run.
static const struct variant* choose(void) {
  const struct variant* found = atomic_load(&chosen);
  for (size_t at = 0; found == NULL && at < sizeof variants / sizeof *variants; ++at)
    if (variants[at].fits()) found = &variants[at];
  atomic_store(&chosen, found);
  return found;
}

const char* @NAME@_variant(void) {
  const struct variant* found = choose();
  return found == NULL ? "none" : found->name;
}

int @NAME@_use(const char* name) {
  for (size_t at = 0; at < sizeof variants / sizeof *variants; ++at)
    if (strcmp(variants[at].name, name) == 0 && variants[at].fits()) {
      atomic_store(&chosen, &variants[at]);
      return 0;
    }
  return ENOSYS;
}

// Memory of a call. One block is kept for the next call; calls at the same time make their own.
enum { ALIGNMENT = 64 };
static _Atomic(char*) idle;  // its first 8 bytes: how large it is

static char* take_memory(int64_t bytes) {
  char* block = atomic_exchange(&idle, (char*)NULL);
  int64_t has = 0;
  if (block != NULL) memcpy(&has, block, sizeof has);
  if (block != NULL && has >= bytes) return block;
  free(block);
  block = aligned_alloc(ALIGNMENT, (size_t)(ALIGNMENT + bytes));
  if (block != NULL) memcpy(block, &bytes, sizeof bytes);
  return block;
}

static void give_back(char* block) { free(atomic_exchange(&idle, block)); }

static void run_phase(const struct phase* phase, void* const* buffers, char* scratch,
                      int64_t scratch_bytes, int threads) {
#ifdef _OPENMP
  if (phase->parallel && threads > 1 && phase->tasks > 1) {
    // Several ranges per thread: one that is interrupted does not hold up the others.
    int64_t grain = phase->tasks / (8 * (int64_t)threads);
    if (grain < 1) grain = 1;
    const int64_t ranges = (phase->tasks + grain - 1) / grain;
#pragma omp parallel num_threads(threads)
    {
      char* const own = scratch + scratch_bytes * omp_get_thread_num();
#pragma omp for schedule(dynamic)
      for (int64_t range = 0; range < ranges; ++range) {
        const int64_t begin = range * grain;
        const int64_t end = begin + grain < phase->tasks ? begin + grain : phase->tasks;
        phase->run(buffers, own, begin, end);
      }
    }
    return;
  }
#else
  (void)scratch_bytes;
  (void)threads;
#endif
  phase->run(buffers, scratch, 0, phase->tasks);
}

// Runs the phases that bind, or those of a call.
static int run(const struct variant* of, void* const* parameters, char* packed, int binds) {
  int threads = 1;
#ifdef _OPENMP
  threads = omp_get_max_threads();
#endif
  char* const block = take_memory(of->scratch_bytes * threads + of->workspace_bytes);
  if (block == NULL) return ENOMEM;
  char* const scratch = block + ALIGNMENT;
  char* const workspace = scratch + of->scratch_bytes * threads;
  void* buffers[@BUFFERS@];
  for (int n = 0; n < of->buffer_count; ++n) {
    const struct buffer* each = &of->buffers[n];
    if (each->where == PARAMETER) buffers[n] = parameters[each->at];
    if (each->where == PACKED) buffers[n] = packed + each->at;
    if (each->where == WORKSPACE) buffers[n] = workspace + each->at;
  }
  for (int n = 0; n < of->phase_count; ++n)
    if (of->phases[n].binds == binds)
      run_phase(&of->phases[n], buffers, scratch, of->scratch_bytes, threads);
  give_back(block);
  return 0;
}
)";

/// How a parameter gets into the table of addresses.
LATHE_INLINE std::string address_of(const library_parameter& of) {
  return of.scalar ? "(void*)&" + of.name : of.output ? of.name : "(void*)" + of.name;
}

/// The functions with the operator's parameters, without bound operands.
LATHE_INLINE std::string plain_functions(const c_library& of) {
  std::string table;
  for (const library_parameter& each : of.parameters)
    table += (table.empty() ? "" : ", ") + address_of(each);
  return "\n" + call_signature(of) + " {\n  const struct variant* const of = choose();\n" +
         "  if (of == NULL) return ENOSYS;\n  void* const parameters[] = {" + table +
         "};\n  return run(of, parameters, NULL, 0);\n}\n";
}

/// The same with bound operands: they are kept, as given or packed, in one block.
LATHE_INLINE std::string bound_functions(const c_library& of) {
  std::string bind_table, call_table, copies;
  std::int64_t offset = 0;
  for (const library_parameter& each : of.parameters) {
    const std::string kept =
        each.scalar || each.copied ? "bound->kept + " + std::to_string(offset) : "NULL";
    bind_table += (bind_table.empty() ? "" : ", ") + (each.bound ? address_of(each) : "NULL");
    call_table += (call_table.empty() ? "" : ", ") +
                  (!each.bound ? address_of(each) : "(void*)(" + kept + ")");
    if (!each.bound || !(each.scalar || each.copied)) continue;
    copies += "  memcpy(" + kept + ", " + (each.scalar ? "&" : "") + each.name + ", " +
              std::to_string(each.bytes()) + ");\n";
    offset += aligned_bytes(each.bytes());
  }
  return with(R"(
struct @NAME@_bound {
  const struct variant* of;
  char* kept;    // operands that calls read as they were given
  char* packed;  // the others
};

)" + bind_signature(of) +
                  R"( {
  const struct variant* const of = choose();
  if (of == NULL) return NULL;
  char* const block = aligned_alloc(ALIGNMENT, (size_t)(ALIGNMENT + @KEPT@ + of->packed_bytes));
  if (block == NULL) return NULL;
  @NAME@_bound* const bound = (@NAME@_bound*)block;
  bound->of = of;
  bound->kept = block + ALIGNMENT;
  bound->packed = bound->kept + @KEPT@;
)" + copies + "  void* const parameters[] = {" +
                  bind_table + R"(};
  if (run(of, parameters, bound->packed, 1) == 0) return bound;
  free(block);
  return NULL;
}

void @NAME@_release(@NAME@_bound* bound) { free(bound); }

)" + call_signature(of) +
                  " {\n  void* const parameters[] = {" + call_table +
                  "};\n  return run(bound->of, parameters, bound->packed, 0);\n}\n",
              "@KEPT@", std::to_string(offset));
}

}  // namespace detail

LATHE_INLINE std::string library_header(const c_library& of) {
  std::string out = "// " + of.name + ": " + detail::origin_line() + ".\n//\n";
  for (std::size_t at = 0; at < of.summary.size();) {
    const std::size_t end = smaller(of.summary.find('\n', at), of.summary.size());
    out += "//   " + of.summary.substr(at, end - at) + "\n";
    at = end + 1;
  }
  out += "//\n// Variants, of which the first that the processor can run is used:\n";
  for (const library_variant& each : of.variants)
    out += std::string("//   ") + name_of(each.target.set) + ": " + each.about + "\n";
  out +=
      "#pragma once\n\n#include <stdbool.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\n"
      "extern \"C\" {\n#endif\n\n";
  if (of.binds()) {
    out +=
        "// Operands that stay the same over many calls, packed.\ntypedef struct @NAME@_bound "
        "@NAME@_bound;\n\n";
    for (const library_parameter& each : of.parameters)
      if (each.bound) out += "// " + each.name + ": " + detail::shape_text(each) + "\n";
    out +=
        "// Returns NULL if there is no memory, or no variant for this processor. Release it "
        "with\n// @NAME@_release(); what it was given is no longer needed.\n" +
        detail::bind_signature(of) + ";\nvoid @NAME@_release(@NAME@_bound* bound);\n\n";
  }
  for (const library_parameter& each : of.parameters)
    if (!each.bound) out += "// " + each.name + ": " + detail::shape_text(each) + "\n";
  out +=
      "// Arrays are dense and row-major, and outputs overlap nothing. Returns 0, ENOMEM, or "
      "ENOSYS if\n// there is no variant for this processor. May be called by several threads "
      "at once; uses those of\n// OpenMP if it was compiled with it.\n" +
      detail::call_signature(of) +
      ";\n\n// The variant in use: \"avx512\", \"avx2\", \"sse2\", or \"none\".\n"
      "const char* @NAME@_variant(void);\n\n// Uses another one from now on. Returns 0, or "
      "ENOSYS if there is none of this name that the\n// processor can run.\n"
      "int @NAME@_use(const char* name);\n\n#ifdef __cplusplus\n}\n#endif\n";
  return detail::with(std::move(out), "@NAME@", of.name);
}

LATHE_INLINE std::string library_source(const c_library& of) {
  std::size_t most_buffers = 1;
  std::string tables, entries;
  for (const library_variant& each : of.variants) {
    most_buffers = larger(most_buffers, each.plan.buffers.size());
    tables += detail::variant_tables(of, each);
    entries += detail::variant_entry(of, each);
  }
  std::string out = "// Calls of " + of.name + ": " + detail::origin_line() + ".\n" +
                    std::string(detail::library_frame_types) + tables +
                    "static const struct variant variants[] = {\n" + entries + "};\n" +
                    std::string(detail::library_frame_calls);
  out += of.binds() ? detail::bound_functions(of) : detail::plain_functions(of);
  out = detail::with(std::move(out), "@BUFFERS@", std::to_string(most_buffers));
  return detail::with(std::move(out), "@NAME@", of.name);
}

namespace detail {

/// The ISO_C_BINDING kind of an element type, with its Fortran type.
LATHE_INLINE std::string fortran_type(dtype type) {
  switch (type) {
    case dtype::f32: return "real(c_float)";
    case dtype::f64: return "real(c_double)";
    case dtype::boolean: return "logical(c_bool)";
    case dtype::i8:
    case dtype::u8: return "integer(c_int8_t)";
    case dtype::i32: return "integer(c_int32_t)";
    case dtype::i64: return "integer(c_int64_t)";
    default: return "integer(c_int16_t)";  // bits of a 16-bit floating-point number
  }
}

/// Names of the parameters in Fortran, where large and small letters are the same.
LATHE_INLINE sequence<std::string> fortran_names(const c_library& of) {
  sequence<std::string> taken{"bound"}, out;
  for (const library_parameter& each : of.parameters) {
    std::string small = each.name;
    for (char& letter : small)
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    while (small[0] == '_') small.erase(0, 1);
    if (small.empty()) small = "argument";
    while (contains(taken, small)) small += "_";
    taken.push_back(small);
    out.push_back(small);
  }
  return out;
}

/// The interface of one function.
/// @param of_bound  its parameters are the bound ones, otherwise the others
LATHE_INLINE std::string fortran_interface(const c_library& of, const std::string& function,
                                           bool of_bound, const std::string& returned) {
  const sequence<std::string> names = fortran_names(of);
  const bool takes_bound = of.binds() && !of_bound;
  std::string list = takes_bound ? "bound" : "", declared;
  if (takes_bound) declared += "      type(c_ptr), value :: bound\n";
  for (std::size_t at = 0; at < names.size(); ++at) {
    const library_parameter& each = of.parameters[at];
    if (each.bound != of_bound) continue;
    list += (list.empty() ? "" : ", &\n        ") + names[at];
    std::string shape;  // the first dimension varies fastest, so the order is the reverse of C's
    for (std::size_t dim = each.shape.size(); dim-- > 0;)
      shape += (shape.empty() ? "" : ", ") + std::to_string(each.shape[dim]);
    declared += "      " + fortran_type(each.type) +
                (each.scalar   ? ", value :: "
                 : each.output ? ", intent(inout) :: "
                               : ", intent(in) :: ") +
                names[at] + (shape.empty() || each.scalar ? "" : "(" + shape + ")") + "\n";
  }
  return "    function " + function + "( &\n        " + list + ") &\n        bind(C, name=\"" +
         function + "\") result(returned)\n      import\n" + declared + "      " + returned +
         " :: returned\n    end function\n";
}

}  // namespace detail

LATHE_INLINE std::string library_fortran(const c_library& of) {
  std::string out = "! " + of.name + ": " + detail::origin_line() +
                    ".\n! Arrays are C's, in which the last index varies fastest: the dimensions "
                    "are reversed here.\nmodule @NAME@_module\n  use, intrinsic :: iso_c_binding\n"
                    "  implicit none\n  interface\n";
  if (of.binds())
    out += "    ! c_null_ptr if there is no memory.\n" +
           detail::fortran_interface(of, of.name + "_bind", true, "type(c_ptr)") +
           "    subroutine @NAME@_release(bound) bind(C, name=\"@NAME@_release\")\n      import\n"
           "      type(c_ptr), value :: bound\n    end subroutine\n";
  out += "    ! 0, or an error number of C.\n" +
         detail::fortran_interface(of, of.name, false, "integer(c_int)") +
         "  end interface\nend module\n";
  return detail::with(std::move(out), "@NAME@", of.name);
}

LATHE_INLINE std::string library_cmake(const c_library& of) {
  std::string files = "\"${CMAKE_CURRENT_LIST_DIR}/@NAME@.c\"", options;
  for (const library_variant& each : of.variants) {
    const std::string file =
        "\"${CMAKE_CURRENT_LIST_DIR}/" + of.stem_of(each) + (of.from_source ? ".c\"" : ".o\"");
    files += "\n  " + file;
    if (!of.from_source) continue;
    std::string flags = "-O3";
    for (const std::string& feature : processor_features(each.target.set)) flags += ";-m" + feature;
    if (each.target.set == isa::avx512) flags += ";-mprefer-vector-width=512";
    options +=
        "set_source_files_properties(" + file + " PROPERTIES COMPILE_OPTIONS \"" + flags + "\")\n";
  }
  std::string out =
      "# @NAME@: " + detail::origin_line() +
      ". include() this file, link the target @NAME@ and include <@NAME@.h>;\n"
      "# from Fortran add @NAME@.f90 to your program. Link it with OpenMP::OpenMP_C for "
      "several threads.\nadd_library(@NAME@ STATIC\n  " +
      files + ")\n";
  if (!of.from_source)
    for (const library_variant& each : of.variants)
      out += "set_source_files_properties(\"${CMAKE_CURRENT_LIST_DIR}/" + of.stem_of(each) +
             ".o\" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)\n";
  out += options +
         "set_target_properties(@NAME@ PROPERTIES LINKER_LANGUAGE C C_STANDARD 11 "
         "C_STANDARD_REQUIRED ON\n  POSITION_INDEPENDENT_CODE ON)\n"
         "target_include_directories(@NAME@ PUBLIC \"${CMAKE_CURRENT_LIST_DIR}\")\n"
         "target_link_libraries(@NAME@ PUBLIC " +
         std::string(of.uses_libmvec ? "mvec " : "") + "m)\n";
  return detail::with(std::move(out), "@NAME@", of.name);
}

}  // namespace lathe
