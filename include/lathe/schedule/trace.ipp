/// @file
/// Bodies of trace.hpp: the printer, and a recursive-descent parser that accepts the grammar and
/// nothing else. Traces come from files of unknown origin, so lengths and numbers are limited.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/hash.hpp>
#include <lathe/core/opcode.hpp>
#include <lathe/schedule/trace.hpp>

#include <cstring>

namespace lathe {
namespace detail {

/// Name of a primitive and an example that messages show.
struct primitive_form {
  primitive what;
  const char* name;
  const char* example;
};

inline constexpr primitive_form primitive_forms[] = {
    {primitive::split, "split", "split(C.i -> i0:_, i1:12)"},
    {primitive::fuse, "fuse", "fuse(C.i0, C.j0 -> ij)"},
    {primitive::reorder, "reorder", "reorder(C: ij k0 i1 k1)"},
    {primitive::vectorize, "vectorize", "vectorize(C.j2)"},
    {primitive::unroll, "unroll", "unroll(C.i2)"},
    {primitive::dot, "dot", "dot(C.k2)"},
    {primitive::tensor, "tensor", "tensor(C.k2)"},
    {primitive::parallel, "parallel", "parallel(C.ij)"},
    {primitive::inline_stage, "inline", "inline(P)"},
    {primitive::compute_at, "compute_at", "compute_at(P, C.c0)"},
    {primitive::cache_write, "cache_write", "cache_write(C at C.k0, register)"},
    {primitive::cache_read, "cache_read", "cache_read(B -> Bp at C.k0, [j/32 k j%32])"},
    {primitive::pack, "pack", "pack(W -> Wp, [f/16 c r s f%16])"},
    {primitive::rfactor, "rfactor", "rfactor(C.k1)"},
    {primitive::factor, "factor", "factor(C.l)"},
    {primitive::prefetch, "prefetch", "prefetch(A at C.k1, 4)"},
    {primitive::flatten, "flatten", "flatten(Y.y, Y.x -> yx)"},
    {primitive::pad, "pad", "pad(C.i, 64)"},
    {primitive::bind, "bind", "bind(C.i0, block)"},
    {primitive::buffers, "buffers", "buffers(As, 2)"},
    {primitive::phase, "phase", "phase(Y.x -> xr:2, xq:_)"},
    {primitive::line_buffer, "line_buffer", "line_buffer(P)"},
    {primitive::narrow, "narrow", "narrow(Y.rx: xr)"}};

// ------------------------------------------------------------------------------------- printer
LATHE_INLINE std::string joined(const sequence<std::string>& names, const char* prefix,
                                const char* separator) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : separator) + (prefix + name);
  return out;
}

LATHE_INLINE std::string layout_text(const sequence<layout_item>& layout) {
  if (layout.empty()) return {};
  std::string out;
  for (const layout_item& item : layout) {
    out += (out.empty() ? "" : " ") + ((item.reversed ? "-" : "") + item.axis);
    if (item.div != 1) out += "/" + std::to_string(item.div);
    if (item.mod != 0) out += "%" + std::to_string(item.mod);
    if (item.gap != 0) out += "+" + std::to_string(item.gap);
  }
  return ", [" + out + "]";
}

LATHE_INLINE std::string at_text(const step& value) {
  if (value.at_loop.empty()) return {};
  return " at " + value.at_stage + "." + value.at_loop;
}

