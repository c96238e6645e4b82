/// @file
/// Tensor cores: a loop over 8 terms of f32 (as TF32) or 16 of f16 or bf16, around two rows and two
/// columns of a thread, is one matrix instruction of a warp. In: a loop of kind `tensor`. Out:
/// lines of code, or the loop as straight code where its form is another. The base of the emitter
/// of CUDA; included by the bodies of emit_cuda.hpp alone.
///
/// The instruction (PTX ISA, "Matrix Fragments for mma.m16n8k8" and k16): thread 4 g + q of a warp
/// holds the results (g, 2q), (g, 2q + 1), (g + 8, 2q), (g + 8, 2q + 1); of the left operand the
/// rows g and g + 8 at the terms q and q + 4 (of two bytes: 2q, 2q + 1 and those + 8), of the right
/// one the same terms of column g.
#pragma once

#include <lathe/target/cuda/cuda_copies.hpp>

namespace lathe::detail {

/// Writes matrix instructions.
class cuda_tensors : protected cuda_copies {
 protected:
  using cuda_copies::cuda_copies;

  /// What a matrix instruction needs to know of a loop.
  struct matrix_product {
    const ir::statement* rows = nullptr;     ///< loop over g and g + 8
    const ir::statement* columns = nullptr;  ///< loop over 2q and 2q + 1
    const ir::statement* store = nullptr;
    ir::expr left = ir::none, right = ir::none;  ///< loads
  };

  /// Writes a loop of kind `tensor` as one instruction. False if its form is another.
  bool tensor_loop(const ir::statement& at) {
    matrix_product of;
    if (!is_product(at, of)) return false;
    const bool halves = extent_of(at) == 16;
    const std::string group = text_.variable_name(thread_variables_[thread_variables_.size() - 2]);
    const std::string quad = text_.variable_name(thread_variables_.back());
    const auto term = [&](int part, int half) {  // the terms that registers hold
      return halves ? "(2*" + quad + " + " + std::to_string(8 * part + half) + ")"
                    : "(" + quad + " + " + std::to_string(4 * part) + ")";
    };
    const auto element = [&](ir::expr load, int part) {
      const auto one = [&](int half) {
        const std::string before = text_.rename_variable(at.variable, term(part, half));
        const std::string text = text_.expression(load, true);
        text_.rename_variable(at.variable, before);
        return text;
      };
      if (!halves) return "lathe_to_tf32(" + one(0) + ")";
      return "(unsigned)" + one(0) + " | (unsigned)" + one(1) + " << 16";
    };
    text_.forget_temporaries();
    open("");
    line("unsigned left[4], right[2];");
    for (int part = 0; part < 2; ++part)
      for (int row = 0; row < 2; ++row) {
        const std::string before = text_.rename_variable(of.rows->variable, std::to_string(row));
        line("left[" + std::to_string(2 * part + row) + "] = " + element(of.left, part) + ";");
        text_.rename_variable(of.rows->variable, before);
      }
    const std::string column = text_.rename_variable(of.columns->variable, "(" + group + " % 2)");
    text_.rename_variable(thread_variables_.back(), "(" + group + " / 2)");
    for (int part = 0; part < 2; ++part) {
      // The terms are still those of the thread's own place in its group of four.
      std::string text = element(of.right, part);
      line("right[" + std::to_string(part) + "] = " + text + ";");
    }
    text_.rename_variable(thread_variables_.back(), quad);
    text_.rename_variable(of.columns->variable, "0");
    const std::string row = text_.rename_variable(of.rows->variable, "0");
    const std::string sums =
        text_.buffer_name(of.store->buffer) + "[" + text_.expression(of.store->index) + "]";
    text_.rename_variable(of.columns->variable, column);
    text_.rename_variable(of.rows->variable, row);
    const dtype type = nest_.exprs[of.left].type;
    line((halves ? std::string("lathe_mma_m16n8k16_") + name_of(type) : "lathe_mma_m16n8k8_tf32") +
         "(reinterpret_cast<float (&)[4]>(" + sums + "), left, right);");
    close();
    return true;
  }

