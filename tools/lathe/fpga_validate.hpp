/// @file
/// The FPGA model against published figures of tools and boards. In: a folder of tables given by
/// the user; nothing of it is part of lathe. Out: rank correlations, ratios and bounds, as they
/// are. Called by `lathe fpga validate`.
///
/// | table | columns that are read |
/// |---|---|
/// | gemm_blocked_hls_aligned.csv, gemm_blocked_hls_unaligned_sample.csv | bank11, bank12, bank21,
/// bank22, unroll1, unroll2, unroll3, max_lat, dsp, bram | | autosa_systolic.csv | app, dtype,
/// problem, array_part, latency, simd, macs_per_cycle, mhz, dsp, kernel_s | |
/// yolo15_vu9p_bounds.csv | name, C, K, HW, k, stride, dsp_bound_gflops_250mhz, ddr4_bound_gflops |
#pragma once

#include <string>

namespace tools {

/// Prints the report; the layers of YOLO-v1 are explored with up to `trials` designs each. Returns
/// 0 if every goal is met, 1 if not. With `json` the goals go to standard output as JSON, and the
/// text to standard error. @error std::runtime_error for tables that are missing or
/// malformed
int validate_fpga_model(const std::string& folder, int trials, bool json);

}  // namespace tools
