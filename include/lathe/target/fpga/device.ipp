/// @file
/// Bodies of device.hpp, and the figures.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/fpga/device.hpp>

#include <cstdlib>

namespace lathe {

LATHE_INLINE const sequence<fpga_device>& fpga_devices() {
  // Resources: the product tables of AMD's data sheets. Memory: what the card has.
  static const sequence<fpga_device> known = [] {
    sequence<fpga_device> out;
    out.push_back({"vu9p",
                   "xcvu9p-flga2104-2L-e",
                   {6840, 2160, 960, 1182240, 2364480},
                   4,
                   19.2,
                   64,
                   250,
                   64,
                   3,
                   0.8,
                   "DS890 (UltraScale overview); card VCU1525 / AWS F1: 4 x DDR4-2400 x 64 bit"});
    out.push_back({"u250",
                   "xcu250-figd2104-2L-e",
                   {12288, 2688, 1280, 1728000, 3456000},
                   4,
                   19.2,
                   64,
                   300,
                   64,
                   4,
                   0.8,
                   "DS962 (Alveo U200 and U250): 4 x DDR4-2400, 77 GB/s"});
    out.push_back({"u280",
                   "xcu280-fsvh2892-2L-e",
                   {9024, 2016, 960, 1303680, 2607360},
                   32,
                   14.375,
                   32,
                   300,
                   64,
                   3,
                   0.8,
                   "DS963 (Alveo U280): 32 HBM2 pseudo channels, 460 GB/s"});
    out.push_back({"zu9eg",
                   "xczu9eg-ffvb1156-2-e",
                   {2520, 912, 0, 274080, 548160},
                   1,
                   19.2,
                   16,
                   200,
                   64,
                   1,
                   0.8,
                   "DS891 (Zynq UltraScale+ overview); ZCU102: one DDR4-2400 x 64 bit, "
                   "ports of 128 bit"});
    return out;
  }();
  return known;
}

LATHE_INLINE result<fpga_device> find_fpga_device(std::string_view text) {
  const auto wrong = [&](const std::string& what) {
    std::string names;
    for (const fpga_device& each : fpga_devices()) names += (names.empty() ? "" : ", ") + each.name;
    return error("LATHE-E350", "device '" + std::string(text) + "': " + what + "; write one of " +
                                   names +
                                   ", or a description: mine:dsp=900,bram36=280,uram=0,"
                                   "lut=170000,ff=340000,banks=1,gbytes=12.8,mhz=150");
  };
  const std::size_t colon = smaller(text.find(':'), text.size());
  fpga_device out;
  for (const char each : text.substr(0, colon))
    out.name += each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  bool known = false;
  for (const fpga_device& each : fpga_devices())
    if (each.name == out.name) {
      out = each;
      known = true;
    }
  if (!known && colon == text.size()) return wrong("is not known");
  if (!known) out.source = "given by the user";
  for (std::size_t at = colon + 1; at < text.size();) {
    const std::size_t end = smaller(text.find(',', at), text.size());
    const std::string item(text.substr(at, end - at));
    at = end + 1;
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) return wrong("'" + item + "' is not key=value");
    const std::string key = item.substr(0, equals), value = item.substr(equals + 1);
    if (key == "part") {
      out.part = value;
      continue;
    }
    char* rest = nullptr;
    const double number = std::strtod(value.c_str(), &rest);
    if (value.empty() || *rest != '\0' || !(number >= 0) || number > 1e9)
      return wrong("'" + value + "' is no value of " + key);
    const auto whole = static_cast<std::int64_t>(number);
    if (key == "dsp")
      out.has.dsp = whole;
    else if (key == "bram36")
      out.has.bram36 = whole;
    else if (key == "uram")
      out.has.uram = whole;
    else if (key == "lut")
      out.has.lut = whole;
    else if (key == "ff")
      out.has.ff = whole;
    else if (key == "banks")
      out.memory_banks = static_cast<int>(whole);
    else if (key == "gbytes")
      out.bank_gbytes = number;
    else if (key == "port")
      out.port_bytes = static_cast<int>(whole);
    else if (key == "mhz")
      out.mhz = number;
    else if (key == "latency")
      out.memory_latency = static_cast<int>(whole);
    else if (key == "usable")
      out.usable = number;
    else
      return wrong("there is no key '" + key + "'");
  }
  if (out.has.lut == 0 || out.has.ff == 0 || out.memory_banks < 1 || out.port_bytes < 1 ||
      out.mhz <= 0 || out.bank_gbytes <= 0 || out.usable <= 0 || out.usable > 1)
    return wrong(
        "lut, ff, banks, port, mhz and gbytes must be above 0, usable above 0 and up to 1");
  return out;
}

}  // namespace lathe