LATHE_INLINE std::string arguments_text(const step& value) {
  switch (value.what) {
    case primitive::split:
    case primitive::phase: {
      std::string parts;
      for (const split_part& part : value.parts) {
        parts += (parts.empty() ? "" : ", ") + part.name + ":" +
                 (part.factor == 0 ? "_" : std::to_string(part.factor));
      }
      return value.stage + "." + value.loop + " -> " + parts;
    }
    case primitive::fuse:
    case primitive::flatten:
      return joined(value.loops, (value.stage + ".").c_str(), ", ") + " -> " + value.result;
    case primitive::reorder: return value.stage + ": " + joined(value.loops, "", " ");
    case primitive::inline_stage:
    case primitive::line_buffer: return value.stage;
    case primitive::compute_at: return value.stage + ", " + value.at_stage + "." + value.at_loop;
    case primitive::cache_write:
      return value.stage + at_text(value) + (value.result.empty() ? ", register" : ", buffer");
    case primitive::cache_read:
    case primitive::pack:
      return value.stage + " -> " + value.result + at_text(value) + layout_text(value.layout);
    case primitive::prefetch:
      return value.stage + at_text(value) + ", " + std::to_string(value.distance);
    case primitive::pad:
      return value.stage + "." + value.loop + ", " + std::to_string(value.distance);
    case primitive::bind: return value.stage + "." + value.loop + ", " + value.result;
    case primitive::buffers: return value.stage + ", " + std::to_string(value.distance);
    case primitive::narrow:
      return value.stage + "." + value.loop + (value.loops.empty() ? "" : ": ") +
             joined(value.loops, "", " ");
    case primitive::vectorize:
    case primitive::unroll:
    case primitive::dot:
    case primitive::tensor:
    case primitive::parallel:
    case primitive::rfactor:
    case primitive::factor: return value.stage + "." + value.loop;
  }
  return {};
}

// -------------------------------------------------------------------------------------- parser
/// Reads a trace left to right. Every member that reads returns false after noting the first
/// failure.
class trace_reader {
 public:
  explicit trace_reader(std::string_view text) : text_(text) {}

  /// Reads all steps up to the end of the text.
  LATHE_INLINE bool read(trace& into);
  /// The failure. @pre read() returned false
  LATHE_INLINE error failure() const;

 private:
  static constexpr std::size_t max_text = std::size_t{1} << 20;  // [bytes]
  static constexpr std::size_t max_steps = 4096;
  static constexpr std::size_t max_items = 64;  // of one list
  static constexpr std::size_t max_name = 63;   // [characters]

  static constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end() const { return at_ == text_.size(); }

  LATHE_INLINE bool fail_expecting(std::string what);
  LATHE_INLINE void skip_space();
  LATHE_INLINE bool skip_separators();
  LATHE_INLINE std::string found() const;

  LATHE_INLINE bool token(std::string_view wanted);
  LATHE_INLINE bool word(std::string_view wanted);
  LATHE_INLINE bool name(std::string& into, const char* what);
  LATHE_INLINE bool number(std::int64_t& into, const char* what);
  LATHE_INLINE bool loop(std::string& stage, std::string& into);
  LATHE_INLINE bool at_clause(step& into);
  LATHE_INLINE bool is_next(std::string_view wanted);
  LATHE_INLINE bool has_room(std::size_t count, const char* what);

  LATHE_INLINE bool read_step(step& into);
  LATHE_INLINE bool read_arguments(step& into);
  LATHE_INLINE bool read_parts(step& into);
  LATHE_INLINE bool read_fuse(step& into);
  LATHE_INLINE bool read_reorder(step& into);
  LATHE_INLINE bool read_names(step& into);
  LATHE_INLINE bool read_copy(step& into);
  LATHE_INLINE bool read_layout(sequence<layout_item>& into);
  LATHE_INLINE bool read_index(std::string& into);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string expected_;           // of the first failure
  const char* example_ = nullptr;  // of the primitive being read
};

LATHE_INLINE bool trace_reader::fail_expecting(std::string what) {
  if (expected_.empty()) expected_ = std::move(what);
  return false;
}

/// What stands at the position of the failure, for the message.
LATHE_INLINE std::string trace_reader::found() const {
  if (at_end()) return "the end of the trace";
  if (peek() == '\n') return "the end of the line";
  std::size_t end = at_;
  while (end < text_.size() && end - at_ < 20 && (is_letter(text_[end]) || is_digit(text_[end])))
    ++end;
  if (end > at_) return "'" + std::string(text_.substr(at_, end - at_)) + "'";
  const char c = peek();
  if (c >= ' ' && c <= '~') return std::string("'") + c + "'";
  constexpr const char* digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("the byte 0x") + digits[byte / 16] + digits[byte % 16];
}

