/// @file
/// Bodies of emit_c.hpp.
#pragma once

#include <lathe/core/sequence.hpp>
#include <lathe/lower/plan_of.hpp>
#include <lathe/target/c/c_statements.hpp>
#include <lathe/target/c/emit_c.hpp>

#include <string_view>

namespace lathe {
namespace detail {

/// Writes one nest as C.
class c_emitter : c_statements {
 public:
  c_emitter(const ir::nest& nest, const c_options& options)
      : c_statements(nest, c_dialect{}), options_(options), offsets_(scratch_offsets(nest)) {}

  std::string emit() {
    for (const ir::phase& phase : nest_.phases) function(phase);
    if (options_.driver) driver();
    std::string out =
        "#include <math.h>\n#include <stdbool.h>\n#include <stdint.h>\n#include <stdlib.h>\n\n";
    out += hints();
    const std::string functions = text_.functions();
    if (!functions.empty()) out += functions + "\n";
    return out + code_;
  }

 private:
  // ---------------------------------------------------------------- loop hints

  /// Clang has none of these and warns about its own where it cannot follow them.
  std::string hints() const {
    std::string out;
    if (unrolls_ || vectorizes_) {
      out += "#if defined(__GNUC__) && !defined(__clang__)\n#define PRAGMA(text) _Pragma(#text)\n";
      if (unrolls_) out += "#define UNROLL(count) PRAGMA(GCC unroll count)\n";
      if (vectorizes_) out += "#define INDEPENDENT PRAGMA(GCC ivdep)\n";
      out += "#else\n";
      if (unrolls_) out += "#define UNROLL(count)\n";
      if (vectorizes_) out += "#define INDEPENDENT\n";
      out += "#endif\n";
    }
    if (prefetches_)
      out +=
          "#if defined(__GNUC__)\n#define PREFETCH(address) __builtin_prefetch(address)\n#else\n"
          "#define PREFETCH(address) ((void)(address))\n#endif\n";
    return out.empty() ? out : out + "\n";
  }

  // ---------------------------------------------------------------- functions

  /// "const float*" for inputs, "float*" for what may be written.
  std::string pointer(const ir::buffer& of) const {
    const bool input = of.where == ir::scope::param && !of.output;
    return std::string(input ? "const " : "") + text_.type_name(of.type) + "*";
  }

  void function(const ir::phase& phase) {
    const ir::statement& body = nest_[phase.body];
    if (!code_.empty()) code_ += '\n';
    if (phase.parallel)
      line("// " + std::to_string(phase.tasks) +
           " tasks: any ranges [begin, end) at the same time.");
    if (phase.bind_only) line("// Depends on bound arguments only.");
    line("void " + options_.prefix + phase.name +
         "(void* const* buffers, void* scratch, int64_t begin, int64_t end) {");
    ++depth_;
    bool scratch = false;
    for (const std::int32_t index : touched(phase.body)) {
      const ir::buffer& of = buffer(index);
      const std::string& name = text_.buffer_name(index);
      const std::string type = pointer(of);
      if (of.where == ir::scope::registers) {
        line(text_.type_name(of.type) + (" " + name) + "[" + std::to_string(of.elements) +
             "] = {0};");
      } else if (ir::is_private(of.where)) {
        scratch = true;
        line(type + " restrict " + name + " = (" + type + ")((char*)scratch + " +
             std::to_string(offsets_[static_cast<std::size_t>(index)]) + ");");
      } else {
        line(type + " restrict " + name + " = buffers[" + std::to_string(index) + "];");
      }
    }
    if (!scratch) line("(void)scratch;");
    if (phase.parallel) {
      loop_text(body, "begin", "end");
    } else {
      line("(void)begin;");
      line("(void)end;");
      statement(phase.body);
    }
    --depth_;
    line("}");
  }

  void driver() {
    std::string parameters;
    std::string table;
    std::string pointers;
    sequence<std::string> allocated;
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at) {
      const ir::buffer& of = nest_.buffers[at];
      const std::string& name = text_.buffer_name(static_cast<std::int64_t>(at));
      if (of.where == ir::scope::param) {
        parameters += parameters.empty() ? "" : ", ";
        parameters += of.scalar ? text_.type_name(of.type) : pointer(of);
        parameters += " " + name;
      }
      if (of.where == ir::scope::workspace) allocated.push_back(name);
      if (of.where == ir::scope::param || of.where == ir::scope::workspace) {
        table += table.empty() ? "" : ", ";
        table += of.where == ir::scope::workspace || of.output ? name
                 : of.scalar                                   ? "(void*)&" + name
                                                               : "(void*)" + name;
      }
    }
    code_ += '\n';
    line("void " + c_driver_name(nest_, options_) + "(" + parameters + ") {");
    ++depth_;
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at) {
      const ir::buffer& of = nest_.buffers[at];
      if (of.where == ir::scope::workspace)
        line("void* " + text_.buffer_name(static_cast<std::int64_t>(at)) +
             allocation(of.elements * size_of(of.type)));
    }
    const std::int64_t scratch_bytes = plan_of(nest_).scratch_bytes;
    if (scratch_bytes > 0) {
      line("void* scratch" + allocation(scratch_bytes));
      allocated.push_back("scratch");
    }
    std::string missing;
    for (const std::string& each : allocated)
      missing += (missing.empty() ? "" : " || ") + each + " == NULL";
    if (!missing.empty()) line("if (" + missing + ") abort();");
    line("void* const buffers[] = {" + table + "};");
    for (const ir::phase& phase : nest_.phases)
      line(options_.prefix + phase.name + "(buffers, " + (scratch_bytes > 0 ? "scratch" : "NULL") +
           ", 0, " + std::to_string(phase.tasks) + ");");
    for (const std::string& each : allocated) line("free(" + each + ");");
    --depth_;
    line("}");
  }

  static std::string allocation(std::int64_t bytes) {
    return " = aligned_alloc(" + std::to_string(buffer_alignment) + ", " +
           std::to_string(aligned_bytes(bytes)) + ");";
  }

  // ---------------------------------------------------------------- statements

  void prefetch(const ir::statement& at) override {
    prefetches_ = true;
    define(at.index);
    line("PREFETCH(&" + element(at) + ");");
  }

  void loop(const ir::statement& at) override {
    define(at.extent);
    if (ir::is_written_out(at.how)) {
      unrolls_ = true;
      line("UNROLL(" + std::to_string(nest_.exprs.variable_of(at.variable).extent) + ")");
    } else if (at.how == ir::loop_kind::vectorized && stores_follow(at.children, at.variable)) {
      vectorizes_ = true;
      line("INDEPENDENT");
    }
    loop_text(at, "0", text_.expression(at.extent, true));
  }

  const c_options& options_;
  sequence<std::int64_t> offsets_;
  bool unrolls_ = false, vectorizes_ = false, prefetches_ = false;
};

}  // namespace detail

LATHE_INLINE std::string emit_c(const ir::nest& nest, const c_options& options) {
  return detail::c_emitter(nest, options).emit();
}

LATHE_INLINE std::string c_driver_name(const ir::nest& nest, const c_options& options) {
  c_identifiers names;
  for (const ir::phase& phase : nest.phases) names.make(options.prefix + phase.name);
  return names.make(nest.name);
}

}  // namespace lathe