 private:
  bool is_product(const ir::statement& at, matrix_product& of) const {
    const ir::pool& exprs = nest_.exprs;
    if (!nest_.exprs.is_constant(at.extent) || shared_conditions_ > 0) return false;
    const std::int64_t terms = exprs.constant_value(at.extent);
    of.rows = pair_in(at);
    of.columns = of.rows == nullptr ? nullptr : pair_in(*of.rows);
    if (of.columns == nullptr || of.columns->children.size() != 1) return false;
    of.store = &nest_[of.columns->children[0]];
    if (of.store->what != ir::stmt_kind::store ||
        buffer(of.store->buffer).where != ir::scope::registers)
      return false;
    // A warp is 8 x 4 threads, and all of it is there.
    const std::size_t depth = thread_variables_.size();
    if (depth < 2 || available_ != 1 || threads_ % 32 != 0 ||
        exprs.variable_of(thread_variables_[depth - 1]).extent != 4 ||
        exprs.variable_of(thread_variables_[depth - 2]).extent != 8)
      return false;
    const ir::node& sum = exprs[of.store->value];
    if (sum.what != ir::kind::binary || sum.fn != opcode::add || sum.type != dtype::f32)
      return false;
    for (const auto& [before, product] : {std::pair{sum.a, sum.b}, std::pair{sum.b, sum.a}}) {
      const ir::node& old = exprs[before];
      const ir::node& factors = exprs[product];
      if (old.what != ir::kind::load || old.imm != of.store->buffer ||
          exprs.args(before)[0] != of.store->index || factors.what != ir::kind::binary ||
          factors.fn != opcode::mul)
        continue;
      return find_operands(at, factors.a, factors.b, terms, of) ||
             find_operands(at, factors.b, factors.a, terms, of);
    }
    return false;
  }

  /// The loop of two iterations that is all there is in a loop.
  const ir::statement* pair_in(const ir::statement& at) const {
    if (at.children.size() != 1) return nullptr;
    const ir::statement& inner = nest_[at.children[0]];
    const bool pair = inner.what == ir::stmt_kind::loop && nest_.exprs.is_constant(inner.extent) &&
                      nest_.exprs.constant_value(inner.extent) == 2 &&
                      (ir::is_written_out(inner.how) || inner.how == ir::loop_kind::vectorized);
    return pair ? &inner : nullptr;
  }

  bool find_operands(const ir::statement& at, ir::expr left, ir::expr right, std::int64_t terms,
                     matrix_product& of) const {
    const ir::pool& exprs = nest_.exprs;
    const auto load_of = [&](ir::expr value) {
      const ir::node& node = exprs[value];
      const bool half = node.what == ir::kind::cast && exprs[node.a].what == ir::kind::load &&
                        is_half(exprs[node.a].type);
      if (half && terms == 16) return node.a;
      return node.what == ir::kind::load && node.type == dtype::f32 && terms == 8 ? value
                                                                                  : ir::none;
    };
    of.left = load_of(left);
    of.right = load_of(right);
    if (of.left == ir::none || of.right == ir::none || exprs[of.left].type != exprs[of.right].type)
      return false;
    const ir::expr group = thread_variables_[thread_variables_.size() - 2];
    const ir::expr quad = thread_variables_.back();
    const auto moves = [&](ir::expr load, ir::expr variable) {
      return exprs.depends_on(load, variable);
    };
    return moves(of.left, of.rows->variable) && moves(of.left, group) &&
           !moves(of.left, of.columns->variable) && !moves(of.left, quad) &&
           moves(of.right, of.columns->variable) && moves(of.right, quad) &&
           !moves(of.right, of.rows->variable) && !moves(of.right, group) &&
           moves(of.left, at.variable) && moves(of.right, at.variable);
  }
};

}  // namespace lathe::detail
