/// @file
/// Every run-time body once, in dependency order: what lathe::compiled's translation unit includes.
#pragma once

#include <lathe/lower/ir.ipp>
#include <lathe/lower/plan_of.ipp>
#include <lathe/lower/program.ipp>
#include <lathe/lower/apply.ipp>
#include <lathe/target/cpu/llvm_api.ipp>
#include <lathe/target/cpu/mvec_api.ipp>
#include <lathe/target/cpu/host.ipp>
#include <lathe/target/cpu/jit.ipp>
#include <lathe/target/cpu/openmp_api.ipp>
#include <lathe/target/cpu/parallel.ipp>
#include <lathe/target/cpu/run.ipp>
#include <lathe/target/cpu/peak.ipp>
#include <lathe/lower/build.ipp>
#include <lathe/measure/record.ipp>
#include <lathe/measure/buffer.ipp>
#include <lathe/measure/compare.ipp>
#include <lathe/measure/timer.ipp>
