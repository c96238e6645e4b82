/// @file
/// Bodies of shared_memory.hpp: a Linux memfd.
#pragma once

#include <lathe/measure/shared_memory.hpp>

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {

LATHE_INLINE result<shared_memory> shared_memory::create(std::int64_t bytes) {
  const int file = memfd_create("lathe", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, bytes) != 0) {
    const std::string why = std::strerror(errno);
    if (file >= 0) close(file);
    return error("LATHE-E501",
                 "cannot share " + std::to_string(bytes) + " bytes of memory: " + why);
  }
  return attach(file);
}

LATHE_INLINE result<shared_memory> shared_memory::attach(int file) {
  shared_memory out;
  out.file_ = file;
  struct stat about {};
  void* mapped = MAP_FAILED;
  if (fstat(file, &about) == 0 && about.st_size > 0) {
    mapped = mmap(nullptr, static_cast<std::size_t>(about.st_size), PROT_READ | PROT_WRITE,
                  MAP_SHARED, file, 0);
  }
  if (mapped == MAP_FAILED)
    return error("LATHE-E501", std::string("cannot map shared memory: ") + std::strerror(errno));
  out.data_ = static_cast<std::byte*>(mapped);
  out.bytes_ = about.st_size;
  return out;
}

LATHE_INLINE shared_memory::~shared_memory() {
  if (data_ != nullptr) munmap(data_, static_cast<std::size_t>(bytes_));
  if (file_ >= 0) close(file_);
}

}  // namespace lathe
