/// @file
/// A value that several threads read and write. `<atomic>` would cost every file that includes
/// lathe.hpp 100 ms.
#pragma once

namespace lathe::detail {

/// As std::atomic for integers, bool and pointers; every access is sequentially consistent.
template <class Value>
class atomic {
 public:
  constexpr atomic(Value value = Value())  // NOLINT(google-explicit-constructor)
      : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  Value load() const noexcept { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }
  void store(Value value) noexcept { __atomic_store_n(&value_, value, __ATOMIC_SEQ_CST); }
  /// @returns the value before
  Value exchange(Value value) noexcept {
    return __atomic_exchange_n(&value_, value, __ATOMIC_SEQ_CST);
  }
  /// @returns the value before
  Value fetch_add(Value more) noexcept {
    return __atomic_fetch_add(&value_, more, __ATOMIC_SEQ_CST);
  }
  /// Stores `value` if `expected` is held; otherwise sets `expected` to what is. @returns stored
  bool compare_exchange(Value& expected, Value value) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, value, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
  }

 private:
  Value value_;
};

}  // namespace lathe::detail
