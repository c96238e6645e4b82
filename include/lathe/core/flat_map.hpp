/// @file
/// Ordered map and set as one sorted array. Those of lathe hold tens of entries, and a node-based
/// std::map of each kind would cost a TU ten times the compile time (bench/compile_time).
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>

namespace lathe {
namespace detail {

/// The first entry of the sorted array whose key is not below `key`; O(log n).
template <class Entry, class Key>
Entry* first_not_below(Entry* first, std::size_t count, const Key& key) {
  while (count != 0) {
    const std::size_t half = count / 2;
    if (first[half].first < key) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return first;
}

}  // namespace detail

/// A map sorted by key: lookup O(log n), insertion and removal O(n). An insertion or removal
/// invalidates all iterators and references, unlike std::map's.
template <class Key, class Value>
class flat_map {
 public:
  struct entry {
    Key first;
    Value second;
  };
  using iterator = entry*;

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  void clear() { entries_.clear(); }
  entry* begin() { return entries_.begin(); }
  entry* end() { return entries_.end(); }
  const entry* begin() const { return entries_.begin(); }
  const entry* end() const { return entries_.end(); }

  /// The entry of `key`, end() if there is none. Keys of any type comparable with Key.
  template <class Other>
  entry* find(const Other& key) {
    entry* const at = detail::first_not_below(entries_.begin(), entries_.size(), key);
    return at != entries_.end() && !(key < at->first) ? at : entries_.end();
  }
  template <class Other>
  const entry* find(const Other& key) const {
    return const_cast<flat_map*>(this)->find(key);
  }
  template <class Other>
  bool contains(const Other& key) const {
    return find(key) != end();
  }
  /// The value of `key`, which becomes Value{} if there was none.
  Value& operator[](const Key& key) { return place(key)->second; }
  /// Adds an entry unless the key is there. Returns whether it did.
  bool add(const Key& key, Value value) {
    const std::size_t before = size();
    entry* const at = place(key);
    if (size() == before) return false;
    at->second = static_cast<Value&&>(value);
    return true;
  }
  /// Removes the entry of `key` if there is one.
  template <class Other>
  void erase(const Other& key) {
    entry* const at = find(key);
    if (at != end()) entries_.erase(at);
  }

 private:
  LATHE_COLD entry* place(const Key& key) {
    entry* const at = detail::first_not_below(entries_.begin(), entries_.size(), key);
    if (at != entries_.end() && !(key < at->first)) return at;
    return entries_.insert(at, entry{key, Value{}});
  }

  sequence<entry> entries_;
};

/// A sorted set; complexity and invalidation as of flat_map.
template <class Key>
class flat_set {
 public:
  std::size_t size() const { return keys_.size(); }
  bool empty() const { return keys_.empty(); }
  void clear() { keys_.clear(); }
  const Key* begin() const { return keys_.begin(); }
  const Key* end() const { return keys_.end(); }

  /// Adds `key`; false if it was there.
  template <class Other>
  LATHE_COLD bool insert(const Other& key) {
    const std::size_t at = place(key);
    if (at != keys_.size() && !(key < keys_[at])) return false;
    keys_.insert(keys_.begin() + at, Key(key));
    return true;
  }
  template <class Other>
  bool contains(const Other& key) const {
    const std::size_t at = place(key);
    return at != keys_.size() && !(key < keys_[at]);
  }
  /// Removes `key`; false if it was not there.
  template <class Other>
  bool erase(const Other& key) {
    const std::size_t at = place(key);
    if (at == keys_.size() || key < keys_[at]) return false;
    keys_.erase(keys_.begin() + at);
    return true;
  }

 private:
  template <class Other>
  LATHE_COLD std::size_t place(const Other& key) const {
    std::size_t first = 0, count = keys_.size();
    while (count != 0) {
      const std::size_t half = count / 2;
      if (keys_[first + half] < key) {
        first += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    return first;
  }

  sequence<Key> keys_;
};

}  // namespace lathe
