/// @file
/// Bodies of emit_cuda.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/cuda/cuda_prelude.hpp>
#include <lathe/target/cuda/cuda_tensors.hpp>
#include <lathe/target/cuda/emit_cuda.hpp>

#include <utility>

namespace lathe {
namespace detail {

/// 32-bit indices are faster on GPUs; the i64 of the nest is one where everything fits.
LATHE_INLINE const char* narrow_cuda_type(dtype type) {
  return type == dtype::i64 ? "int" : c_type_name(type);
}

/// Writes one nest as CUDA.
class cuda_emitter : cuda_tensors {
 public:
  explicit cuda_emitter(const ir::nest& nest)
      : cuda_tensors(nest, {needs_wide_indices(nest) ? c_type_name : narrow_cuda_type,
                            "static __device__ __forceinline__ ", "", false, "lathe_"}) {}

  result<cuda_source> emit() {
    cuda_source out;
    for (const ir::buffer& each : nest_.buffers)
      if (!ir::is_private(each.where) && each.where != ir::scope::registers)
        out.buffers.push_back({each.name, each.type, each.elements, each.where == ir::scope::param,
                               each.output, each.scalar, each.bound});
    for (ir::expr at = 0; at < static_cast<ir::expr>(nest_.exprs.size()); ++at)
      if (nest_.exprs[at].what == ir::kind::call)
        refuse("it calls the function '" + nest_.exprs.name(nest_.exprs[at].imm) +
               "' of the host; write it as an expression");
    for (const ir::phase& phase : nest_.phases) {
      kernel(phase, out);
      if (!reason_.empty())
        return error("LATHE-E330",
                     "'" + nest_.name + "' cannot be written as a CUDA kernel: " + reason_);
    }
    const std::string functions = text_.functions();
    out.text = functions + (functions.empty() ? "" : "\n") + code_;
    out.prelude = cuda_prelude(out.text);
    return out;
  }

 private:
  static bool needs_wide_indices(const ir::nest& nest) {
    constexpr std::int64_t most = INT32_MAX;
    for (const ir::buffer& each : nest.buffers)
      if (each.elements > most || each.type == dtype::i64) return true;
    for (ir::expr at = 0; at < static_cast<ir::expr>(nest.exprs.size()); ++at) {
      if (nest.exprs[at].type != dtype::i64) continue;
      const ir::interval range = nest.exprs.range(at);
      if (range.bounded() && (range.low < -most || range.high > most)) return true;
    }
    return false;
  }

  // ---------------------------------------------------------------- kernels

  /// Statements after unrolling: what the compiler's time grows with.
  std::int64_t unrolled(ir::stmt handle) const {
    const ir::statement& at = nest_[handle];
    std::int64_t sum = at.what == ir::stmt_kind::store ? 1 : 0;
    for (const ir::stmt child : at.children) sum += unrolled(child);
    const bool straight = at.what == ir::stmt_kind::loop &&
                          (ir::is_written_out(at.how) || at.how == ir::loop_kind::vectorized);
    return straight ? sum * extent_of(at) : sum;
  }

