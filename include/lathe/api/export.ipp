/// @file
/// Bodies of export.hpp.
#pragma once

#include <lathe/api/export.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/session.hpp>
#include <lathe/api/summary.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/target/c/c_text.hpp>
#include <lathe/target/c/emit_c.hpp>
#include <lathe/target/c/library_text.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>
#include <lathe/target/cpu/external_call.hpp>
#include <lathe/target/cpu/host.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <sys/stat.h>

namespace lathe {

namespace detail {

/// The processor that an exported variant is compiled for: the instruction set and no more, so that
/// it runs on every machine that NAME.c lets it run on.
LATHE_INLINE cpu_target portable(cpu_target target) {
  target.llvm_cpu = "x86-64";
  target.llvm_features = "";
  for (const std::string& each : processor_features(target.set))
    target.llvm_features += (target.llvm_features.empty() ? "+" : ",+") + each;
  // Every processor with AVX2 has F16C, which compilers cannot ask for by that name.
  if (target.set != isa::sse2) target.llvm_features += ",+f16c";
  if (target.set == isa::avx512 && target.dot_u8i8) target.llvm_features += ",+avx512vnni";
  if (target.dot_bf16) target.llvm_features += ",+avx512bf16";
  if (target.set != isa::avx512) target.dot_u8i8 = target.dot_bf16 = false;
  return target;
}

/// The request for another instruction set.
LATHE_INLINE tuning_request request_for(const tuning_request& request, isa set) {
  if (set == request.target.set) return request;
  tuning_request out = request;
  const result<cpu_target> here = native::host_target(set);
  out.target = here ? *here : generic_cpu(set);
  return out;
}

/// The best schedule that is known for a request, and what it is.
struct known_schedule {
  trace steps;
  std::string about;
};

LATHE_INLINE known_schedule schedule_for(const desc_view& desc, const tuning_request& request) {
  const bool runs_here = native::host_target(request.target.set).has_value();
  if (runs_here) {
    tuning_request stored = request;
    stored.effort = effort_level::wisdom_only;
    stored.progress = progress_mode::silent;
    if (result<tuned> known = tune_description(desc, stored))
      return {known->steps, "tuned schedule from the cache"};
  }
  return {estimated_trace(desc, request), "analytic schedule, not tuned"};
}

LATHE_INLINE bool is_c_identifier(std::string_view name) {
  c_identifiers names;
  return !name.empty() && names.make(name) == name;
}

/// Calls of the program's functions under their own names, which a C linker can find.
LATHE_INLINE std::string with_plain_calls(std::string text) {
  const std::string prefix = native::external_symbol("");
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
    text.erase(at, prefix.size());
  return text;
}

/// Parameters of the library; those bound and still read by calls are not `copied` yet.
LATHE_INLINE sequence<library_parameter> parameters_of(const desc_view& desc,
                                                       const sequence<std::string>& bound) {
  sequence<library_parameter> out;
  c_identifiers names;
  names.make("bound");
  names.make("parameters");
  names.make("of");
  for (int at = 0; at < desc.param_count; ++at) {
    const desc_tensor& tensor = desc.tensors[at];
    library_parameter each{
        names.make(tensor.name),      tensor.type, {}, tensor.scalar, tensor.producer >= 0,
        contains(bound, tensor.name), false};
    for (int dim = 0; dim < tensor.rank; ++dim) each.shape.push_back(tensor.shape[dim]);
    out.push_back(std::move(each));
  }
  return out;
}

}  // namespace detail

LATHE_INLINE result<exported_kernel> export_description(const desc_view& desc, const trace& own,
                                                        const tuning_request& request,
                                                        const export_options& options) {
  c_library library;
  library.name = options.name;
  if (library.name.empty()) library.name = c_identifiers().make(desc.name);
  if (!detail::is_c_identifier(library.name))
    return error("LATHE-E530", "'" + library.name +
                                   "' cannot name a function in C: write letters, digits and _, "
                                   "and no word that C or its library uses");
  library.summary = summary_of(desc);
  library.parameters = detail::parameters_of(desc, request.bound);
  library.from_source = options.form == export_form::source;
  const program of = make_program(desc);

  exported_kernel out;
  for (const isa set : {isa::avx512, isa::avx2, isa::sse2}) {
    const bool is_own = set == request.target.set;
    if (!options.sets.empty() && !contains(options.sets, set)) continue;
    tuning_request wanted = detail::request_for(request, set);
    const detail::known_schedule schedule =
        is_own ? detail::known_schedule{own, "schedule of the kernel"}
               : detail::schedule_for(desc, wanted);
    wanted.target = detail::portable(wanted.target);
    library_variant variant{wanted.target, {}, schedule.about};
    const std::string stem = library.stem_of(variant), prefix = stem + "_";

    result<program> scheduled = apply(of, schedule.steps, {request.bound});
    if (!scheduled) return scheduled.error();
    for (std::size_t at = 0; at < library.parameters.size(); ++at)
      if (library.parameters[at].bound && !detail::is_packed(*scheduled, static_cast<int>(at)))
        library.parameters[at].copied = true;
    const result<ir::nest> nest = build(std::move(*scheduled));
    if (!nest) return nest.error();
    variant.plan = plan_of(*nest);
    for (plan_phase& each : variant.plan.phases) each.symbol = prefix + each.symbol;
    if (library.from_source) {
      out.files.push_back({stem + ".c", emit_c(*nest, {prefix, false})});
    } else {
      result<std::string> text =
          native::emit_llvm(*nest, wanted.target, {request.strict_fp, prefix});
      if (!text) return text.error();
      library.uses_libmvec |= text->find("@_ZGV") != std::string::npos;
      const result<native::jit> compiler = native::jit::create(wanted.target);
      if (!compiler) return compiler.error();
      const result<sequence<std::byte>> object =
          compiler->compile(detail::with_plain_calls(std::move(*text)));
      if (!object) return object.error();
      out.files.push_back({stem + ".o", std::string(reinterpret_cast<const char*>(object->data()),
                                                    object->size())});
    }
    out.notes.push_back(std::string(name_of(set)) + ": " + schedule.about);
    library.variants.push_back(std::move(variant));
  }
  out.files.push_back({library.name + ".h", library_header(library)});
  out.files.push_back({library.name + ".c", library_source(library)});
  out.files.push_back({library.name + ".f90", library_fortran(library)});
  out.files.push_back({library.name + ".cmake", library_cmake(library)});
  return out;
}

LATHE_INLINE result<bool> write_files(const exported_kernel& of, const std::string& folder) {
  const auto failed = [](const std::string& path) {
    return error("LATHE-E531", "'" + path + "' cannot be written (" + std::strerror(errno) +
                                   "); name a folder that you can write to");
  };
  for (std::size_t end = folder.find('/', 1); end < folder.size(); end = folder.find('/', end + 1))
    ::mkdir(folder.substr(0, end).c_str(), 0777);  // failures show below
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return failed(folder);
  for (const exported_file& each : of.files) {
    const std::string path = folder + "/" + each.name, unfinished = path + ".new";
    std::FILE* const file = std::fopen(unfinished.c_str(), "wb");
    if (file == nullptr) return failed(path);
    const bool written =
        std::fwrite(each.bytes.data(), 1, each.bytes.size(), file) == each.bytes.size();
    if (std::fclose(file) != 0 || !written || std::rename(unfinished.c_str(), path.c_str()) != 0) {
      const error problem = failed(path);
      std::remove(unfinished.c_str());
      return problem;
    }
  }
  return true;
}

}  // namespace lathe