LATHE_INLINE error trace_reader::failure() const {
  std::size_t line = 1, column = 1;
  for (std::size_t n = 0; n < at_; ++n) {
    column = text_[n] == '\n' ? 1 : column + 1;
    line += text_[n] == '\n' ? 1 : 0;
  }
  std::string text = "bad trace, line " + std::to_string(line) + ", column " +
                     std::to_string(column) + ": found " + found() + ", expected " + expected_;
  if (example_ != nullptr) text += std::string("; write it as in ") + example_;
  return {"LATHE-E201", std::move(text)};
}

/// White space, line ends and comments; between tokens of a step.
LATHE_INLINE void trace_reader::skip_space() {
  for (; !at_end(); ++at_) {
    const char c = peek();
    if (c == '#') {
      while (!at_end() && peek() != '\n') ++at_;
      if (at_end()) return;
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      return;
    }
  }
}

/// Everything that may stand between two steps; true if it separates them.
LATHE_INLINE bool trace_reader::skip_separators() {
  const std::size_t begin = at_;
  do skip_space();
  while (peek() == ';' && ++at_ > 0);
  return at_end() ||
         text_.substr(begin, at_ - begin).find_first_of(";\n") != std::string_view::npos;
}

LATHE_INLINE bool trace_reader::is_next(std::string_view wanted) {
  skip_space();
  return text_.substr(at_, wanted.size()) == wanted;
}

LATHE_INLINE bool trace_reader::token(std::string_view wanted) {
  if (!is_next(wanted)) return fail_expecting("'" + std::string(wanted) + "'");
  at_ += wanted.size();
  return true;
}

LATHE_INLINE bool trace_reader::word(std::string_view wanted) {
  const std::size_t end = at_ + wanted.size();
  if (!is_next(wanted)) return fail_expecting("'" + std::string(wanted) + "'");
  at_ += wanted.size();
  if (at_ < text_.size() && (is_letter(peek()) || is_digit(peek()))) {
    at_ = end - wanted.size();
    return fail_expecting("'" + std::string(wanted) + "'");
  }
  return true;
}