  /// One kernel: its head, its memory, its body.
  void kernel(const ir::phase& phase, cuda_source& out) {
    cuda_launch launch;
    launch.symbol = phase.name;
    launch.bind_only = phase.bind_only;
    launch.blocks = blocks_ = chain(phase.body, ir::loop_kind::block);
    launch.threads = threads_ = threads_of(phase.body);
    launch.unrolled = unrolled(phase.body);
    if (!code_.empty()) code_ += '\n';
    std::string parameters;
    const flat_set<std::int32_t> used = touched(phase.body);
    for (const std::int32_t index : used) {
      const ir::buffer& of = buffer(index);
      const std::string& name = text_.buffer_name(index);
      const std::string type = text_.type_name(of.type);
      if (of.where != ir::scope::param && of.where != ir::scope::workspace) continue;
      parameters += (parameters.empty() ? "" : ", ");
      if (of.scalar)
        parameters += type + " " + name + "_value";
      else
        parameters += constness(of) + type + "* __restrict__ " + name + "_given";
      launch.arguments.push_back(index);
    }
    line("extern \"C\" __global__ void __launch_bounds__(" + std::to_string(threads_) + ") " +
         phase.name + "(" + parameters + ") {");
    ++depth_;
    bool carved = false;
    for (const std::int32_t index : used) {
      const ir::buffer& of = buffer(index);
      const std::string& name = text_.buffer_name(index);
      const std::string type = text_.type_name(of.type);
      if (of.scalar) {
        line("const " + type + "* const " + name + " = &" + name + "_value;");
      } else if (of.where == ir::scope::param || of.where == ir::scope::workspace) {
        // Compilers join neighbouring accesses where they know the alignment.
        line(constness(of) + type + "* __restrict__ const " + name + " = static_cast<" +
             constness(of) + type + "*>(__builtin_assume_aligned(" + name + "_given, 16));");
      } else if (of.where == ir::scope::registers || of.where == ir::scope::scratch) {
        line(type + " " + name + "[" + std::to_string(of.elements) + "];");
        if (of.where == ir::scope::registers)
          launch.registers_at_least += of.elements * larger(size_of(of.type), 4) / 4;
      } else if (of.where == ir::scope::shared) {
        const std::int64_t copies = buffers_of(phase.body, index);
        if (!carved) line("extern __shared__ __align__(16) unsigned char lathe_shared[];");
        carved = true;
        line(type + "* const " + name + " = reinterpret_cast<" + type + "*>(lathe_shared + " +
             std::to_string(launch.shared_bytes) + ");");
        launch.shared_bytes += copies * bytes_of(of);
      }
    }
    available_ = threads_;
    free_blocks_ = blocks_;
    shared_since_barrier_.clear();
    after_barrier_ = std::string::npos;
    nothing_before_ = true;
    body(phase.body);
    --depth_;
    line("}");
    out.launches.push_back(std::move(launch));
  }

  static std::string constness(const ir::buffer& of) {
    return of.where == ir::scope::param && !of.output ? "const " : "";
  }

  /// [bytes] of one buffer in shared memory.
  static std::int64_t bytes_of(const ir::buffer& of) {
    return (of.elements * size_of(of.type) + 15) / 16 * 16;
  }

  /// How many buffers of its kind a pipeline needs; 1 for those of none.
  std::int64_t buffers_of(ir::stmt handle, std::int32_t index) const {
    const ir::statement& at = nest_[handle];
    std::int64_t most = 1;
    if (const pipeline found = pipeline_in(at); found.stages > 1)
      for (std::size_t each = 0; each < found.copies; ++each)
        if (touched(at.children[each]).contains(index)) most = found.stages;
    for (const ir::stmt child : at.children) most = larger(most, buffers_of(child, index));
    return most;
  }

  // ---------------------------------------------------------------- pipelines

  /// A loop that begins with what threads do together, in several buffers.
  struct pipeline {
    std::size_t copies = 0;  ///< leading children of the loop
    int stages = 1;          ///< buffers
  };

  pipeline pipeline_in(const ir::statement& at) const {
    pipeline out;
    if (at.what != ir::stmt_kind::loop || at.how != ir::loop_kind::serial) return out;
    for (const ir::stmt child : at.children) {
      const ir::statement& inner = nest_[child];
      if (inner.what != ir::stmt_kind::together) break;
      out.stages = out.copies == 0 ? inner.buffers : smaller(out.stages, inner.buffers);
      ++out.copies;
    }
    return out;
  }

  /// Chunk k + stages - 1 is fetched while chunk k is used: one barrier per chunk, which ends both
  /// the use of the buffer that is filled next and the wait for the one that is used next.
  void pipelined_loop(const ir::statement& at, const pipeline& of) {
    const std::string index = text_.type_name(dtype::i64);
    const std::string variable = text_.variable_name(at.variable);
    const std::string ahead = std::to_string(of.stages - 1);
    const std::string next = text_.new_name(variable + "_next");
    define(at.extent);
    const std::string extent = text_.expression(at.extent, true);
    end_use();
    line("#pragma unroll");
    open("for (" + index + " " + next + " = 0; " + next + " < " + ahead + "; ++" + next + ")");
    fetch(at, of, next, extent);
    line("lathe_copy_async_commit();");
    close();
    line("#pragma unroll 1");
    open("for (" + index + " " + variable + " = 0; " + variable + " < " + extent + "; ++" +
         variable + ")");
    line("lathe_copy_async_wait<" + std::to_string(of.stages - 2) + ">();");
    line("__syncthreads();");
    open("");
    line("const " + index + " " + next + " = " + variable + " + " + ahead + ";");
    fetch(at, of, next, extent);
    close();
    line("lathe_copy_async_commit();");
    const buffer_names before = use_buffers(at, of, variable);
    for (std::size_t child = of.copies; child < at.children.size(); ++child)
      body(at.children[child]);
    restore(before);
    close();
    shared_since_barrier_.clear();  // the last groups of copies are empty: nothing to wait for
  }

