/// @file
/// Bodies of nvrtc.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/threads.hpp>
#include <lathe/target/cuda/cuda_api.hpp>
#include <lathe/target/cuda/nvrtc.hpp>

#include <optional>

namespace lathe::gpu {

namespace detail {

/// The text that a pair of NVRTC's functions, size and bytes, gives; "" if they fail.
inline std::string nvrtc_text(nvrtc_program* of, int (*size)(nvrtc_program*, std::size_t*),
                              int (*bytes)(nvrtc_program*, char*)) {
  std::size_t length = 0;
  if (size(of, &length) != 0 || length == 0) return {};
  std::string text(length, '\0');
  return bytes(of, text.data()) == 0 ? text : std::string();
}

/// The same without its terminating zero and the line's end.
inline std::string nvrtc_log(const nvrtc_api& api, nvrtc_program* of) {
  std::string log = nvrtc_text(of, api.GetProgramLogSize, api.GetProgramLog);
  while (!log.empty() && (log.back() == '\0' || log.back() == '\n')) log.pop_back();
  return log;
}

}  // namespace detail

LATHE_INLINE result<nvrtc> nvrtc::create() {
  const result<const nvrtc_api*> api = nvrtc_api::load();
  if (!api) return api.error();
  return nvrtc(**api);
}

LATHE_INLINE nvrtc::nvrtc(const nvrtc_api& api) : api_(&api) {
  int count = 0;
  if (api.GetNumSupportedArchs(&count) == 0 && count > 0) {
    architectures_.resize(static_cast<std::size_t>(count));
    if (api.GetSupportedArchs(architectures_.data()) != 0) architectures_.clear();
  }
  sort(architectures_);
}

LATHE_INLINE result<cuda_code> nvrtc::compile(const std::string& text,
                                              const nvrtc_options& options) const {
  constexpr int invalid_option = 5;  // NVRTC_ERROR_INVALID_OPTION
  const bool is_ptx = options.form == code_form::ptx;
  std::string architecture = options.architecture;
  if (is_ptx && architecture.starts_with("sm_")) architecture = "compute_" + architecture.substr(3);
  architecture = "--gpu-architecture=" + architecture;
  sequence<const char*> arguments{architecture.c_str(), "--std=c++17"};
  if (!options.contract) arguments.push_back("--fmad=false");

  nvrtc_program* program = nullptr;
  int code = api_->CreateProgram(&program, text.c_str(), "kernel.cu", 0, nullptr, nullptr);
  if (code != 0)
    return error("LATHE-E335", std::string("NVRTC takes no text: ") + api_->GetErrorString(code));
  const auto destroy = [api = api_](nvrtc_program* of) { api->DestroyProgram(&of); };
  const owner<nvrtc_program, decltype(destroy)> owned(program, destroy);
  code = api_->CompileProgram(program, static_cast<int>(arguments.size()), arguments.data());
  cuda_code out;
  out.form = options.form;
  out.log = detail::nvrtc_log(*api_, program);
  if (code == invalid_option) {
    std::string known;
    for (const int each : architectures_) known += " sm_" + std::to_string(each);
    return error("LATHE-E336", fingerprint() + " does not compile for \"" + options.architecture +
                                   "\" (" + out.log + "); it knows" + known);
  }
  if (code != 0)
    return error("LATHE-E335", fingerprint() + ": " + api_->GetErrorString(code) + ": " + out.log);
  const std::string made = is_ptx ? detail::nvrtc_text(program, api_->GetPTXSize, api_->GetPTX)
                                  : detail::nvrtc_text(program, api_->GetCUBINSize, api_->GetCUBIN);
  if (made.empty())
    return error("LATHE-E335", fingerprint() + " compiled the text, but gave no " +
                                   (is_ptx ? "PTX" : "cubin") + " for " + options.architecture);
  const auto* bytes = reinterpret_cast<const std::byte*>(made.data());
  out.bytes.assign(bytes, bytes + made.size());
  return out;
}

LATHE_INLINE sequence<result<cuda_code>> nvrtc::compile_all(std::span<const std::string> texts,
                                                            const nvrtc_options& options,
                                                            int threads) const {
  sequence<std::optional<result<cuda_code>>> made(texts.size());
  lathe::detail::atomic<std::size_t> next;
  auto work = [&] {
    for (std::size_t at = next.fetch_add(1); at < texts.size(); at = next.fetch_add(1))
      made[at].emplace(compile(texts[at], options));
  };
  lathe::detail::run_on_threads(smaller(texts.size(), static_cast<std::size_t>(larger(threads, 1))),
                                work);
  sequence<result<cuda_code>> out;
  for (auto& each : made) out.push_back(std::move(*each));
  return out;
}

LATHE_INLINE result<nvrtc_options> nvrtc::options_for(const device& of) const {
  nvrtc_options out;
  int nearest = 0;
  for (const int each : architectures_)
    if (each <= of.capability()) nearest = each;
  if (nearest == 0)
    return error("LATHE-E336", fingerprint() + " does not compile for " + of.name + " (" +
                                   of.architecture() +
                                   "): the device is too old; use an older NVRTC");
  out.architecture = "sm_" + std::to_string(nearest);
  if (nearest != of.capability()) out.form = code_form::ptx;
  return out;
}

LATHE_INLINE std::string nvrtc::fingerprint() const {
  return "nvrtc " + cuda_version_text(api_->version);
}

}  // namespace lathe::gpu