LATHE_INLINE bool trace_reader::name(std::string& into, const char* what) {
  skip_space();
  std::size_t end = at_;
  while (end < text_.size() && (is_letter(text_[end]) || (end > at_ && is_digit(text_[end]))))
    ++end;
  if (end == at_) return fail_expecting(what);
  if (end - at_ > max_name) {
    return fail_expecting("a name of at most " + std::to_string(max_name) + " characters");
  }
  into = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

LATHE_INLINE bool trace_reader::number(std::int64_t& into, const char* what) {
  skip_space();
  std::size_t end = at_;
  std::int64_t value = 0;
  while (end < text_.size() && is_digit(text_[end]) && value <= max_extent) {
    value = value * 10 + (text_[end++] - '0');
  }
  if (end == at_ || value < 1 || value > max_extent || peek() == '0') {
    return fail_expecting(std::string(what) + ", a number from 1 to 2^40");
  }
  into = value;
  at_ = end;
  return true;
}

LATHE_INLINE bool trace_reader::loop(std::string& stage, std::string& into) {
  return name(stage, "a loop, written stage.axis") && token(".") &&
         name(into, "the name of a loop of the stage");
}

LATHE_INLINE bool trace_reader::at_clause(step& into) {
  return word("at") && loop(into.at_stage, into.at_loop);
}

LATHE_INLINE bool trace_reader::has_room(std::size_t count, const char* what) {
  return count < max_items || fail_expecting("at most " + std::to_string(max_items) + " " + what);
}

/// split and phase: `C.i -> i0:_, i1:12`.
LATHE_INLINE bool trace_reader::read_parts(step& into) {
  const std::size_t rest = into.what == primitive::phase ? 1 : 0;  // the part that may be `_`
  if (!loop(into.stage, into.loop) || !token("->")) return false;
  do {
    split_part part;
    if (!has_room(into.parts.size(), "parts") || !name(part.name, "the name of a part") ||
        !token(":")) {
      return false;
    }
    if (into.parts.size() == rest && is_next("_")) {
      if (!word("_")) return false;
    } else if (!number(part.factor, "the iterations of this part")) {
      return false;
    }
    into.parts.push_back(std::move(part));
  } while (is_next(",") && token(","));
  return true;
}

/// fuse and flatten: `C.i0, C.j0 -> ij`.
LATHE_INLINE bool trace_reader::read_fuse(step& into) {
  do {
    std::string stage, one;
    if (!has_room(into.loops.size(), "loops")) return false;
    skip_space();
    const std::size_t begin = at_;
    if (!loop(stage, one)) return false;
    if (!into.loops.empty() && stage != into.stage) {
      at_ = begin;
      return fail_expecting("a loop of the same stage, " + into.stage);
    }
    into.stage = std::move(stage);
    into.loops.push_back(std::move(one));
  } while (is_next(",") && token(","));
  return token("->") && name(into.result, "the name for all of them");
}

LATHE_INLINE bool trace_reader::read_reorder(step& into) {
  return name(into.stage, "the name of a stage") && token(":") && read_names(into);
}

/// Names up to the closing parenthesis.
LATHE_INLINE bool trace_reader::read_names(step& into) {
  do {
    into.loops.emplace_back();
    if (!has_room(into.loops.size() - 1, "loops") ||
        !name(into.loops.back(), "the name of a loop")) {
      return false;
    }
  } while (!is_next(")"));
  return true;
}

LATHE_INLINE bool trace_reader::read_layout(sequence<layout_item>& into) {
  if (!token("[")) return false;
  do {
    layout_item item;
    item.reversed = is_next("-");
    if (!has_room(into.size(), "dimensions") || (item.reversed && !token("-")) ||
        !name(item.axis, "a dimension: axis, axis/f, axis%f or -axis") ||
        (is_next("/") && !(token("/") && number(item.div, "a divisor"))) ||
        (is_next("%") && !(token("%") && number(item.mod, "a modulus"))) ||
        (is_next("+") && !(token("+") && number(item.gap, "how many elements to leave free")))) {
      return false;
    }
    into.push_back(std::move(item));
  } while (!is_next("]"));
  return token("]");
}

/// cache_read and pack: `B -> Bp [at C.k0] [, [layout]]`.
LATHE_INLINE bool trace_reader::read_copy(step& into) {
  if (!name(into.stage, "the name of a tensor") || !token("->") ||
      !name(into.result, "the name of the copy") ||
      (into.what == primitive::cache_read && is_next("at") && !at_clause(into))) {
    return false;
  }
  return !is_next(",") || (token(",") && read_layout(into.layout));
}

/// bind: what the iterations are.
LATHE_INLINE bool trace_reader::read_index(std::string& into) {
  for (const char* each : {"block", "thread", "vthread"}) {
    if (!is_next(each)) continue;
    into = each;
    return word(each);
  }
  return fail_expecting("block, thread or vthread");
}

LATHE_INLINE bool trace_reader::read_arguments(step& into) {
  switch (into.what) {
    case primitive::split:
    case primitive::phase: return read_parts(into);
    case primitive::fuse:
    case primitive::flatten: return read_fuse(into);
    case primitive::reorder: return read_reorder(into);
    case primitive::inline_stage:
    case primitive::line_buffer: return name(into.stage, "the name of a stage");
    case primitive::compute_at:
      return name(into.stage, "the name of a stage") && token(",") &&
             loop(into.at_stage, into.at_loop);
    case primitive::cache_write:
      return name(into.stage, "the name of a stage") && (is_next(",") || at_clause(into)) &&
             token(",") && (is_next("buffer") ? word(into.result = "buffer") : word("register"));
    case primitive::cache_read:
    case primitive::pack: return read_copy(into);
    case primitive::prefetch:
      return name(into.stage, "the name of a tensor") && at_clause(into) && token(",") &&
             number(into.distance, "how many iterations ahead");
    case primitive::pad:
      return loop(into.stage, into.loop) && token(",") &&
             number(into.distance, "what the iterations become a multiple of");
    case primitive::bind:
      return loop(into.stage, into.loop) && token(",") && read_index(into.result);
    case primitive::buffers:
      return name(into.stage, "the name of a stage") && token(",") &&
             number(into.distance, "how many buffers");
    case primitive::narrow:
      return loop(into.stage, into.loop) && (!is_next(":") || (token(":") && read_names(into)));
    case primitive::vectorize:
    case primitive::unroll:
    case primitive::dot:
    case primitive::tensor:
    case primitive::parallel:
    case primitive::rfactor:
    case primitive::factor: return loop(into.stage, into.loop);
  }
  return false;
}

LATHE_INLINE bool trace_reader::read_step(step& into) {
  constexpr const char* expected =
      "a primitive: split, fuse, reorder, vectorize, unroll, dot, tensor, parallel, inline, "
      "compute_at, "
      "cache_write, cache_read, pack, rfactor, factor, prefetch, flatten, pad, bind, buffers, "
      "phase or narrow";
  example_ = nullptr;
  const std::size_t begin = at_;
  std::string word;
  if (!name(word, expected)) return false;
  for (const primitive_form& form : primitive_forms) {
    if (word != form.name) continue;
    into.what = form.what;
    example_ = form.example;
    return token("(") && read_arguments(into) && token(")");
  }
  at_ = begin;
  return fail_expecting(expected);
}

LATHE_INLINE bool trace_reader::read(trace& into) {
  if (text_.size() > max_text) return fail_expecting("at most 2^20 characters");
  skip_separators();
  while (!at_end()) {
    if (into.steps.size() == max_steps) {
      return fail_expecting("at most " + std::to_string(max_steps) + " steps");
    }
    into.steps.emplace_back();
    if (!read_step(into.steps.back())) return false;
    if (!skip_separators()) {
      example_ = nullptr;
      return fail_expecting("';' or a new line before the next step");
    }
  }
  return true;
}

}  // namespace detail

