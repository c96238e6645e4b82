# What the benches of processors and of GPUs share: cases, operands, the check of results, records,
# scores, reports. No library of others is needed. Included wherever it is used; it is built once.
include_guard(GLOBAL)
set(folder "${CMAKE_CURRENT_LIST_DIR}")
add_library(lathe_bench_parts STATIC EXCLUDE_FROM_ALL)
foreach(part case_record cases html operands problem record report roofline roofline_loops score
    selection timing)
  target_sources(lathe_bench_parts PRIVATE "${folder}/${part}.cpp")
endforeach()
# Probes are compiled for this machine, as what they are compared with is.
set_source_files_properties("${folder}/roofline_loops.cpp" PROPERTIES
  COMPILE_OPTIONS "-O3;-march=native")
target_link_libraries(lathe_bench_parts PUBLIC lathe::compiled nlohmann_json::nlohmann_json)
# Nothing else here is slow, and tests build it too.
target_compile_options(lathe_bench_parts PRIVATE -O1)
target_include_directories(lathe_bench_parts PUBLIC "${folder}")
lathe_dev_options(lathe_bench_parts)
