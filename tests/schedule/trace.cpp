#include <lathe/core/random.hpp>
#include <lathe/schedule/trace.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace {

// The text of the error that parsing `text` gives; "" if it is accepted.
std::string refusal(std::string_view text) {
  const result<trace> parsed = parse_trace(text);
  if (parsed) return "";
  CHECK(parsed.error().id() == "LATHE-E201");
  return parsed.error().text();
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

std::string random_name(random_engine& random) {
  constexpr const char* letters = "abcdefghijklmnopqrstuvwxyzABCXYZ_0123456789";
  std::string name(1, letters[random.below(33)]);
  for (std::uint32_t n = random.below(4); n > 0; --n) name += letters[random.below(43)];
  return name;
}

step random_step(random_engine& random) {
  const auto some_names = [&](std::size_t least) {
    lathe::sequence<std::string> names(least + random.below(5));
    for (std::string& name : names) name = random_name(random);
    return names;
  };
  const auto some_number = [&] { return std::int64_t{1} + random.below(1U << random.below(31)); };
  step made;
  made.what =
      static_cast<primitive>(random.below(static_cast<std::uint32_t>(primitive::narrow) + 1));
  made.stage = random_name(random);
  const auto place = [&] {
    made.at_stage = random_name(random);
    made.at_loop = random_name(random);
  };
  switch (made.what) {
    case primitive::split:
      made.loop = random_name(random);
      for (const std::string& name : some_names(1)) made.parts.push_back({name, some_number()});
      if (random.chance(0.5)) made.parts.front().factor = 0;
      break;
    case primitive::fuse:
    case primitive::flatten:
      made.loops = some_names(1);
      made.result = random_name(random);
      break;
    case primitive::reorder: made.loops = some_names(1); break;
    case primitive::inline_stage:
    case primitive::line_buffer: break;
    case primitive::compute_at: place(); break;
    case primitive::cache_write:
      if (random.chance(0.5)) place();
      if (random.chance(0.5)) made.result = "buffer";
      break;
    case primitive::cache_read: place(); [[fallthrough]];
    case primitive::pack:
      made.result = random_name(random);
      for (const std::string& name : some_names(0)) {
        made.layout.push_back({name, random.chance(0.5) ? some_number() : 1,
                               random.chance(0.5) ? some_number() : 0, random.chance(0.3)});
      }
      break;
    case primitive::prefetch:
      place();
      made.distance = some_number();
      break;
    case primitive::phase:
      made.loop = random_name(random);
      made.parts = {{random_name(random), some_number()}, {random_name(random), 0}};
      break;
    case primitive::pad:
      made.loop = random_name(random);
      made.distance = some_number();
      break;
    case primitive::buffers: made.distance = some_number(); break;
    case primitive::bind: {
      made.loop = random_name(random);
      const char* indices[] = {"block", "thread", "vthread"};
      made.result = indices[random.below(3)];
      break;
    }
    case primitive::narrow:
      made.loop = random_name(random);
      made.loops = some_names(0);
      break;
    default: made.loop = random_name(random);
  }
  return made;
}

}  // namespace

TEST_CASE("trace: every primitive keeps its members and its text") {
  for (const char* text : {"split(C.i -> i0:_, i1:12, i2:10)",
                           "split(C.i -> i0:3, i1:1099511627776)",
                           "fuse(C.i0, C.j0 -> ij)",
                           "reorder(C: ij k0 i1 k1 i2 j2)",
                           "vectorize(C.j2)",
                           "unroll(C.i2)",
                           "tensor(C.k2)",
                           "dot(C.k2)",
                           "line_buffer(P)",
                           "parallel(C.ij)",
                           "inline(P)",
                           "compute_at(P, C.c0)",
                           "cache_write(C at C.k0, register)",
                           "cache_write(C, register)",
                           "cache_write(C at C.k0, buffer)",
                           "cache_write(C, buffer)",
                           "cache_read(B -> Bp at C.k0, [j/32 k j%32])",
                           "cache_read(B -> Bp at C.k0)",
                           "pack(W -> Wp, [f/16 c r s f%16])",
                           "pack(W -> Wp, [f/16%4 f%16 -r])",
                           "pack(W -> Wp)",
                           "rfactor(C.k1)",
                           "factor(C.k1)",
                           "prefetch(A at C.k1, 4)",
                           "flatten(Y.y, Y.x -> p)",
                           "phase(Y.x -> xr:2, xq:_)",
                           "tensor(C.k2)",
                           "narrow(Y.rx: xr)",
                           "pad(C.i, 64)",
                           "bind(C.i0, block)",
                           "bind(C.i1, thread)",
                           "bind(C.i2, vthread)",
                           "buffers(As, 2)",
                           "narrow(Y.rx: yq yr)",
                           "narrow(P.xp)"}) {
    CAPTURE(text);
    const result<trace> parsed = parse_trace(text);
    REQUIRE(parsed);
    REQUIRE(parsed->steps.size() == 1);
    CHECK(to_text(parsed->steps[0]) == text);
  }
}