  /// Fills the buffers of one chunk.
  void fetch(const ir::statement& at, const pipeline& of, const std::string& chunk,
             const std::string& extent) {
    open("if (" + chunk + " < " + extent + ")");
    const buffer_names before = use_buffers(at, of, chunk);
    const std::string variable = text_.rename_variable(at.variable, chunk);
    const std::int64_t available = std::exchange(available_, threads_);
    asynchronous_ = true;
    for (std::size_t child = 0; child < of.copies; ++child)
      for (const ir::stmt each : nest_[at.children[child]].children) body(each);
    asynchronous_ = false;
    available_ = available;
    text_.rename_variable(at.variable, variable);
    restore(before);
    close();
  }

  using buffer_names = sequence<std::pair<std::int32_t, std::string>>;

  /// Declares pointers to the buffers of a chunk and lets them stand for the buffers; returns the
  /// names before.
  buffer_names use_buffers(const ir::statement& at, const pipeline& of, const std::string& chunk) {
    flat_set<std::int32_t> filled;
    for (std::size_t child = 0; child < of.copies; ++child)
      for (const std::int32_t each : touched(at.children[child]))
        if (buffer(each).where == ir::scope::shared) filled.insert(each);
    buffer_names before;
    for (const std::int32_t each : filled) {
      const std::string whole = text_.buffer_name(each);
      const std::string name = text_.new_name(whole + "_of_" + chunk);
      line(text_.type_name(buffer(each).type) + ("* const " + name) + " = " + whole + " + " +
           chunk + " % " + std::to_string(of.stages) + " * " +
           std::to_string(bytes_of(buffer(each)) / size_of(buffer(each).type)) + ";");
      before.push_back({each, text_.rename_buffer(each, name)});
    }
    return before;
  }

  void restore(const buffer_names& before) {
    for (const auto& [index, name] : before) text_.rename_buffer(index, name);
  }

  // ---------------------------------------------------------------- loops

  /// L2 and the other threads hide what a prefetch would; the copies into shared memory do the
  /// rest.
  void prefetch(const ir::statement&) override {}

  void loop(const ir::statement& at) override {
    if (at.how == ir::loop_kind::block) return block_loop(at);
    if (at.how == ir::loop_kind::thread) return thread_loop(at);
    if (at.how == ir::loop_kind::vectorized && vector_loop(at)) return;
    if (at.how == ir::loop_kind::tensor && tensor_loop(at)) return;
    if (const pipeline found = pipeline_in(at); found.stages > 1) {
      if (shared_conditions_ > 0 || differs_among_threads(at.extent))
        return refuse("threads meet at a barrier under a condition that differs among them");
      return pipelined_loop(at, found);
    }
    const bool differs = differs_among_threads(at.extent);
    shared_conditions_ += differs;
    define(at.extent);
    const bool straight = ir::is_written_out(at.how) || at.how == ir::loop_kind::vectorized;
    line(straight ? "#pragma unroll" : "#pragma unroll 1");
    const std::string& name = text_.variable_name(at.variable);
    open(std::string("for (") + text_.type_name(dtype::i64) + " " + name + " = 0; " + name + " < " +
         text_.expression(at.extent, true) + "; ++" + name + ")");
    // Otherwise the iteration before has used it.
    nothing_before_ &= !any_of(at.children, [&](ir::stmt child) { return has_together(child); });
    for (const ir::stmt child : at.children) body(child);
    close();
    shared_conditions_ -= differs;
  }
};

}  // namespace detail

LATHE_INLINE result<cuda_source> emit_cuda(const ir::nest& nest) {
  return detail::cuda_emitter(nest).emit();
}

}  // namespace lathe
