/// @file
/// Bodies of winner.hpp.
#pragma once

#include <lathe/core/number_text.hpp>
#include <lathe/store/plan_text.hpp>
#include <lathe/store/text.hpp>
#include <lathe/store/winner.hpp>

#include <utility>

namespace lathe {

LATHE_INLINE bool ranks_before(const winner& left, const winner& right) {
  if (left.median_seconds != right.median_seconds) {
    return left.median_seconds < right.median_seconds;
  }
  const bool left_imported = left.origin == provenance::imported;
  const bool right_imported = right.origin == provenance::imported;
  if (left_imported != right_imported) return right_imported;
  if (left.trace.size() != right.trace.size()) return left.trace.size() < right.trace.size();
  if (left.trace != right.trace) return left.trace < right.trace;
  return detail::line_of(left).value_or("") < detail::line_of(right).value_or("");
}

LATHE_INLINE winner without_code(winner source) {
  source.origin = provenance::imported;
  source.object_digest.clear();
  source.llvm_version.clear();
  source.cpu_features.clear();
  source.plan.reset();
  return source;
}

namespace detail {

inline constexpr std::size_t max_trace = std::size_t{256} << 10;  // [bytes]
inline constexpr std::size_t max_name = 4096;                     // [bytes]

// Takes known fields out of a record one by one; what is left belongs to later versions.
class field_reader {
 public:
  explicit field_reader(sequence<field> fields) : fields_(std::move(fields)) {}

  // The value of a field, "" if it is absent; longer than `limit` bytes fails the record.
  std::string take(std::string_view name, std::size_t limit) {
    field* found = fields_.begin();
    while (found != fields_.end() && found->name != name) ++found;
    if (found == fields_.end()) return {};
    std::string value = std::move(found->value);
    fields_.erase(found);
    if (value.size() > limit) failed_ = true;
    return value;
  }
  std::string require(std::string_view name, std::size_t limit) {
    std::string value = take(name, limit);
    if (value.empty()) failed_ = true;
    return value;
  }
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t greatest) {
    return checked(parse_integer(require(name, 32), least, greatest));
  }
  double number(std::string_view name) { return checked(parse_number(require(name, 32))); }
  double positive(std::string_view name) {
    const double value = number(name);
    if (value <= 0) failed_ = true;
    return value;
  }
  cache_key key() {
    auto value = checked(parse_key(require("key", max_name)));
    value.op = take("op", max_name);
    value.extents = take("extents", max_name);
    return value;
  }
  // The value, or a default and a failed record.
  template <class Value>
  Value checked(std::optional<Value> value) {
    if (!value) failed_ = true;
    return value ? std::move(*value) : Value{};
  }
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  sequence<field> rest() { return std::move(fields_); }

 private:
  sequence<field> fields_;
  bool failed_ = false;
};

LATHE_INLINE std::optional<provenance> parse_provenance(std::string_view word) {
  for (const auto origin : {provenance::searched, provenance::estimate, provenance::imported}) {
    if (word == name_of(origin)) return origin;
  }
  return std::nullopt;
}

// "2026-01-31T12:00:00Z" or empty.
LATHE_INLINE bool is_date(std::string_view text) {
  static constexpr std::string_view shape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.empty()) return true;
  if (text.size() != shape.size()) return false;
  for (std::size_t at = 0; at < shape.size(); ++at)
    if (shape[at] == 'd' ? text[at] < '0' || text[at] > '9' : text[at] != shape[at]) return false;
  return true;
}

