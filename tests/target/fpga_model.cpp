// The FPGA model: every rule on designs small enough to count by hand.
#include <lathe/target/fpga/model.hpp>
#include <lathe/target/fpga/operator_cost.hpp>

#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// Writes designs.
struct design_maker {
  fpga_design made;

  int array(const char* name, dtype type, sequence<std::int64_t> shape,
            sequence<std::int64_t> banks = {}, fpga_storage storage = fpga_storage::bram) {
    fpga_array one;
    one.name = name;
    one.type = type;
    one.shape = std::move(shape);
    one.banks = std::move(banks);
    one.storage = storage;
    made.arrays.push_back(one);
    return static_cast<int>(made.arrays.size()) - 1;
  }
  /// Loops are named before they are filled: accesses refer to them.
  int loop(const char* name, std::int64_t trips) {
    fpga_node one;
    one.name = name;
    one.trips = trips;
    return made.add(one);
  }
  int statement(sequence<fpga_access> accesses) {
    fpga_node one;
    one.loop = false;
    one.accesses = std::move(accesses);
    return made.add(one);
  }
  /// A copy from one array to another along one dimension each.
  int copy(const char* name, std::int64_t trips, int from, int to) {
    const int outer = loop(name, trips);
    made[outer].children = {statement(
        {{from, false, {{0, outer, 1}}, {}, false}, {to, true, {{0, outer, 1}}, {}, false}})};
    made[outer].pipelined = true;
    return outer;
  }
};

/// c[i] += a[i][k] * b[k], k outside, i pipelined, `copies` of it unrolled inside.
design_maker rows(std::int64_t i, std::int64_t copies, std::int64_t k, dtype type) {
  design_maker to;
  const int a = to.array("a", type, {i * copies, k}, {copies, 1}), b = to.array("b", type, {k}),
            c = to.array("c", type, {i * copies}, {copies});
  const int outer = to.loop("k", k), row = to.loop("i", i), copy = to.loop("copy", copies);
  const int body =
      to.statement({{a, false, {{0, row, copies}, {0, copy, 1}, {1, outer, 1}}, {}, false},
                    {b, false, {{0, outer, 1}}, {}, false},
                    {c, false, {{0, row, copies}, {0, copy, 1}}, {}, false},
                    {c, true, {{0, row, copies}, {0, copy, 1}}, {}, false}});
  fpga_node& leaf = to.made[body];
  leaf.operations = {{opcode::mul, type, 1}};
  leaf.depth = cost_of(opcode::mul, type).latency;
  leaf.accumulates = true;
  leaf.carried = {opcode::add, type, 1};
  leaf.distance_stated = true;
  to.made[copy].children = {body};
  to.made[row].children = {copy};
  to.made[row].pipelined = true;
  to.made[outer].children = {row};
  to.made.roots = {outer};
  return to;
}

const fpga_device& vu9p() {
  static const fpga_device found = find_fpga_device("VU9P").value();
  return found;
}

const fpga_pipeline& pipeline(const fpga_estimate& of, const char* loop) {
  for (const fpga_pipeline& each : of.pipelines)
    if (each.loop == loop) return each;
  FAIL("no pipelined loop " << loop);
  return of.pipelines[0];
}

}  // namespace

TEST_CASE("fpga model: perfect nests flatten, and the interval is one") {
  const fpga_estimate one = estimate_fpga(rows(16, 8, 100, dtype::f32).made, vu9p());
  const fpga_pipeline& of = pipeline(one, "i");
  CHECK(of.iterations == 1600);
  CHECK(of.copies == 8);
  CHECK(of.interval == 1);
  CHECK(one.cycles == 1599 + of.depth + 2);
  CHECK(one.takes.dsp == 8 * 5);  // 3 of a multiplier, 2 of an adder
  CHECK(one.bound == fpga_bound::compute);
  CHECK(one.seconds == doctest::Approx(one.cycles / 250e6));
}

TEST_CASE("fpga model: a sum that comes back before the adder is done waits for it") {
  const int adder = cost_of(opcode::add, dtype::f32).latency + 2;  // with load and store
  CHECK(pipeline(estimate_fpga(rows(3, 8, 100, dtype::f32).made, vu9p()), "i").by_recurrence ==
        (adder + 2) / 3);
  CHECK(pipeline(estimate_fpga(rows(16, 8, 100, dtype::f32).made, vu9p()), "i").by_recurrence == 1);
  design_maker unstated = rows(16, 8, 100, dtype::f32);
  for (fpga_node& each : unstated.made.nodes) each.distance_stated = false;
  CHECK(pipeline(estimate_fpga(unstated.made, vu9p()), "i").by_recurrence == adder);
  design_maker held =
      rows(16, 8, 100, dtype::f32);  // registers need no statement, nor load and store
  for (fpga_node& each : held.made.nodes) each.distance_stated = false;
  for (fpga_array& each : held.made.arrays) each.storage = fpga_storage::registers;
  CHECK(pipeline(estimate_fpga(held.made, vu9p()), "i").by_recurrence == 1);
}