TEST_CASE("trace: members of a step") {
  const step split = parse_trace("split(C.i -> i0:_, i1:12)").value().steps[0];
  CHECK(split.what == primitive::split);
  CHECK(split.stage == "C");
  CHECK(split.loop == "i");
  CHECK(split.parts == lathe::sequence<split_part>{{"i0", 0}, {"i1", 12}});
  const step copy = parse_trace("cache_read(B -> Bp at C.k0, [j/32 k j%32])").value().steps[0];
  CHECK(copy.stage == "B");
  CHECK(copy.result == "Bp");
  CHECK(copy.at_stage == "C");
  CHECK(copy.at_loop == "k0");
  CHECK(copy.layout == lathe::sequence<layout_item>{{"j", 32, 0}, {"k", 1, 0}, {"j", 1, 32}});
  const step apart = parse_trace("cache_read(B -> Bp, [k j+4])").value().steps[0];
  CHECK(apart.layout == lathe::sequence<layout_item>{{"k"}, {"j", 1, 0, false, 4}});
  const step fused = parse_trace("fuse(C.i0, C.j0 -> ij)").value().steps[0];
  CHECK(fused.loops == lathe::sequence<std::string>{"i0", "j0"});
  CHECK(fused.result == "ij");
}

TEST_CASE("trace: white space, comments and separators are free") {
  const char* loose =
      "# a schedule by hand\n\n  split ( C . i->i0:_,\n    i1 : 12 )  # tail of 4\n;;"
      "\tunroll(C.i1);\r\nvectorize(C.j)";
  CHECK(to_text(parse_trace(loose).value()) ==
        "split(C.i -> i0:_, i1:12); unroll(C.i1); vectorize(C.j)");
  CHECK(parse_trace("").value().steps.empty());
  CHECK(parse_trace(" ;\n # nothing").value().steps.empty());
}

TEST_CASE("trace: a keyword may be a name") {
  const char* text = "cache_write(at at at.at, register)";
  CHECK(to_text(parse_trace(text).value()) == text);
}

TEST_CASE("trace: errors say where, what and how") {
  CHECK(refusal("unroll(C.i)\nsplit(C.i -> i0:_, i1:)") ==
        "bad trace, line 2, column 23: found ')', expected the iterations of this part, a number "
        "from 1 to 2^40; write it as in split(C.i -> i0:_, i1:12)");
  CHECK(refusal("unrol(C.i)") ==
        "bad trace, line 1, column 1: found 'unrol', expected a primitive: split, fuse, reorder, "
        "vectorize, unroll, dot, tensor, parallel, inline, compute_at, cache_write, cache_read, "
        "pack, "
        "rfactor, "
        "factor, prefetch, flatten, pad, bind, buffers, phase or narrow");
  CHECK(contains(refusal("unroll(C.i) unroll(C.j)"), "column 13: found 'unroll', expected ';'"));
  CHECK(
      contains(refusal("fuse(C.i, D.j -> ij)"), "found 'D', expected a loop of the same stage, C"));
  CHECK(contains(refusal("bind(C.i, grid)"), "found 'grid', expected block, thread or vthread"));
  CHECK(contains(refusal("unroll(C.i"), "found the end of the trace, expected ')'"));
  CHECK(contains(refusal("unroll(C.\x01)"), "found the byte 0x01"));
}

