#include "cuda/simulator/guarded_memory.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace cuda_simulator {
namespace {

/// Address space costs nothing: wrong indices are seldom further away.
constexpr std::size_t guard_bytes = std::size_t{64} << 20;

}  // namespace

guarded_memory::guarded_memory(std::size_t bytes, std::size_t alignment, placement where)
    : bytes_(bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  page_bytes_ = (bytes + page - 1) / page * page;
  block_bytes_ = page_bytes_ + 2 * guard_bytes;
  void* const block =
      mmap(nullptr, block_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) {
    std::perror("cuda simulator: mmap");
    std::abort();
  }
  block_ = static_cast<std::byte*>(block);
  pages_ = block_ + guard_bytes;
  data_ = pages_;
  if (where == placement::at_end) data_ += (page_bytes_ - bytes) / alignment * alignment;
  if (page_bytes_ == 0) return;
  mprotect(pages_, page_bytes_, PROT_READ | PROT_WRITE);
  std::memset(pages_, 0xff, page_bytes_);
}

guarded_memory::~guarded_memory() {
  if (block_ != nullptr) munmap(block_, block_bytes_);
}

guarded_memory::guarded_memory(guarded_memory&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      pages_(other.pages_),
      data_(other.data_),
      block_bytes_(other.block_bytes_),
      page_bytes_(other.page_bytes_),
      bytes_(other.bytes_) {}

void guarded_memory::poison() {
  if (bytes_ > 0) std::memset(data_, 0xff, bytes_);
}

void guarded_memory::forbid_writing() {
  if (page_bytes_ > 0) mprotect(pages_, page_bytes_, PROT_READ);
}

std::ptrdiff_t guarded_memory::overwritten() const {
  for (const std::byte* at = data_ + bytes_; at < pages_ + page_bytes_; ++at)
    if (*at != std::byte{0xff}) return at - data_;
  for (const std::byte* at = data_; at-- > pages_;)
    if (*at != std::byte{0xff}) return at - data_;
  return 0;
}

bool guarded_memory::is_near(const void* address) const {
  const auto* const at = static_cast<const std::byte*>(address);
  return at >= block_ && at < block_ + block_bytes_;
}

}  // namespace cuda_simulator
