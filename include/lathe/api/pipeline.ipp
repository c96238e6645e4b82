/// @file
/// Bodies of pipeline.hpp.
#pragma once

#include <lathe/api/pipeline.hpp>

namespace lathe {

LATHE_INLINE result<ir::nest> lower(const program& base, const trace& steps,
                                    const pipeline_options& options) {
  result<program> scheduled = apply(base, steps, {options.bound});
  if (!scheduled) return scheduled.error();
  return build(std::move(*scheduled));
}

LATHE_INLINE result<compiled> compile_trace(const program& base, const trace& steps,
                                            const cpu_target& target, const native::jit& compiler,
                                            const pipeline_options& options) {
  result<ir::nest> nest = lower(base, steps, options);
  if (!nest) return nest.error();
  result<std::string> text = native::emit_llvm(*nest, target, {options.strict_fp, ""});
  if (!text) return text.error();
  result<sequence<std::byte>> object = compiler.compile(*text, {});
  if (!object) return object.error();
  return compiled{plan_of(*nest), std::move(*object)};
}

LATHE_INLINE result<native::executable> ready_kernel(const program& base, const trace& steps,
                                                     const cpu_target& target,
                                                     const native::jit& compiler,
                                                     const pipeline_options& options, int threads,
                                                     const parallel_for_hook& hook) {
  result<compiled> made = compile_trace(base, steps, target, compiler, options);
  if (!made) return made.error();
  return native::executable::make(std::move(made->plan), std::move(made->object), compiler, threads,
                                  hook);
}

}  // namespace lathe
