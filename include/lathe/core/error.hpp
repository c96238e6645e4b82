/// @file
/// Run-time errors of lathe. Every one carries an id ("LATHE-E101") and a text that names what is
/// wrong, what was expected and what to write instead.
///
/// Ids: E0xx compile time (core/diagnose.hpp), E1xx arguments and options, E2xx schedules and
/// traces, E3xx targets and code generation, E4xx store, E5xx search and measurement.
#pragma once

#include <lathe/config.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace lathe {

/// A user or device error. Bad candidates of a search are never errors: they are records.
class error : public std::exception {
 public:
  /// @param id    stable identifier, e.g. "LATHE-E101"
  /// @param text  what is wrong; what was expected; what to write instead
  error(std::string id, std::string text)
      : id_(std::move(id)), text_(std::move(text)), what_("[" + id_ + "] " + text_) {}

  /// The stable identifier, e.g. "LATHE-E101".
  const std::string& id() const noexcept { return id_; }
  /// The message without the id.
  const std::string& text() const noexcept { return text_; }
  /// "[LATHE-E101] text".
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string id_;
  std::string text_;
  std::string what_;
};

/// Throws `error{id, text}`; without exceptions prints it to stderr and aborts.
[[noreturn]] inline void fail(std::string id, std::string text) {
#if LATHE_HAS_EXCEPTIONS
  throw error(std::move(id), std::move(text));
#else
  std::fprintf(stderr, "[%s] %s\n", id.c_str(), text.c_str());
  std::abort();
#endif
}

/// A value or the error that prevented it: what the `try_` twins return. Holds its value in a
/// union: as many types are returned this way as optional<> would cost 4 ms of compile time each.
template <class Value>
class result {
 public:
  result(Value value)  // NOLINT(google-explicit-constructor)
      : value_(static_cast<Value&&>(value)) {}
  result(lathe::error failure)  // NOLINT(google-explicit-constructor)
      : none_(), failure_(std::move(failure)) {}
  result(const result& other) : none_(), failure_(other.failure_) {
    if (other) ::new (static_cast<void*>(&value_)) Value(other.value_);
  }
  result(result&& other) noexcept : none_(), failure_(other.failure_) {
    if (other) ::new (static_cast<void*>(&value_)) Value(static_cast<Value&&>(other.value_));
  }
  result& operator=(result other) noexcept {
    this->~result();
    return *::new (static_cast<void*>(this)) result(static_cast<result&&>(other));
  }
  ~result() {
    if (has_value()) value_.~Value();
  }

  /// True when a value is held.
  bool has_value() const noexcept { return !failure_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. @pre has_value(); otherwise raises the held error.
  Value& value() & {
    check();
    return value_;
  }
  const Value& value() const& {
    check();
    return value_;
  }
  Value&& value() && {
    check();
    return static_cast<Value&&>(value_);
  }
  Value& operator*() & { return value(); }
  const Value& operator*() const& { return value(); }
  Value* operator->() { return &value(); }
  const Value* operator->() const { return &value(); }

  /// The error. @pre !has_value()
  const lathe::error& error() const { return *failure_; }

 private:
  void check() const {
    if (failure_) fail(failure_->id(), failure_->text());
  }

  union {
    char none_;
    Value value_;
  };
  std::optional<lathe::error> failure_;
};

}  // namespace lathe