TEST_CASE("fpga model: copies that meet in a bank take turns") {
  const auto interval = [](std::int64_t banks, int ports) {
    design_maker to = rows(64, 8, 100, dtype::f32);
    to.made.arrays[0].banks = {banks, 1};
    to.made.arrays[0].ports = ports;
    return pipeline(estimate_fpga(to.made, vu9p()), "i").by_resources;
  };
  CHECK(interval(8, 1) == 1);
  CHECK(interval(16, 1) == 8);  // the copies of the next row are in other banks
  CHECK(interval(4, 1) == 2);
  CHECK(interval(4, 2) == 1);
  CHECK(interval(1, 1) == 8);
  CHECK(interval(1, 2) == 4);
  CHECK(interval(3, 1) == 8);  // which copy meets which bank changes from row to row
  // Reading and writing the sums takes two ports.
  design_maker to = rows(64, 8, 100, dtype::f32);
  to.made.arrays[2].ports = 1;
  const fpga_estimate one = estimate_fpga(to.made, vu9p());
  CHECK(pipeline(one, "i").by_resources == 2);
  CHECK(pipeline(one, "i").conflict == "c");
}

TEST_CASE("fpga model: loops that are unrolled around a pipelined one run in sequence") {
  design_maker to = rows(16, 8, 100, dtype::f32);
  const double once = estimate_fpga(rows(16, 8, 1, dtype::f32).made, vu9p()).cycles;
  to.made[0].unroll = 4;
  const fpga_estimate one = estimate_fpga(to.made, vu9p());
  CHECK(one.cycles == 25 * (4 * once + 2));
  CHECK(one.takes.dsp == 4 * 8 * 5);  // and are four circuits all the same
  to.made[0].unroll = 7;              // 15 rounds of 7
  CHECK(estimate_fpga(to.made, vu9p()).cycles == 15 * (7 * once + 2));
}

TEST_CASE("fpga model: processes of a dataflow region overlap") {
  const auto region = [](bool dataflow) {
    design_maker to;
    const int source = to.array("in", dtype::f32, {1000}, {}, fpga_storage::memory),
              target = to.array("out", dtype::f32, {200}, {}, fpga_storage::memory),
              x = to.array("x", dtype::f32, {1000}), y = to.array("y", dtype::f32, {200});
    const int tile = to.loop("tile", 10);
    to.made[tile].children = {to.copy("read", 1000, source, x), to.copy("compute", 400, x, y),
                              to.copy("write", 200, y, target)};
    to.made[tile].dataflow = dataflow;
    to.made.roots = {tile};
    return to.made;
  };
  const double read = 999 + 2 + 64 + 2, compute = 399 + 2 + 2, write = 199 + 2 + 64 + 2;
  const fpga_estimate serial = estimate_fpga(region(false), vu9p());
  CHECK(serial.cycles == 10 * (read + compute + write + 2));
  const fpga_estimate overlapped = estimate_fpga(region(true), vu9p());
  CHECK(overlapped.cycles == 9 * read + read + compute + write);
  CHECK(overlapped.bound == fpga_bound::read);
  const fpga_estimate plain = estimate_fpga(region(true), vu9p(), fpga_formula::flextensor);
  CHECK(plain.cycles == 10 * 1000);
}

