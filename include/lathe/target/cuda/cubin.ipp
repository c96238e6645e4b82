/// @file
/// Bodies of cubin.hpp.
#pragma once

#include <lathe/target/cuda/cubin.hpp>

#include <cstring>
#include <string_view>

namespace lathe::gpu {

namespace detail {

/// Bytes of which every piece is checked before it is read.
class checked_bytes {
 public:
  explicit checked_bytes(std::span<const std::byte> all) : all_(all) {}

  /// [offset, offset + size), or nothing if that is not all there.
  std::span<const std::byte> piece(std::uint64_t offset, std::uint64_t size) const {
    if (offset > all_.size() || size > all_.size() - offset) return {};
    return all_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }
  /// The little-endian number at `offset`; 0 if it is not there.
  template <class Number>
  Number number(std::uint64_t offset) const {
    Number value{};
    const std::span<const std::byte> bytes = piece(offset, sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  /// The zero-terminated text at `offset`, "" if it does not end.
  std::string_view text(std::uint64_t offset) const {
    if (offset >= all_.size()) return {};
    const auto* first = reinterpret_cast<const char*>(all_.data()) + offset;
    const std::size_t most = all_.size() - static_cast<std::size_t>(offset);
    const std::size_t length = ::strnlen(first, most);
    return length == most ? std::string_view() : std::string_view(first, length);
  }
  std::size_t size() const { return all_.size(); }

 private:
  std::span<const std::byte> all_;
};

/// The fields of a section header that are needed (Elf64_Shdr).
struct elf_section {
  std::string_view name;
  std::uint32_t type = 0;
  std::uint32_t link = 0;
  std::uint32_t info = 0;
  std::uint64_t flags = 0;
  std::uint64_t size = 0;
  checked_bytes bytes{{}};
};

/// The sections of an ELF64 file for NVIDIA's machine; none if it is something else.
LATHE_INLINE sequence<elf_section> sections_of(std::span<const std::byte> file) {
  constexpr std::uint16_t machine_cuda = 190;
  constexpr std::uint32_t without_bytes = 8;  // SHT_NOBITS
  constexpr std::uint64_t header_bytes = 64;
  const checked_bytes all(file);
  sequence<elf_section> out;
  if (all.number<std::uint32_t>(0) != 0x464c457fU || all.number<std::uint8_t>(4) != 2 ||
      all.number<std::uint16_t>(18) != machine_cuda ||
      all.number<std::uint16_t>(58) != header_bytes)
    return out;
  const auto table = all.number<std::uint64_t>(40);
  const auto count = all.number<std::uint16_t>(60);
  const auto names_at = all.number<std::uint16_t>(62);
  if (names_at >= count) return out;
  const checked_bytes headers(all.piece(table, count * header_bytes));
  if (headers.size() == 0) return out;
  const auto bytes_of = [&](std::uint64_t at) {
    return all.piece(headers.number<std::uint64_t>(at + 24),
                     headers.number<std::uint64_t>(at + 32));
  };
  const checked_bytes names(bytes_of(names_at * header_bytes));
  for (std::uint64_t at = 0; at < count * header_bytes; at += header_bytes) {
    elf_section each;
    each.name = names.text(headers.number<std::uint32_t>(at));
    each.type = headers.number<std::uint32_t>(at + 4);
    each.flags = headers.number<std::uint64_t>(at + 8);
    each.size = headers.number<std::uint64_t>(at + 32);
    each.link = headers.number<std::uint32_t>(at + 40);
    each.info = headers.number<std::uint32_t>(at + 44);
    if (each.type != without_bytes) each.bytes = checked_bytes(bytes_of(at));
    out.push_back(each);
  }
  return out;
}

/// Calls `take(attribute, payload)` for each entry of a .nv.info section: {format u8, attribute u8,
/// then a value of 16 bits or, for format 4, a size of 16 bits and so many bytes}.
template <class Take>
void for_each_attribute(const checked_bytes& bytes, const Take& take) {
  constexpr int sized = 4;
  for (std::uint64_t at = 0; at + 4 <= bytes.size();) {
    const auto value = bytes.number<std::uint16_t>(at + 2);
    const bool has_payload = bytes.number<std::uint8_t>(at) == sized;
    take(bytes.number<std::uint8_t>(at + 1),
         checked_bytes(has_payload ? bytes.piece(at + 4, value) : bytes.piece(at + 2, 2)));
    at += has_payload ? 4U + value : 4U;
  }
}

/// Counts the instructions of a .text section: 16 bytes each; the lowest 9 bits are the operation,
/// bits 73 to 75 of memory accesses their width.
LATHE_INLINE instruction_mix mix_of(const checked_bytes& code) {
  instruction_mix mix;
  const auto count = [](std::uint64_t high, int& all, int& wide) {
    constexpr std::uint64_t width_128 = 6;
    ++all;
    if ((high >> 9 & 7) == width_128) ++wide;
  };
  for (std::uint64_t at = 0; at + 16 <= code.size(); at += 16) {
    const auto low = code.number<std::uint64_t>(at);
    const auto high = code.number<std::uint64_t>(at + 8);
    ++mix.total;
    switch (low & 0x1ff) {
      case 0x023: ++mix.f32_multiply_add; break;
      case 0x03c:
      case 0x03d:
      case 0x03f:
      case 0x037: ++mix.matrix; break;
      case 0x11d: ++mix.barriers; break;
      case 0x184: count(high, mix.shared_loads, mix.wide_shared_loads); break;
      case 0x188: count(high, mix.shared_stores, mix.wide_shared_stores); break;
      case 0x181: count(high, mix.global_loads, mix.wide_global_loads); break;
      case 0x186: count(high, mix.global_stores, mix.wide_global_stores); break;
      case 0x1ae: ++mix.async_copies; break;
      case 0x183: ++mix.local_loads; break;
      case 0x187: ++mix.local_stores; break;
      default: break;
    }
  }
  return mix;
}

}  // namespace detail

LATHE_INLINE result<sequence<cubin_kernel>> read_cubin(std::span<const std::byte> bytes) {
  constexpr std::string_view code = ".text.", info = ".nv.info", static_shared = ".nv.shared.";
  constexpr std::uint32_t symbol_table = 2;  // SHT_SYMTAB
  constexpr std::uint64_t symbol_bytes = 24;
  constexpr int most_threads = 0x05, frame_size = 0x11, parameter_size = 0x19, registers = 0x2f;
  const sequence<detail::elf_section> sections = detail::sections_of(bytes);
  sequence<cubin_kernel> kernels;
  for (const detail::elf_section& each : sections) {
    if (!each.name.starts_with(code)) continue;
    cubin_kernel made;
    made.symbol = each.name.substr(code.size());
    made.registers = static_cast<int>(each.info >> 24);
    made.mix = detail::mix_of(each.bytes);
    kernels.push_back(std::move(made));
  }
  if (kernels.empty())
    return error("LATHE-E337", "not a cubin with kernels, but " + std::to_string(bytes.size()) +
                                   " other bytes; expected what NVRTC makes for sm_75 and above");

  const auto kernel_named = [&](std::string_view symbol) -> cubin_kernel* {
    for (cubin_kernel& each : kernels)
      if (each.symbol == symbol) return &each;
    return nullptr;
  };
  const auto symbol_at = [&](std::uint32_t index) -> std::string_view {
    for (const detail::elf_section& each : sections) {
      if (each.type != symbol_table || each.link >= sections.size()) continue;
      return sections[each.link].bytes.text(each.bytes.number<std::uint32_t>(index * symbol_bytes));
    }
    return {};
  };
  for (const detail::elf_section& each : sections) {
    if (each.name == info) {
      detail::for_each_attribute(
          each.bytes, [&](int attribute, const detail::checked_bytes& payload) {
            if (attribute != registers && attribute != frame_size) return;
            cubin_kernel* of = kernel_named(symbol_at(payload.number<std::uint32_t>(0)));
            if (of == nullptr) return;
            const auto value = payload.number<std::uint32_t>(4);
            if (attribute == registers)
              of->registers = static_cast<int>(value & 0xffff);
            else
              of->local_bytes = value;
          });
    } else if (each.name.starts_with(info)) {
      cubin_kernel* of = kernel_named(each.name.substr(info.size() + 1));
      if (of == nullptr) continue;
      detail::for_each_attribute(
          each.bytes, [&](int attribute, const detail::checked_bytes& payload) {
            if (attribute == parameter_size) of->parameter_bytes = payload.number<std::uint16_t>(0);
            if (attribute == most_threads)
              of->threads = static_cast<int>((payload.number<std::uint32_t>(0) & 0x7ff) *
                                             (payload.number<std::uint32_t>(4) & 0x7ff) *
                                             (payload.number<std::uint32_t>(8) & 0x7f));
          });
    } else if (each.name.starts_with(static_shared)) {
      if (cubin_kernel* of = kernel_named(each.name.substr(static_shared.size())); of != nullptr)
        of->static_shared_bytes = static_cast<std::int64_t>(each.size & 0xffffffffU);
    }
  }
  return kernels;
}

}  // namespace lathe::gpu