LATHE_INLINE winner read_winner(field_reader& in) {
  winner out;
  out.key = in.key();
  out.trace = in.require("trace", max_trace);
  out.best_seconds = in.positive("best");
  out.median_seconds = in.positive("median");
  out.samples = static_cast<int>(in.integer("samples", 1, 1'000'000'000));
  out.gflops = in.number("gflops");
  out.origin = in.checked(parse_provenance(in.require("origin", 32)));
  out.effort.level = in.take("effort", 32);
  if (out.effort.is_known()) {
    out.effort.seconds = in.number("searched");
    out.effort.trials = static_cast<int>(in.integer("tried", 0, 1'000'000'000));
    out.effort.stopped = in.require("stopped", 32);
    out.effort.space = in.take("space", 32);
  }
  out.choices = in.take("choices", max_name);
  out.version = in.take("version", 64);
  out.date = in.take("date", 32);
  out.object_digest = in.take("object", 64);
  out.llvm_version = in.take("llvm", 256);
  out.cpu_features = in.take("features", max_name);
  const std::string& digest = out.object_digest;
  const bool is_digest =
      digest.empty() || (digest.size() == 64 && parse_hex(digest.substr(0, 16), 16) &&
                         parse_hex(digest.substr(16, 16), 16) &&
                         parse_hex(digest.substr(32, 16), 16) && parse_hex(digest.substr(48), 16));
  if (!is_digest || !is_date(out.date)) in.fail();
  if (const auto plan = in.take("plan", max_payload); !plan.empty()) {
    out.plan = in.checked(parse_plan(plan));
  }
  return out;
}

LATHE_INLINE trial read_trial(field_reader& in) {
  trial out;
  out.key_hash = in.require("key_hash", 32);
  if (out.key_hash.size() != 32 || !parse_hex(out.key_hash.substr(0, 16), 16) ||
      !parse_hex(out.key_hash.substr(16), 16)) {
    in.fail();
  }
  out.number = in.integer("number", 0, std::int64_t{1} << 50);
  out.trace = in.require("trace", max_trace);
  out.outcome = in.require("outcome", 64);
  out.maker = in.take("maker", 64);
  if (const auto times = in.take("times", max_payload); !times.empty()) {
    for (const auto part : split_text(times, ' ')) {
      out.times.push_back(in.checked(parse_number(part)));
    }
  }
  return out;
}

LATHE_INLINE rejected_trace read_rejection(field_reader& in) {
  rejected_trace out;
  out.key = in.key();
  out.trace = in.require("trace", max_trace);
  out.reason = in.take("reason", max_name);
  return out;
}

LATHE_INLINE std::string_view stored_key(std::string_view payload) {
  // What line_of() writes, up to the key.
  static const std::string schema = "schema=" + std::to_string(record_schema) + '\t';
  const auto skip = [&](std::string_view start) {
    if (!payload.starts_with(start)) return false;
    payload.remove_prefix(start.size());
    return true;
  };
  if (!skip("kind=winner\t") && !skip("kind=rejected\t")) return {};
  if (!skip(schema) || !skip("key=")) return {};
  return payload.substr(0, payload.find('\t'));
}

LATHE_INLINE std::string stored_form(const cache_key& key) { return escaped(key.text(), "@"); }

LATHE_INLINE decoded decode(std::string_view payload) {
  auto fields = parse_fields(payload);
  if (!fields) return {};
  field_reader in(std::move(*fields));
  const std::string kind = in.require("kind", 64);
  const auto schema = in.integer("schema", 1, 1'000'000'000);
  if (in.failed()) return {};
  decoded out;
  if (schema > record_schema) {
    out.what = decoded::state::newer;
    return out;
  }
  const auto finish = [&](auto& place, auto value) {
    if (in.failed()) return;
    value.unknown = in.rest();
    place = std::move(value);
    out.what = decoded::state::ok;
  };
  if (kind == "winner")
    finish(out.is_winner, read_winner(in));
  else if (kind == "trial")
    finish(out.is_trial, read_trial(in));
  else if (kind == "rejected")
    finish(out.is_rejected_trace, read_rejection(in));
  else
    out.what = decoded::state::newer;
  return out;
}

// Frames the fields and reads them back: a line that this version would not accept is not written.
template <class Value>
std::optional<std::string> checked_line(sequence<field> fields, const Value& value) {
  erase_if(fields, [](const field& one) { return one.value.empty(); });
  fields.insert(fields.end(), value.unknown.begin(), value.unknown.end());
  auto line = framed(fields);
  if (!line) return std::nullopt;
  const auto found = line_scanner(*line).next();
  if (!found || decode(found->payload).what != decoded::state::ok) return std::nullopt;
  return line;
}

LATHE_INLINE std::optional<std::string> line_of(const winner& value) {
  const bool known = value.effort.is_known();
  return checked_line({{"kind", "winner"},
                       {"schema", std::to_string(record_schema)},
                       {"key", value.key.text()},
                       {"op", value.key.op},
                       {"extents", value.key.extents},
                       {"trace", value.trace},
                       {"best", number_text(value.best_seconds)},
                       {"median", number_text(value.median_seconds)},
                       {"samples", std::to_string(value.samples)},
                       {"gflops", number_text(value.gflops)},
                       {"origin", name_of(value.origin)},
                       {"effort", value.effort.level},
                       {"searched", known ? number_text(value.effort.seconds) : ""},
                       {"tried", known ? std::to_string(value.effort.trials) : ""},
                       {"stopped", known ? value.effort.stopped : ""},
                       {"space", known ? value.effort.space : ""},
                       {"choices", value.choices},
                       {"version", value.version},
                       {"date", value.date},
                       {"object", value.object_digest},
                       {"llvm", value.llvm_version},
                       {"features", value.cpu_features},
                       {"plan", value.plan ? plan_text(*value.plan) : std::string()}},
                      value);
}

LATHE_INLINE std::optional<std::string> line_of(const trial& value) {
  std::string times;
  for (const double time : value.times) {
    if (!times.empty()) times += ' ';
    times += number_text(time);
  }
  return checked_line({{"kind", "trial"},
                       {"schema", std::to_string(record_schema)},
                       {"key_hash", value.key_hash},
                       {"number", std::to_string(value.number)},
                       {"trace", value.trace},
                       {"outcome", value.outcome},
                       {"maker", value.maker},
                       {"times", times}},
                      value);
}

LATHE_INLINE std::optional<std::string> line_of(const rejected_trace& value) {
  return checked_line({{"kind", "rejected"},
                       {"schema", std::to_string(record_schema)},
                       {"key", value.key.text()},
                       {"op", value.key.op},
                       {"extents", value.key.extents},
                       {"trace", value.trace},
                       {"reason", value.reason}},
                      value);
}

}  // namespace detail
}  // namespace lathe
