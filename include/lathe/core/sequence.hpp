/// @file
/// The growing array of lathe's own data structures. Why not std::vector: every element type costs
/// g++ 12 about 20 ms of front end and 120 ms at -O2, and lathe has about 85 of them; this one
/// costs a tenth of that and is what brings the header-only mode within its compile-time budget
/// (bench/compile_time). Users pass std::vector, std::array, std::span or pointers, as they like.
#pragma once

#include <lathe/config.hpp>

#include <cstddef>
#include <initializer_list>
#include <new>

namespace lathe {

/// A contiguous array that grows at its end: the members of std::vector that lathe uses, with the
/// same meaning and complexity. Differences: iterators are pointers, elements must not throw when
/// they are moved, elements of the same array may not be passed to insert(), and anything with
/// data() and size() converts to it.
template <class Element>
class sequence {
 public:
  using value_type = Element;
  using iterator = Element*;
  using const_iterator = const Element*;

  sequence() noexcept = default;
  sequence(std::initializer_list<Element> values) : sequence() {
    copy(values.begin(), values.size());
  }
  /// `count` elements with the value Element{}.
  explicit sequence(std::size_t count) : sequence() { resize(count); }
  /// `count` copies of `value`.
  sequence(std::size_t count, const Element& value) : sequence() { assign(count, value); }
  /// Copies of [first, last).
  template <class Iterator>
  requires requires(Iterator at) { *at; }
  sequence(Iterator first, Iterator last) : sequence() { append(first, last); }
  /// Copies of the elements of another contiguous container.
  template <class Range>
  requires requires(const Range& range) {
    static_cast<Element>(*range.data());
    range.size();
  }
  sequence(const Range& range) : sequence() {  // NOLINT(google-explicit-constructor)
    copy(range.data(), range.size());
  }
  sequence(const sequence& other) : sequence() { copy(other.first_, other.size_); }
  sequence(sequence&& other) noexcept
      : first_(other.first_), size_(other.size_), capacity_(other.capacity_) {
    other.first_ = nullptr;
    other.size_ = other.capacity_ = 0;
  }
  sequence& operator=(sequence other) noexcept {
    swap(other);
    return *this;
  }
  ~sequence() {
    clear();
    ::operator delete(first_);
  }

  void swap(sequence& other) noexcept {
    Element* const first = first_;
    const std::size_t size = size_, capacity = capacity_;
    first_ = other.first_, size_ = other.size_, capacity_ = other.capacity_;
    other.first_ = first, other.size_ = size, other.capacity_ = capacity;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  Element* data() noexcept { return first_; }
  const Element* data() const noexcept { return first_; }
  Element* begin() noexcept { return first_; }
  Element* end() noexcept { return first_ + size_; }
  const Element* begin() const noexcept { return first_; }
  const Element* end() const noexcept { return first_ + size_; }
  /// @pre The element exists.
  Element& operator[](std::size_t index) noexcept { return first_[index]; }
  const Element& operator[](std::size_t index) const noexcept { return first_[index]; }
  Element& front() noexcept { return first_[0]; }
  const Element& front() const noexcept { return first_[0]; }
  Element& back() noexcept { return first_[size_ - 1]; }
  const Element& back() const noexcept { return first_[size_ - 1]; }

  /// Room for `capacity` elements without moving any.
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) move_to(capacity);
  }
  void push_back(const Element& value) {
    if (size_ != capacity_) {
      ::new (static_cast<void*>(first_ + size_)) Element(value);
      ++size_;
    } else {
      emplace_back(Element(value));  // it may be one of ours, which growing moves
    }
  }
  void push_back(Element&& value) { emplace_back(static_cast<Element&&>(value)); }
  /// Constructs the new last element. @pre The arguments are not elements of this array.
  template <class... Arguments>
  Element& emplace_back(Arguments&&... arguments) {
    if (size_ == capacity_) grow(1);
    Element* const at =
        ::new (static_cast<void*>(first_ + size_)) Element(static_cast<Arguments&&>(arguments)...);
    ++size_;
    return *at;
  }
  /// Copies [first, last) to the end. @pre The range is not part of this array.
  template <class Iterator>
  void append(Iterator first, Iterator last) {
    if constexpr (requires { last - first; })
      reserve(size_ + static_cast<std::size_t>(last - first));
    for (; first != last; ++first) emplace_back(*first);
  }
  void pop_back() noexcept { first_[--size_].~Element(); }
  void clear() noexcept { shrink(0); }
  /// New elements have the value Element{}.
  LATHE_COLD void resize(std::size_t count) {
    shrink(count);
    reserve(count);
    for (; size_ < count; ++size_) ::new (static_cast<void*>(first_ + size_)) Element();
  }
  LATHE_COLD void resize(std::size_t count, const Element& value) {
    shrink(count);
    reserve(count);
    for (; size_ < count; ++size_) ::new (static_cast<void*>(first_ + size_)) Element(value);
  }
  LATHE_COLD void assign(std::size_t count, const Element& value) {
    clear();
    resize(count, value);
  }
  template <class Iterator>
  requires requires(Iterator at) { *at; }
  LATHE_COLD void assign(Iterator first, Iterator last) {
    clear();
    append(first, last);
  }