TEST_CASE("trace: bad inputs are refused") {
  for (const char* text : {"(",
                           ")",
                           "split",
                           "split(",
                           "split()",
                           "split(C)",
                           "split(C.i)",
                           "split(C.i ->)",
                           "split(C.i -> i0)",
                           "split(C.i -> i0:)",
                           "split(C.i -> i0:0)",
                           "split(C.i -> i0:-1)",
                           "split(C.i -> i0:_, i1:_)",
                           "split(C.i -> i0:01)",
                           "split(C.i -> i0:1,)",
                           "split(C.i -> i0:1099511627777)",
                           "split(C.i -> i0:99999999999999999999999)",
                           "split(C.i -> 0i:3)",
                           "fuse(C.i, C.j)",
                           "fuse(-> ij)",
                           "reorder(C:)",
                           "reorder(: i)",
                           "reorder(C: i, j)",
                           "vectorize(C)",
                           "unroll(C.i, 2)",
                           "parallel(.i)",
                           "inline()",
                           "inline(P.i)",
                           "compute_at(P)",
                           "compute_at(P C.i)",
                           "cache_write(C)",
                           "cache_write(C, registers)",
                           "cache_write(C at, register)",
                           "cache_read(B at C.k)",
                           "pack(W -> Wp at C.k)",
                           "pack(W -> Wp, [])",
                           "pack(W -> Wp, [f/0])",
                           "pack(W -> Wp, [f%])",
                           "pack(W -> Wp, [f%4/2])",
                           "pack(W -> Wp, [f)",
                           "rfactor(C)",
                           "prefetch(A, 4)",
                           "prefetch(A at C.k)",
                           "prefetch(A at C.k, 0)",
                           "unroll(C.i))",
                           "unroll C.i",
                           "unroll(C.i) x"}) {
    CAPTURE(text);
    CHECK(refusal(text) != "");
  }
  CHECK(refusal(std::string_view("unroll(C.i)\0", 12)) != "");
}

TEST_CASE("trace: lengths are limited") {
  CHECK(refusal("inline(" + std::string(63, 'a') + ")") == "");
  CHECK(contains(refusal("inline(" + std::string(64, 'a') + ")"), "at most 63 characters"));
  std::string many = "reorder(C:";
  for (int n = 0; n < 65; ++n) many += " i";
  CHECK(contains(refusal(many + ")"), "at most 64 loops"));
  std::string steps;
  for (int n = 0; n < 4097; ++n) steps += "inline(P);";
  CHECK(contains(refusal(steps), "at most 4096 steps"));
  CHECK(contains(refusal(std::string((std::size_t{1} << 20) + 1, ' ')), "at most 2^20 characters"));
}

TEST_CASE("trace: random traces survive text and back, truncated ones are refused or valid") {
  random_engine random(7);
  for (int round = 0; round < 1000; ++round) {
    trace made;
    for (std::uint32_t n = 1 + random.below(6); n > 0; --n)
      made.steps.push_back(random_step(random));
    const std::string text = to_text(made);
    CAPTURE(text);
    const result<trace> parsed = parse_trace(text);
    REQUIRE(parsed);
    CHECK(parsed.value() == made);
    CHECK(hash_of(parsed.value()) == hash_of(made));
    std::string damaged = text.substr(0, random.below(static_cast<std::uint32_t>(text.size())));
    if (!damaged.empty())
      damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] =
          static_cast<char>(random.below(256));
    if (const result<trace> other = parse_trace(damaged)) {
      CHECK(parse_trace(to_text(other.value())).value() == other.value());
    }
  }
}

TEST_CASE("trace: the hash depends on the order of the steps") {
  const auto hash = [](const char* text) { return hash_of(parse_trace(text).value()); };
  CHECK(hash("unroll(C.i); unroll(C.j)") != hash("unroll(C.j); unroll(C.i)"));
  CHECK(hash("unroll(C.i); unroll(C.j)") == hash("unroll( C.i )\nunroll(C.j)"));
}