TEST_CASE("fpga model: bursts, ports and memory banks") {
  const auto cycles = [](std::int64_t rows, std::int64_t columns, std::int64_t pitch, int wide,
                         bool conditional = false) {
    design_maker to;
    const int source = to.array("in", dtype::f32, {rows, pitch}, {}, fpga_storage::memory),
              x = to.array("x", dtype::f32, {rows, columns}, {1, wide});
    const int row = to.loop("row", rows), column = to.loop("column", columns / wide),
              copy = to.loop("word", wide);
    to.made[copy].children = {to.statement(
        {{source, false, {{0, row, 1}, {1, column, wide}, {1, copy, 1}}, {}, false, conditional},
         {x, true, {{0, row, 1}, {1, column, wide}, {1, copy, 1}}, {}, false}})};
    to.made[column].children = {copy};
    to.made[column].pipelined = true;
    to.made[row].children = {column};
    to.made.roots = {row};
    return estimate_fpga(to.made, vu9p()).cycles;
  };
  CHECK(cycles(8, 64, 64, 1) == 512 - 1 + 2 + 64 + 2);      // one burst
  CHECK(cycles(8, 64, 100, 1) == 512 - 1 + 2 + 64 + 2);     // one per row: in time
  CHECK(cycles(512, 1, 100, 1) == 512 * 64 / 16 + 64 + 2);  // one per element
  CHECK(cycles(8, 64, 64, 16) == 32 - 1 + 2 + 64 + 2);      // 16 elements are one word
  CHECK(cycles(8, 48, 48, 3) == 3 * 127 + 4 + 64 + 2);      // three elements are no word
  CHECK(cycles(8, 48, 48, 6) == 3 * 63 + 4 + 64 + 2);       // but three words of two
  // In a branch there are neither words nor bursts: 512 requests, of which 16 overlap.
  CHECK(cycles(8, 64, 64, 16, true) == 512 * 64 / 16 + 64 + 2);
  // 32 elements are two words, so that the interval is two.
  CHECK(cycles(8, 64, 64, 32) == 2 * 15 + 3 + 64 + 2);

  design_maker to;  // two ports on one slow bank
  for (const char* name : {"a", "b"})
    to.array(name, dtype::f32, {1 << 20}, {}, fpga_storage::memory);
  const int x = to.array("x", dtype::f32, {1 << 20}), y = to.array("y", dtype::f32, {1 << 20});
  to.made.arrays[1].bundle = 1;
  const int tile = to.loop("tile", 10);
  to.made[tile].children = {to.copy("first", 1 << 20, 0, x), to.copy("second", 1 << 20, 1, y)};
  to.made[tile].dataflow = true;
  to.made.roots = {tile};
  const double fast = estimate_fpga(to.made, vu9p()).cycles;
  const fpga_device slow = find_fpga_device("vu9p:banks=1,gbytes=1").value();  // 4 bytes per cycle
  const fpga_estimate one = estimate_fpga(to.made, slow);
  CHECK(one.cycles > 1.8 * fast);
  CHECK(one.bound == fpga_bound::memory);
}

TEST_CASE("fpga model: block RAMs") {
  CHECK(bram18_of(512, 32) == 1);
  CHECK(bram18_of(513, 32) == 2);
  CHECK(bram18_of(1024, 32) == 2);
  CHECK(bram18_of(1024, 18) == 1);
  CHECK(bram18_of(16384, 1) == 1);
  CHECK(bram18_of(4096, 8) == 2);

  design_maker to;
  to.array("x", dtype::f32, {8, 1024}, {4, 1});  // four banks of 2048 words
  CHECK(estimate_fpga(to.made, vu9p()).takes.bram36 == 8);
  to.made.arrays[0].double_buffered = true;
  CHECK(estimate_fpga(to.made, vu9p()).takes.bram36 == 16);
  to.made.arrays[0].storage = fpga_storage::uram;
  CHECK(estimate_fpga(to.made, vu9p()).takes.bram36 == 0);
  CHECK(estimate_fpga(to.made, vu9p()).takes.uram == 8);
  to.made.arrays[0].banks = {8, 64};  // 16 words each: look-up tables
  CHECK(estimate_fpga(to.made, vu9p()).takes.uram == 0);
  to.made.arrays[0].storage = fpga_storage::registers;
  CHECK(estimate_fpga(to.made, vu9p()).takes.ff == 2 * 8192 * 32);
}

TEST_CASE("fpga model: what is exceeded is named") {
  CHECK(estimate_fpga(rows(16, 1000, 10, dtype::f32).made, vu9p()).fits());
  const fpga_estimate one = estimate_fpga(rows(16, 1200, 10, dtype::f32).made, vu9p());
  CHECK(!one.fits());
  CHECK(one.excess == "6000 DSP of 5472 usable");
}

TEST_CASE("fpga model: no design beats the bound of DSP slices and memory") {
  // 1368 multiply-adds per cycle at 250 MHz: 684 GFLOP/s.
  CHECK(2e9 / fpga_least_seconds(2e9, 1, dtype::f32, vu9p()) == doctest::Approx(684e9));
  CHECK(fpga_least_seconds(1, 76.8e9, dtype::f32, vu9p()) == doctest::Approx(1));
}

TEST_CASE("fpga devices: by name, by difference, by description") {
  CHECK(fpga_devices().size() == 4);
  CHECK(find_fpga_device("u280").value().memory_banks == 32);
  const fpga_device slower = find_fpga_device("vu9p:mhz=200,usable=0.5").value();
  CHECK(slower.has.dsp == 6840);
  CHECK(slower.mhz == 200);
  const fpga_device own =
      find_fpga_device("mine:dsp=900,bram36=280,lut=170000,ff=340000,gbytes=12.8,part=xc7z100")
          .value();
  CHECK(own.has.bram36 == 280);
  CHECK(own.has.uram == 0);
  CHECK(own.part == "xc7z100");
  for (const char* wrong : {"xyz", "vu9p:speed=3", "vu9p:mhz", "vu9p:mhz=", "vu9p:mhz=-1",
                            "mine:dsp=1", "vu9p:usable=2"}) {
    CAPTURE(wrong);
    const auto found = find_fpga_device(wrong);
    REQUIRE(!found);
    CHECK(found.error().id() == "LATHE-E350");
  }
}
