/// @file
/// Blocks and threads of a nest as CUDA: which loops become indices, who executes what stands
/// outside of them, where all threads of a block meet. In: statements. Out: lines of code. The base
/// of cuda_copies.hpp; included by the bodies of emit_cuda.hpp alone.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/target/c/c_statements.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace lathe::detail {

/// Writes loops over blocks and threads, and what a block does together.
class cuda_threads : protected c_statements {
 protected:
  using c_statements::c_statements;

  /// Keeps the first reason why the nest cannot be written.
  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }

  /// Most iterations of the nested loops of one kind below a statement; those of what is done
  /// together do not count: they share the threads once more.
  std::int64_t chain(ir::stmt handle, ir::loop_kind how) const {
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::together) return 1;
    std::int64_t most = 1;
    for (const ir::stmt child : at.children) most = larger(most, chain(child, how));
    return at.what == ir::stmt_kind::loop && at.how == how ? most * extent_of(at) : most;
  }

  std::int64_t extent_of(const ir::statement& loop) const {
    return nest_.exprs.variable_of(loop.variable).extent;
  }

  /// Threads that a statement keeps busy, alone or together.
  std::int64_t threads_of(ir::stmt handle) const {
    std::int64_t most = chain(handle, ir::loop_kind::thread);
    const ir::statement& at = nest_[handle];
    for (const ir::stmt child : at.children) most = larger(most, threads_of(child));
    return most;
  }

  bool contains_kind(ir::stmt handle, ir::stmt_kind what, ir::loop_kind how) const {
    const ir::statement& at = nest_[handle];
    if (at.what == what && (what != ir::stmt_kind::loop || at.how == how)) return true;
    return any_of(at.children, [&](ir::stmt child) { return contains_kind(child, what, how); });
  }
  bool has_threads(ir::stmt handle) const {
    return contains_kind(handle, ir::stmt_kind::loop, ir::loop_kind::thread) ||
           has_together(handle);
  }
  bool has_together(ir::stmt handle) const {
    return contains_kind(handle, ir::stmt_kind::together, {});
  }

  /// True if others than the own thread see what a statement stores.
  bool stores_for_others(ir::stmt handle) const {
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::store) {
      const ir::scope where = buffer(at.buffer).where;
      return where != ir::scope::registers && where != ir::scope::scratch;
    }
    return any_of(at.children, [&](ir::stmt child) { return stores_for_others(child); });
  }

  // ---------------------------------------------------------------- blocks and threads

  /// A statement where `available_` threads have not been told apart yet: what they all would
  /// store is stored by one of them.
  void body(ir::stmt handle) {
    if (available_ == 1 || has_threads(handle) || !stores_for_others(handle))
      return statement(handle);
    const std::int64_t before = available_;
    open("if (" + thread_part() + " == 0)");
    available_ = 1;
    statement(handle);
    available_ = before;
    close();
  }

  /// Index of a thread among those that are available.
  std::string thread_part() const {
    return available_ == threads_ ? "threadIdx.x" : "threadIdx.x % " + std::to_string(available_);
  }

  void block_loop(const ir::statement& at) {
    std::int64_t inner = 1;
    for (const ir::stmt child : at.children)
      inner = larger(inner, chain(child, ir::loop_kind::block));
    const std::int64_t extent = extent_of(at);
    if (!nest_.exprs.is_constant(at.extent) || extent * inner != free_blocks_)
      return refuse("its loops over blocks are not one chain of loops with constant trip counts");
    open("");
    std::string index = "blockIdx.x";
    if (free_blocks_ != blocks_) index += " % " + std::to_string(free_blocks_);
    if (inner != 1)
      index = (free_blocks_ != blocks_ ? "(" + index + ")" : index) + " / " + std::to_string(inner);
    index_variable(at, index);
    const std::int64_t before = free_blocks_;
    free_blocks_ = inner;
    for (const ir::stmt child : at.children) body(child);
    free_blocks_ = before;
    close();
  }

  void index_variable(const ir::statement& at, const std::string& value) {
    const std::string type = text_.type_name(dtype::i64);
    line("const " + type + " " + text_.variable_name(at.variable) + " = (" + type + ")(" + value +
         ");");
  }

  void thread_loop(const ir::statement& at) {
    std::int64_t inner = 1;
    bool barriers = false;
    for (const ir::stmt child : at.children) {
      inner = larger(inner, chain(child, ir::loop_kind::thread));
      barriers |= has_together(child);
    }
    const std::int64_t extent = extent_of(at);
    const bool all = nest_.exprs.is_constant(at.extent) && extent * inner == available_;
    if (barriers && !all)
      return refuse("loop '" + nest_.exprs.variable_of(at.variable).name + "' leaves " +
                    "threads idle that have to meet at a barrier inside it");
    open("");
    std::string index = thread_part();
    if (inner != 1)
      index = (available_ != threads_ ? "(" + index + ")" : index) + " / " + std::to_string(inner);
    index_variable(at, index);
    define(at.extent);
    if (!all)
      open("if (" + text_.variable_name(at.variable) + " < " + text_.expression(at.extent, true) +
           ")");
    const std::int64_t before = available_;
    available_ = inner;
    thread_variables_.push_back(at.variable);
    for (const ir::stmt child : at.children) body(child);
    thread_variables_.pop_back();
    available_ = before;
    if (!all) close();
    close();
  }

  void barrier() {
    line("__syncthreads();");
    after_barrier_ = code_.size();
  }

  /// Ends what threads do with shared memory before it is filled anew; a kernel begins with nothing
  /// to end.
  void end_use() {
    if (after_barrier_ != code_.size() && !nothing_before_) barrier();
    nothing_before_ = false;
  }

  /// Between barriers; neighbours that do not read each other's results share them.
  void together(const ir::statement& at) override {
    if (shared_conditions_ > 0)
      return refuse("threads meet at a barrier under a condition that differs among them");
    flat_set<std::int32_t> used;
    for (const ir::stmt child : at.children)
      for (const std::int32_t each : touched(child)) used.insert(each);
    bool reads = false;
    for (const std::int32_t each : shared_since_barrier_) reads |= used.contains(each);
    if (after_barrier_ == code_.size() && !reads && !shared_since_barrier_.empty()) {
      code_.resize(code_.rfind("__syncthreads"));
      code_.resize(code_.rfind('\n') + 1);
    } else {
      shared_since_barrier_.clear();
      end_use();
    }
    for (const std::int32_t each : used)
      if (buffer(each).where == ir::scope::shared) shared_since_barrier_.insert(each);
    const std::int64_t before = available_;
    available_ = threads_;
    for (const ir::stmt child : at.children) body(child);
    available_ = before;
    barrier();
  }

  bool differs_among_threads(ir::expr value) const {
    return any_of(thread_variables_,
                  [&](ir::expr variable) { return nest_.exprs.depends_on(value, variable); });
  }

  void branch(const ir::statement& at) override {
    const bool differs = differs_among_threads(at.condition);
    shared_conditions_ += differs;
    define(at.condition);
    open("if (" + text_.expression(at.condition) + ")");
    body(at.children[0]);
    if (at.children.size() > 1) {
      --depth_;
      open("} else");
      body(at.children[1]);
    }
    close();
    shared_conditions_ -= differs;
  }

  std::string reason_;  ///< why the nest cannot be written; empty = it can
  std::int64_t threads_ = 1, blocks_ = 1;
  std::int64_t available_ = 1;    ///< threads that the open loops have not told apart
  std::int64_t free_blocks_ = 1;  ///< blocks likewise
  int shared_conditions_ = 0;     ///< open conditions that differ among threads
  sequence<ir::expr> thread_variables_;
  flat_set<std::int32_t> shared_since_barrier_;    ///< written or read together since a barrier
  std::size_t after_barrier_ = std::string::npos;  ///< length of the code after the last barrier
  bool nothing_before_ = true;  ///< no part of the kernel that runs before has used shared memory
};

}  // namespace lathe::detail
