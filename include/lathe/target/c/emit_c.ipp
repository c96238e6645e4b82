/// @file
/// Bodies of emit_c.hpp.
#pragma once

#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/plan_of.hpp>
#include <lathe/target/c/c_text.hpp>
#include <lathe/target/c/emit_c.hpp>

#include <string_view>

namespace lathe {
namespace detail {

/// Writes the statements of one nest.
class c_emitter {
 public:
  c_emitter(const ir::nest& nest, const c_options& options)
      : nest_(nest), options_(options), text_(nest, c_dialect{}), offsets_(scratch_offsets(nest)) {}

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
  void line(const std::string& text) {
    code_.append(static_cast<std::size_t>(2 * depth_), ' ');
    code_ += text;
    code_ += '\n';
  }

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

  /// True if every store below addresses another element in every iteration.
  bool stores_follow(const sequence<ir::stmt>& list, ir::expr variable) const {
    for (const ir::stmt each : list) {
      const ir::statement& at = nest_[each];
      if (at.what == ir::stmt_kind::store && !nest_.exprs.depends_on(at.index, variable))
        return false;
      if (!stores_follow(at.children, variable)) return false;
    }
    return true;
  }

  // ---------------------------------------------------------------- functions

  /// Buffers that a phase touches.
  void touched(ir::stmt handle, flat_set<std::int32_t>& out) const {
    const ir::statement& at = nest_[handle];
    if (at.buffer != ir::none) out.insert(at.buffer);
    flat_set<ir::expr> seen;
    for (const ir::expr each : {at.extent, at.condition, at.index, at.value})
      touched_by(each, seen, out);
    for (const ir::stmt child : at.children) touched(child, out);
  }

  void touched_by(ir::expr handle, flat_set<ir::expr>& seen, flat_set<std::int32_t>& out) const {
    if (handle == ir::none || !seen.insert(handle)) return;
    const ir::node& at = nest_.exprs[handle];
    if (at.what == ir::kind::load) out.insert(static_cast<std::int32_t>(at.imm));
    for (const ir::term& each : nest_.exprs.terms(handle)) touched_by(each.atom, seen, out);
    for (const ir::expr each : nest_.exprs.args(handle)) touched_by(each, seen, out);
    for (const ir::expr each : {at.a, at.b, at.c}) touched_by(each, seen, out);
  }

  const ir::buffer& buffer(std::int32_t index) const {
    return nest_.buffers[static_cast<std::size_t>(index)];
  }

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
    flat_set<std::int32_t> used;
    touched(phase.body, used);
    bool scratch = false;
    for (const std::int32_t index : used) {
      const ir::buffer& of = buffer(index);
      const std::string& name = text_.buffer_name(index);
      const std::string type = pointer(of);
      if (of.where == ir::scope::registers) {
        line(text_.type_name(of.type) + (" " + name) + "[" + std::to_string(of.elements) +
             "] = {0};");
      } else if (of.where == ir::scope::scratch) {
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

  void statement(ir::stmt handle) {
    const ir::statement& at = nest_[handle];
    switch (at.what) {
      case ir::stmt_kind::block:
        for (const ir::stmt child : at.children) statement(child);
        break;
      case ir::stmt_kind::loop: loop(at); break;
      case ir::stmt_kind::branch:
        define(at.condition);
        branch(at);
        break;
      case ir::stmt_kind::store:
        define(at.value);
        line(element(at) + " = " + text_.expression(at.value) + ";");
        break;
      case ir::stmt_kind::prefetch:
        prefetches_ = true;
        define(at.index);
        line("PREFETCH(&" + element(at) + ");");
        break;
    }
  }

  /// Writes the definitions of what an expression uses more than once.
  void define(ir::expr value) {
    for (const std::string& each : text_.temporaries(value)) line(each);
  }

  std::string element(const ir::statement& at) {
    return text_.buffer_name(at.buffer) + "[" + text_.expression(at.index) + "]";
  }

  void branch(const ir::statement& at) {
    line("if (" + text_.expression(at.condition) + ") {");
    ++depth_;
    statement(at.children[0]);
    --depth_;
    if (at.children.size() > 1) {
      line("} else {");
      ++depth_;
      statement(at.children[1]);
      --depth_;
    }
    line("}");
  }

  void loop(const ir::statement& at) {
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

  void loop_text(const ir::statement& at, const std::string& first, const std::string& last) {
    const std::string& name = text_.variable_name(at.variable);
    line("for (int64_t " + name + " = " + first + "; " + name + " < " + last + "; ++" + name +
         ") {");
    ++depth_;
    for (const ir::stmt child : at.children) statement(child);
    --depth_;
    line("}");
  }

  const ir::nest& nest_;
  const c_options& options_;
  c_text text_;
  sequence<std::int64_t> offsets_;
  std::string code_;
  int depth_ = 0;
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
