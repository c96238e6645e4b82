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

/// A value or the error that prevented it: what the `try_` twins return.
template <class Value>
class result {
 public:
  result(Value value) : value_(std::move(value)) {}           // NOLINT(google-explicit-constructor)
  result(lathe::error failure) : failure_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)

  /// True when a value is held.
  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. @pre has_value(); otherwise raises the held error.
  Value& value() & {
    if (!value_) fail(failure_->id(), failure_->text());
    return *value_;
  }
  const Value& value() const& {
    if (!value_) fail(failure_->id(), failure_->text());
    return *value_;
  }
  Value&& value() && {
    if (!value_) fail(failure_->id(), failure_->text());
    return std::move(*value_);
  }
  Value& operator*() & { return value(); }
  const Value& operator*() const& { return value(); }
  Value* operator->() { return &value(); }
  const Value* operator->() const { return &value(); }

  /// The error. @pre !has_value()
  const lathe::error& error() const { return *failure_; }

 private:
  std::optional<Value> value_;
  std::optional<lathe::error> failure_;
};

}  // namespace lathe
