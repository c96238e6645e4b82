/// @file
/// Pointers that own: one owner, or several that share. `<memory>`, which brings `<ostream>` and
/// the locales with it, would cost every file that includes lathe.hpp 140 ms.
#pragma once

#include <lathe/core/atomic.hpp>

#include <cstdlib>
#include <utility>

namespace lathe {

/// Releases what `new` made.
struct by_delete {
  template <class Value>
  void operator()(Value* owned) const {
    delete owned;
  }
};

/// Releases what malloc or aligned_alloc made.
struct by_free {
  void operator()(void* owned) const { std::free(owned); }
};

/// Owns one object, as std::unique_ptr.
template <class Value, class Release = by_delete>
class owner {
 public:
  owner() = default;
  explicit owner(Value* owned, Release releases = Release()) : owned_(owned), release_(releases) {}
  owner(owner&& other) noexcept
      : owned_(std::exchange(other.owned_, nullptr)), release_(other.release_) {}
  owner& operator=(owner&& other) noexcept {
    std::swap(owned_, other.owned_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~owner() {
    if (owned_ != nullptr) release_(owned_);
  }

  Value* get() const noexcept { return owned_; }
  Value* operator->() const noexcept { return owned_; }
  Value& operator*() const noexcept { return *owned_; }
  explicit operator bool() const noexcept { return owned_ != nullptr; }
  /// Gives the object up: the caller owns it.
  Value* release() noexcept { return std::exchange(owned_, nullptr); }

 private:
  Value* owned_ = nullptr;
  Release release_{};
};

/// Counts the owners of one object; the type of the object is known to `destroy` only.
struct share_count {
  detail::atomic<long> owners{1};
  void (*destroy)(share_count*) = nullptr;
};

/// One of several owners of an object, as std::shared_ptr; the last one destroys it. Value may be
/// incomplete everywhere but in make().
template <class Value>
class shared {
 public:
  shared() = default;
  shared(const shared& other) noexcept : value_(other.value_), count_(other.count_) {
    if (count_ != nullptr) count_->owners.fetch_add(1);
  }
  shared(shared&& other) noexcept
      : value_(std::exchange(other.value_, nullptr)),
        count_(std::exchange(other.count_, nullptr)) {}
  /// From an owner of the same object that may change it.
  template <class Changeable>
  shared(shared<Changeable> other) noexcept  // NOLINT(google-explicit-constructor)
      : value_(std::exchange(other.value_, nullptr)),
        count_(std::exchange(other.count_, nullptr)) {}
  shared& operator=(shared other) noexcept {
    std::swap(value_, other.value_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~shared() {
    if (count_ != nullptr && count_->owners.fetch_add(-1) == 1) count_->destroy(count_);
  }

  /// A new object made from these arguments, and its first owner.
  template <class... Arguments>
  static shared make(Arguments&&... arguments) {
    struct block : share_count {
      explicit block(Arguments&&... from) : value(static_cast<Arguments&&>(from)...) {}
      Value value;
    };
    auto* const made = new block(static_cast<Arguments&&>(arguments)...);
    made->destroy = [](share_count* count) { delete static_cast<block*>(count); };
    shared out;
    out.value_ = &made->value;
    out.count_ = made;
    return out;
  }

  Value* get() const noexcept { return value_; }
  Value* operator->() const noexcept { return value_; }
  Value& operator*() const noexcept { return *value_; }
  explicit operator bool() const noexcept { return value_ != nullptr; }

 private:
  template <class>
  friend class shared;

  Value* value_ = nullptr;
  share_count* count_ = nullptr;
};

}  // namespace lathe
