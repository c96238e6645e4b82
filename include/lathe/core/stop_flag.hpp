/// @file
/// What ends a search from outside.
#pragma once

#include <lathe/core/atomic.hpp>

namespace lathe {

/// Set by another thread or a signal handler, read by a search: see tune_options::cancel.
class stop_flag {
 public:
  constexpr explicit stop_flag(bool is_set = false) : is_set_(is_set) {}

  void set() noexcept { is_set_.store(true); }
  void clear() noexcept { is_set_.store(false); }
  bool is_set() const noexcept { return is_set_.load(); }

 private:
  detail::atomic<bool> is_set_;
};

}  // namespace lathe