LATHE_INLINE std::string to_text(const step& value) {
  for (const detail::primitive_form& form : detail::primitive_forms) {
    if (form.what == value.what) {
      return std::string(form.name) + "(" + detail::arguments_text(value) + ")";
    }
  }
  return {};
}

LATHE_INLINE std::string to_text(const trace& value) {
  std::string out;
  for (const step& one : value.steps) out += (out.empty() ? "" : "; ") + to_text(one);
  return out;
}

LATHE_INLINE result<trace> parse_trace(std::string_view text) {
  detail::trace_reader reader(text);
  trace value;
  if (!reader.read(value)) return reader.failure();
  return value;
}

namespace detail {

/// Adds a text eight characters at a time; its length first, so that neighbours cannot be confused.
LATHE_INLINE void add_text(hash_stream& hash, std::string_view text) {
  hash.add(static_cast<std::int64_t>(text.size()));
  for (; !text.empty(); text.remove_prefix(smaller<std::size_t>(text.size(), 8))) {
    std::int64_t word = 0;
    std::memcpy(&word, text.data(), smaller<std::size_t>(text.size(), 8));
    hash.add(word);
  }
}

}  // namespace detail

// The steps themselves, not their text: a search hashes every point that it proposes.
LATHE_INLINE std::uint64_t hash_of(const trace& value) {
  hash_stream hash;
  for (const step& each : value.steps) {
    hash.add(static_cast<std::int64_t>(each.what));
    for (const std::string* text :
         {&each.stage, &each.loop, &each.result, &each.at_stage, &each.at_loop})
      detail::add_text(hash, *text);
    hash.add(static_cast<std::int64_t>(each.loops.size()));
    for (const std::string& loop : each.loops) detail::add_text(hash, loop);
    hash.add(static_cast<std::int64_t>(each.parts.size()));
    for (const split_part& part : each.parts) {
      detail::add_text(hash, part.name);
      hash.add(part.factor);
    }
    hash.add(static_cast<std::int64_t>(each.layout.size()));
    for (const layout_item& item : each.layout) {
      detail::add_text(hash, item.axis);
      hash.add(item.div);
      hash.add(item.mod);
      hash.add(static_cast<std::int64_t>(item.reversed));
      hash.add(item.gap);
    }
    hash.add(each.distance);
  }
  return hash.value().low;
}

}  // namespace lathe