  /// Puts `value` before `at`; O(elements behind it).
  LATHE_COLD Element* insert(const Element* at, Element value) {
    Element* const place = gap(at, 1);
    *place = static_cast<Element&&>(value);
    return place;
  }
  /// Puts copies of [first, last) before `at`. @pre The range is not part of this array.
  template <class Iterator>
  LATHE_COLD Element* insert(const Element* at, Iterator first, Iterator last) {
    Element* const place = gap(at, static_cast<std::size_t>(last - first));
    for (Element* to = place; first != last; ++first, ++to) *to = *first;
    return place;
  }
  Element* erase(const Element* at) { return erase(at, at + 1); }
  LATHE_COLD Element* erase(const Element* first, const Element* last) {
    Element* const place = first_ + (first - first_);
    if (first == last) return place;
    Element* to = place;
    for (Element* from = first_ + (last - first_); from != end(); ++from, ++to)
      *to = static_cast<Element&&>(*from);
    shrink(static_cast<std::size_t>(to - first_));
    return place;
  }

  friend bool operator==(const sequence& left, const sequence& right) {
    if (left.size_ != right.size_) return false;
    for (std::size_t i = 0; i != left.size_; ++i)
      if (!(left.first_[i] == right.first_[i])) return false;
    return true;
  }
  /// Lexicographical.
  friend bool operator<(const sequence& left, const sequence& right) {
    for (std::size_t i = 0; i != left.size_ && i != right.size_; ++i) {
      if (left.first_[i] < right.first_[i]) return true;
      if (right.first_[i] < left.first_[i]) return false;
    }
    return left.size_ < right.size_;
  }

 private:
  // Appends the elements from[0] to from[count - 1], which are not of this array.
  LATHE_COLD void copy(const Element* from, std::size_t count) {
    reserve(size_ + count);
    for (const Element* const end = from + count; from != end; ++from, ++size_)
      ::new (static_cast<void*>(first_ + size_)) Element(*from);
  }
  LATHE_COLD void shrink(std::size_t count) noexcept {
    while (size_ > count) first_[--size_].~Element();
  }
  // Kept out of line: every push_back() has a call of it.
  __attribute__((noinline)) LATHE_COLD void grow(std::size_t count) {
    const std::size_t twice = capacity_ == 0 ? 4 : 2 * capacity_, least = size_ + count;
    move_to(twice > least ? twice : least);
  }
  LATHE_COLD void move_to(std::size_t capacity) {
    static_assert(alignof(Element) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    Element* const to = static_cast<Element*>(::operator new(capacity * sizeof(Element)));
    for (std::size_t i = 0; i != size_; ++i) {
      ::new (static_cast<void*>(to + i)) Element(static_cast<Element&&>(first_[i]));
      first_[i].~Element();
    }
    ::operator delete(first_);
    first_ = to;
    capacity_ = capacity;
  }
  // `count` assignable elements before `at`.
  LATHE_COLD Element* gap(const Element* at, std::size_t count) {
    const std::size_t place = static_cast<std::size_t>(at - first_), old = size_;
    if (count == 0) return first_ + place;  // not every type may be moved to itself
    if (size_ + count > capacity_) grow(count);
    resize(size_ + count);
    for (std::size_t i = old; i-- > place;) first_[i + count] = static_cast<Element&&>(first_[i]);
    return first_ + place;
  }

  Element* first_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Removes the elements for which `wanted(element)` is true; the others keep their order.
template <class Element, class Predicate>
void erase_if(sequence<Element>& of, const Predicate& wanted) {
  Element* to = of.begin();
  for (Element& each : of) {
    if (wanted(each)) continue;
    if (to != &each) *to = static_cast<Element&&>(each);
    ++to;
  }
  of.erase(to, of.end());
}

}  // namespace lathe
