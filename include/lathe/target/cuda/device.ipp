/// @file
/// The table of known devices. Declared in device.hpp.
#pragma once

#include <lathe/target/cuda/device.hpp>

#include <cstdio>

namespace lathe::gpu {

LATHE_INLINE sequence<device> known_devices() {
  constexpr std::int64_t kib = 1 << 10, mib = 1 << 20;
  device h100;
  h100.name = "H100";
  h100.compute_major = 9;
  h100.multiprocessors = 132;
  h100.shared_per_multiprocessor = 228 * kib;
  h100.shared_per_block = 227 * kib;
  h100.memory_bytes = 80'000'000'000;
  h100.l2_bytes = 50 * mib;
  h100.clock_hz = 1.98e9;
  h100.bandwidth = 3.35e12;

  device h200 = h100;
  h200.name = "H200";
  h200.memory_bytes = 141'000'000'000;
  h200.l2_bytes = 60 * mib;
  h200.bandwidth = 4.8e12;

  device a100 = h100;
  a100.name = "A100";
  a100.compute_major = 8;
  a100.multiprocessors = 108;
  a100.shared_per_multiprocessor = 164 * kib;
  a100.shared_per_block = 163 * kib;
  a100.l2_bytes = 40 * mib;
  a100.clock_hz = 1.41e9;
  a100.bandwidth = 2.039e12;
  a100.f32_per_clock = f32_per_clock_of(80);

  device l40s = h100;
  l40s.name = "L40S";
  l40s.compute_major = 8;
  l40s.compute_minor = 9;
  l40s.multiprocessors = 142;
  l40s.threads_per_multiprocessor = 1536;
  l40s.blocks_per_multiprocessor = 24;
  l40s.shared_per_multiprocessor = 100 * kib;
  l40s.shared_per_block = 99 * kib;
  l40s.memory_bytes = 48'000'000'000;
  l40s.l2_bytes = 96 * mib;
  l40s.clock_hz = 2.52e9;
  l40s.bandwidth = 0.864e12;

  return {h100, h200, a100, l40s};
}

LATHE_INLINE result<device> known_device(std::string_view name) {
  std::string known;
  for (device& each : known_devices()) {
    if (each.name == name) return std::move(each);
    known += (known.empty() ? "" : ", ") + each.name;
  }
  return error("LATHE-E343",
               "no known device is called \"" + std::string(name) + "\"; write one of " + known);
}

LATHE_INLINE std::string text_of(const device& of) {
  char text[160];
  std::snprintf(
      text, sizeof text, " (%s): %d multiprocessors, %.3g GB at %.3g TB/s, %.3g TFLOP/s f32",
      of.architecture().c_str(), of.multiprocessors, static_cast<double>(of.memory_bytes) * 1e-9,
      of.bandwidth * 1e-12, of.peak_f32() * 1e-12);
  return of.name + text;
}

}  // namespace lathe::gpu
