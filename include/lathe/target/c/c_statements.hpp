/// @file
/// Statements of a loop nest as C-family source text. In: a nest and the dialect. Out: lines of
/// code. The base of the emitters of plain C, CUDA C++ and HLS C++, which write the functions
/// around the statements and say what differs.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/target/c/c_text.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace lathe::detail {

/// Writes the statements of one nest.
class c_statements {
 protected:
  c_statements(const ir::nest& nest, c_dialect dialect)
      : nest_(nest), text_(nest, std::move(dialect)) {}
  virtual ~c_statements() = default;

  /// One line of code, indented.
  LATHE_INLINE void line(const std::string& text);
  /// Lines up to close() are indented; `head` stands before the brace.
  LATHE_INLINE void open(const std::string& head);
  LATHE_INLINE void close();

  /// A statement and what is in it.
  LATHE_INLINE void statement(ir::stmt handle);
  void statements(const sequence<ir::stmt>& list) {
    for (const ir::stmt each : list) statement(each);
  }
  /// `for (index variable = first; variable < last; ++variable)` around the loop's children.
  LATHE_INLINE void loop_text(const ir::statement& at, const std::string& first,
                              const std::string& last);
  /// Writes the definitions of what an expression uses more than once.
  LATHE_INLINE void define(ir::expr value);
  /// `buffer[index]` of a store or prefetch.
  LATHE_INLINE std::string element(const ir::statement& at);
  /// Buffers that a statement touches.
  LATHE_INLINE flat_set<std::int32_t> touched(ir::stmt handle) const;
  /// True if every store below addresses another element in every iteration.
  LATHE_INLINE bool stores_follow(const sequence<ir::stmt>& list, ir::expr variable) const;

  const ir::buffer& buffer(std::int32_t index) const {
    return nest_.buffers[static_cast<std::size_t>(index)];
  }

  // ---- what differs between the languages
  virtual void loop(const ir::statement& at) = 0;
  virtual void prefetch(const ir::statement& at) = 0;
  /// What the threads of a GPU's block do together: its statements in order where there are none.
  virtual void together(const ir::statement& at) { statements(at.children); }
  virtual LATHE_INLINE void store(const ir::statement& at);
  virtual LATHE_INLINE void branch(const ir::statement& at);

  const ir::nest& nest_;
  c_text text_;
  std::string code_;
  int depth_ = 0;

 private:
  LATHE_INLINE void touched(ir::stmt handle, flat_set<std::int32_t>& out) const;
  LATHE_INLINE void touched_by(ir::expr handle, flat_set<ir::expr>& seen,
                               flat_set<std::int32_t>& out) const;
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/c/c_statements.ipp>
#endif
