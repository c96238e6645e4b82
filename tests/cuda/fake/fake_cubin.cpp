#include "cuda/fake/fake_cubin.hpp"

#include <cstdint>
#include <cstring>
#include <elf.h>

namespace fake_cuda {
namespace {

constexpr Elf64_Half machine_cuda = 190;
constexpr std::string_view host_section = ".lathe.host";

template <class Value>
void append(std::string& to, const Value& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// An attribute of .nv.info: format 4 (a size and that many bytes), number, two words.
void append_attribute(std::string& to, unsigned char number, std::uint32_t first,
                      std::uint32_t second) {
  append(to, static_cast<unsigned char>(4));
  append(to, number);
  append(to, static_cast<std::uint16_t>(8));
  append(to, first);
  append(to, second);
}

constexpr unsigned char frame_size = 0x11, register_count = 0x2f, max_threads = 0x05;

/// Collects sections; the first one is empty, as ELF wants.
class elf_file {
 public:
  elf_file() : names_(1, '\0') { headers_.emplace_back(); }

  std::size_t add(std::string_view name, Elf64_Word type, std::string_view contents) {
    while (contents_.size() % 16 != 0) contents_ += '\0';
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names_.size());
    names_.append(name).push_back('\0');
    header.sh_type = type;
    header.sh_offset = sizeof(Elf64_Ehdr) + contents_.size();
    header.sh_size = contents.size();
    header.sh_addralign = 16;
    contents_ += contents;
    headers_.push_back(header);
    return headers_.size() - 1;
  }
  Elf64_Shdr& header(std::size_t section) { return headers_[section]; }

  std::string finish() {
    const std::string section_names = names_ + ".shstrtab" + '\0';
    const std::size_t last = add(".shstrtab", SHT_STRTAB, section_names);
    while (contents_.size() % 16 != 0) contents_ += '\0';
    Elf64_Ehdr file{};
    std::memcpy(file.e_ident, ELFMAG, SELFMAG);
    file.e_ident[EI_CLASS] = ELFCLASS64;
    file.e_ident[EI_DATA] = ELFDATA2LSB;
    file.e_ident[EI_VERSION] = EV_CURRENT;
    file.e_type = ET_EXEC;
    file.e_machine = machine_cuda;
    file.e_version = EV_CURRENT;
    file.e_shoff = sizeof file + contents_.size();
    file.e_ehsize = sizeof file;
    file.e_shentsize = sizeof(Elf64_Shdr);
    file.e_shnum = static_cast<Elf64_Half>(headers_.size());
    file.e_shstrndx = static_cast<Elf64_Half>(last);
    std::string out;
    append(out, file);
    out += contents_;
    for (const Elf64_Shdr& each : headers_) append(out, each);
    return out;
  }

 private:
  std::string names_, contents_;
  std::vector<Elf64_Shdr> headers_;
};

}  // namespace

std::string write_cubin(std::span<const cubin_kernel> kernels, std::string_view host_library) {
  elf_file file;
  std::string names(1, '\0'), symbols(sizeof(Elf64_Sym), '\0'), info;
  constexpr std::string_view no_operation(
      "\x18\x79\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc0\x0f\x00", 16);
  for (std::size_t at = 0; at < kernels.size(); ++at) {
    const cubin_kernel& kernel = kernels[at];
    const auto symbol_index = static_cast<std::uint32_t>(at + 1);
    const std::size_t text = file.add(".text." + kernel.name, SHT_PROGBITS, no_operation);
    file.header(text).sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    file.header(text).sh_info = kernel.registers << 24 | symbol_index;
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(names.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = static_cast<Elf64_Half>(text);
    symbol.st_size = no_operation.size();
    append(symbols, symbol);
    names.append(kernel.name).push_back('\0');
    append_attribute(info, register_count, symbol_index, kernel.registers);
    append_attribute(info, frame_size, symbol_index, kernel.frame);
    std::string own;
    if (kernel.most_threads > 0) {  // three words
      append(own, static_cast<unsigned char>(4));
      append(own, max_threads);
      append(own, static_cast<std::uint16_t>(12));
      for (const std::uint32_t size : {kernel.most_threads, 1U, 1U}) append(own, size);
    }
    file.add(".nv.info." + kernel.name, 0x70000000, own);
  }
  file.add(".nv.info", 0x70000000, info);
  const std::size_t strings = file.add(".strtab", SHT_STRTAB, names);
  const std::size_t table = file.add(".symtab", SHT_SYMTAB, symbols);
  file.header(table).sh_link = static_cast<Elf64_Word>(strings);
  file.header(table).sh_entsize = sizeof(Elf64_Sym);
  file.header(table).sh_info = 1;
  file.add(host_section, SHT_PROGBITS, host_library);
  return file.finish();
}

bool read_cubin(const void* image, cubin_contents& out) {
  const auto* const first = static_cast<const char*>(image);
  if (image == nullptr || std::memcmp(first, ELFMAG, SELFMAG) != 0) return false;
  Elf64_Ehdr file;
  std::memcpy(&file, first, sizeof file);
  if (file.e_machine != machine_cuda) return false;
  std::vector<Elf64_Shdr> headers(file.e_shnum);
  std::memcpy(headers.data(), first + file.e_shoff, headers.size() * sizeof(Elf64_Shdr));
  const char* const names = first + headers[file.e_shstrndx].sh_offset;
  std::string_view info;
  const auto contents = [&](const Elf64_Shdr& header) {
    return std::string_view(first + header.sh_offset, header.sh_size);
  };
  const auto word = [](std::string_view from, std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, from.data() + at, sizeof value);
    return value;
  };
  constexpr std::string_view own_info = ".nv.info.";
  for (const Elf64_Shdr& header : headers) {
    const std::string_view name = names + header.sh_name;
    if (name == host_section) out.host_library = contents(header);
    if (name == ".nv.info") info = contents(header);
    if (!name.starts_with(own_info)) continue;
    cubin_kernel& kernel = out.kernels.emplace_back();
    kernel.name = name.substr(own_info.size());
    if (header.sh_size >= 16) kernel.most_threads = word(contents(header), 4);
  }
  for (std::size_t at = 0; at + 12 <= info.size(); at += 12) {
    cubin_kernel& kernel = out.kernels[word(info, at + 4) - 1];
    const auto number = static_cast<unsigned char>(info[at + 1]);
    (number == register_count ? kernel.registers : kernel.frame) = word(info, at + 8);
  }
  return !out.host_library.empty();
}

}  // namespace fake_cuda
