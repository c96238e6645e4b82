/// @file
/// Bodies of cuda_toolchain.hpp.
#pragma once

#include <lathe/api/cuda_toolchain.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/target/cuda/cubin.hpp>
#include <lathe/target/cuda/emit_cuda.hpp>

#include <utility>

namespace lathe {

LATHE_INLINE result<cuda_toolchain> cuda_toolchain::find(const cuda& target, bool strict_fp) {
  result<gpu::context> where = gpu::context::current_or_primary(target.device);
  if (!where) return where.error();
  result<gpu::nvrtc> compiler = gpu::nvrtc::create();
  if (!compiler) return compiler.error();
  result<gpu::nvrtc_options> options = compiler->options_for(where->what());
  if (!options) return options.error();
  if (!target.architecture.empty()) {
    options->architecture = target.architecture;
    options->form = gpu::code_form::cubin;
  }
  options->contract = !strict_fp;
  return cuda_toolchain{std::move(*where), std::move(*compiler), std::move(*options)};
}

LATHE_INLINE std::string cuda_toolchain::fingerprint() const {
  return compiler.fingerprint() + " " + options.architecture +
         (options.form == gpu::code_form::ptx ? " ptx" : "") + " driver " +
         gpu::cuda_version_text(where.api().version);
}

LATHE_INLINE result<cuda_source> cuda_text_of(const program& of, const trace& steps) {
  const result<ir::nest> nest = lower(of, steps, {});
  if (!nest) return nest.error();
  return emit_cuda(*nest);
}

LATHE_INLINE result<cuda_compiled> compile_cuda(const program& of, const trace& steps,
                                                const cuda_toolchain& with,
                                                const gpu::screening_limits& limits) {
  result<cuda_source> source = cuda_text_of(of, steps);
  if (!source) return source.error();
  const gpu::device& on = with.where.what();
  if (std::string why = gpu::refusal_of(*source, on, limits); !why.empty())
    return error("LATHE-E342", std::move(why));
  result<gpu::cuda_code> code = with.compiler.compile(source->prelude + source->text, with.options);
  if (!code) return code.error();
  if (code->form == gpu::code_form::cubin) {
    const result<sequence<gpu::cubin_kernel>> kernels = gpu::read_cubin(code->bytes);
    if (!kernels) return kernels.error();
    if (std::string why = gpu::refusal_of(*source, *kernels, on, limits); !why.empty())
      return error("LATHE-E342", std::move(why));
  }
  return cuda_compiled{std::move(*source), std::move(code->bytes)};
}

}  // namespace lathe
