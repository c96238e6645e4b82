// Emitted HLS C++: compiled by g++ and clang++ with warnings as errors, loaded, and compared
// bitwise with the interpreter on small integers; its pragmas judged by rules.
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/search/random.hpp>
#include <lathe/space/fpga_space.hpp>
#include <lathe/target/fpga/emit_hls.hpp>
#include <lathe/target/fpga/model.hpp>

#include "hls_text.hpp"
#include "space/operator_list.hpp"
#include <cstring>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

const fpga_device& vu9p() {
  static const fpga_device found = find_fpga_device("vu9p").value();
  return found;
}

/// A kernel of a program under a trace.
fpga_kernel kernel_of(program of, const std::string& steps, const std::string& name = "") {
  result<program> scheduled = apply(std::move(of), parse_trace(steps).value());
  REQUIRE_MESSAGE(scheduled.has_value(), steps << ": " << scheduled.error().what());
  if (!name.empty()) scheduled->name = name;
  ir::nest nest = build(std::move(*scheduled)).value();
  REQUIRE(verify(nest) == "");
  return make_fpga_kernel(std::move(nest), vu9p());
}

std::string text_of(const program& of, const std::string& steps) {
  const std::string text = emit_hls(kernel_of(of, steps));
  CHECK(lathe::test::pragma_checker().check(text) == "");
  return text;
}

/// Small integers as elements of `type`; indices of gathers stay small.
sequence<std::byte> sample(dtype type, std::int64_t elements) {
  sequence<std::byte> out;
  for (std::int64_t at = 0; at < elements; ++at) {
    const auto value = static_cast<int>(at * 7 % 5) - 2;
    const auto put = [&](auto element) {
      const auto* bytes = reinterpret_cast<const std::byte*>(&element);
      out.append(bytes, bytes + sizeof element);
    };
    switch (type) {
      case dtype::f32: put(static_cast<float>(value)); break;
      case dtype::f64: put(static_cast<double>(value)); break;
      case dtype::i32: put(static_cast<std::int32_t>(value + 2)); break;
      case dtype::i64: put(static_cast<std::int64_t>(value + 2)); break;
      default: put(static_cast<std::uint8_t>(value + 2)); break;
    }
  }
  return out;
}

/// Kernels that are compiled together and then compared one by one.
class comparison {
 public:
  /// @param naive  the program without a schedule
  void add(program naive, const std::string& steps) {
    const std::string name = "kernel" + std::to_string(kernels_.size());
    naive.name = name;
    kernels_.push_back(kernel_of(naive, steps, name));
    naive_.push_back(build(std::move(naive)).value());
    const std::string text = emit_hls(kernels_.back());
    CHECK_MESSAGE(lathe::test::pragma_checker().check(text) == "", text);
    library_.add(kernels_.back());
  }
  std::string last_text() const { return emit_hls(kernels_.back()); }

  void run() {
    for (const std::string& compiler : lathe::test::hls_compilers()) {
      const std::string said = library_.compile(compiler);
      REQUIRE_MESSAGE(said.empty(), compiler << ": " << said);
      for (std::size_t at = 0; at < kernels_.size(); ++at) compare(naive_[at], kernels_[at]);
    }
  }

 private:
  void compare(const ir::nest& naive, const fpga_kernel& kernel) {
    CAPTURE(kernel.nest.name);
    sequence<sequence<std::byte>> memory;
    for (const ir::buffer& each : kernel.nest.buffers) {
      const bool input = each.where == ir::scope::param && !each.output;
      memory.push_back(input ? sample(each.type, each.elements) : sequence<std::byte>());
      if (!input)
        memory.back().assign(static_cast<std::size_t>(each.elements * size_of(each.type)),
                             std::byte{0xff});
    }
    sequence<std::span<const std::byte>> inputs;
    sequence<void*> table;
    for (sequence<std::byte>& each : memory) {
      inputs.push_back({each.data(), each.size()});
      table.push_back(each.data());
    }
    inputs.resize(static_cast<std::size_t>(naive.param_count));
    const interpretation wanted = interpret(naive, inputs);
    REQUIRE(wanted.error == "");
    library_.call(kernel, table.data());
    std::size_t output = 0;
    for (std::size_t at = 0; at < static_cast<std::size_t>(naive.param_count); ++at) {
      if (!naive.buffers[at].output) continue;
      const wide_buffer& of = wanted.outputs[output++];
      const sequence<std::byte> exact = to_elements(of);
      if (memory[at] == exact) continue;
      REQUIRE(is_float(of.type));  // exp and quotients are not exact
      for (std::size_t element = 0; element < of.value.size(); ++element) {
        double got = 0;
        if (of.type == dtype::f32) {
          float one = 0;
          std::memcpy(&one, memory[at].data() + element * sizeof one, sizeof one);
          got = static_cast<double>(one);
        } else {
          std::memcpy(&got, memory[at].data() + element * sizeof got, sizeof got);
        }
        REQUIRE(got == doctest::Approx(of.value[element]).epsilon(1e-5));
      }
    }
  }

  std::vector<fpga_kernel> kernels_;
  std::vector<ir::nest> naive_;
  lathe::test::hls_library library_;
};

}  // namespace

TEST_CASE("emit_hls: golden text of a tiled product") {
  CHECK(
      text_of(make_program(describe(ops::gemm(64, 32, 16))),
              "split(C.i -> i0:_, i1:16); split(C.j -> j0:_, j1:2, j2:8); split(C.k -> k0:_, k1:8);"
              "reorder(C: i0 j0 k0 k1 i1 j1 j2); unroll(C.j2); cache_write(C, buffer);"
              "cache_read(A -> Ab at C.k0); cache_read(B -> Bb at C.k0)") == R"(#include <math.h>
#include <stdint.h>

static void read_Ab(const float* A, float Ab[16][8], const int i0, const int k0) {
#pragma HLS INLINE off
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < 8; ++k) {
#pragma HLS PIPELINE II=1
      Ab[i][k] = A[i0*256 + i*16 + k0*8 + k];
    }
  }
}

static void read_Bb(const float* B, float Bb[8][16], const int j0, const int k0) {
#pragma HLS INLINE off
  for (int k = 0; k < 8; ++k) {
    for (int j = 0; j < 16; ++j) {
#pragma HLS PIPELINE II=1
      Bb[k][j] = B[k0*256 + k*32 + j0*16 + j];
    }
  }
}

static void compute_C_acc_(float C_acc[16][2][8], float Ab[16][8], float Bb[8][16]) {
#pragma HLS INLINE off
  for (int k1 = 0; k1 < 8; ++k1) {
    for (int i1 = 0; i1 < 16; ++i1) {
      for (int j1 = 0; j1 < 2; ++j1) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=C_acc type=inter direction=RAW distance=32 dependent=true
        for (int j2 = 0; j2 < 8; ++j2) {
#pragma HLS UNROLL
          C_acc[i1][j1][j2] = C_acc[i1][j1][j2] + Ab[i1][k1] * Bb[k1][j1*8 + j2];
        }
      }
    }
  }
}

static void compute_C_acc(const float* A, const float* B, float C_acc[16][2][8], const int i0, const int j0) {
#pragma HLS INLINE off
  for (int i1 = 0; i1 < 16; ++i1) {
    for (int j1 = 0; j1 < 2; ++j1) {
#pragma HLS PIPELINE II=1
      for (int j2 = 0; j2 < 8; ++j2) {
#pragma HLS UNROLL
        C_acc[i1][j1][j2] = 0.0f;
      }
    }
  }
  for (int k0 = 0; k0 < 2; ++k0) {
#pragma HLS DATAFLOW
    float Ab[16][8];
#pragma HLS BIND_STORAGE variable=Ab type=ram_2p impl=bram
    float Bb[8][16];
#pragma HLS ARRAY_PARTITION variable=Bb type=cyclic factor=8 dim=2
#pragma HLS BIND_STORAGE variable=Bb type=ram_2p impl=bram
    read_Ab(A, Ab, i0, k0);
    read_Bb(B, Bb, j0, k0);
    compute_C_acc_(C_acc, Ab, Bb);
  }
}

static void write_C(float* C, float C_acc[16][2][8], const int i0, const int j0) {
#pragma HLS INLINE off
  for (int i1 = 0; i1 < 16; ++i1) {
    for (int j1 = 0; j1 < 2; ++j1) {
#pragma HLS PIPELINE II=1
      for (int j2 = 0; j2 < 8; ++j2) {
#pragma HLS UNROLL
        C[i0*512 + i1*32 + j0*16 + j1*8 + j2] = C_acc[i1][j1][j2];
      }
    }
  }
}

static void phase0(const float* A, const float* B, float* C) {
#pragma HLS INLINE off
  for (int i0 = 0; i0 < 4; ++i0) {
    for (int j0 = 0; j0 < 2; ++j0) {
#pragma HLS DATAFLOW
      float C_acc[16][2][8];
#pragma HLS ARRAY_PARTITION variable=C_acc type=complete dim=3
#pragma HLS BIND_STORAGE variable=C_acc type=ram_2p impl=bram
      compute_C_acc(A, B, C_acc, i0, j0);
      write_C(C, C_acc, i0, j0);
    }
  }
}

extern "C" void gemm(const float* A, const float* B, float* C) {
#pragma HLS INTERFACE mode=m_axi port=A offset=slave bundle=gmem0 depth=1024 max_read_burst_length=64 max_widen_bitwidth=512
#pragma HLS INTERFACE mode=m_axi port=B offset=slave bundle=gmem1 depth=512 max_read_burst_length=64 max_widen_bitwidth=512
#pragma HLS INTERFACE mode=m_axi port=C offset=slave bundle=gmem2 depth=2048 max_write_burst_length=64 max_widen_bitwidth=512
#pragma HLS INTERFACE mode=s_axilite port=return
  phase0(A, B, C);
}
)");
}

TEST_CASE("emit_hls: every operator as it is written equals the interpreter, odd sizes too") {
  comparison all;
  ::test::for_each_small_operator(
      [&](const std::string&, program of) { all.add(std::move(of), ""); });
  all.run();
}

TEST_CASE("emit_hls: every operator under schedules of the FPGA space equals the interpreter") {
  comparison all;
  int dataflow = 0;
  ::test::for_each_small_operator([&](const std::string&, const program& of) {
    const fpga_space space(of, {24, 1 << 20});
    random_engine engine(11);
    seen_points seen;
    for (int kept = 0, drawn = 0; kept < 2 && drawn < 200; ++drawn) {
      const auto point = draw_unseen(space, engine, seen);
      if (!point) break;
      if (space.why_rejected(*point)) continue;
      all.add(of, to_text(space.to_trace(*point)));
      dataflow += all.last_text().find("DATAFLOW") != std::string::npos;
      ++kept;
    }
  });
  CHECK(dataflow > 10);
  all.run();
}

TEST_CASE("emit_hls: buffers, unrolled copies, padding, tails and scalars") {
  comparison all;
  const auto gemm = make_program(describe(ops::gemm(13, 18, 11)));
  all.add(gemm,
          "split(C.i -> i0:_, i1:4); split(C.j -> j0:_, j1:3, j2:2); split(C.k -> k0:_, k1:4);"
          "reorder(C: i0 j0 k0 k1 i1 j1 j2); unroll(C.j2); cache_write(C, buffer);"
          "cache_read(A -> Ab at C.k0); cache_read(B -> Bb at C.k0)");
  all.add(gemm, "split(C.k -> k0:_, k1:4); unroll(C.k1); cache_write(C at C.k0, buffer)");
  all.add(
      gemm,
      "split(C.j -> j0:_, j1:6); reorder(C: i j0 k j1); unroll(C.j1); cache_write(C, register)");
  all.add(make_program(describe(ops::conv2d(1, 6, 9, 10, 8, 3, 1, 1))), "");
  all.run();
}

TEST_CASE("emit_hls: rows of a padded image are read in bursts, and kept in line buffers") {
  const auto conv = make_program(describe(ops::conv2d(1, 2, 8, 8, 4, 3, 1, 1)));
  const std::string head =
      "inline(P); split(Y.y -> y0:_, y1:2); reorder(Y: n f y0 rc ry rx y1 x);"
      "cache_write(Y, buffer); cache_read(X -> Xb at Y.y0); reorder(Xb: d2 n rc d3)";
  const std::string rows = text_of(conv, head);
  // Rows beyond the image bound the loop: no branch, in which no tool makes a burst.
  CHECK(rows.find("for (int d2 = max_i64(") != std::string::npos);
  CHECK(rows.find("if (") == std::string::npos);
  const fpga_kernel kept = kernel_of(conv, head + "; line_buffer(Xb)");
  const std::string text = emit_hls(kept);
  CHECK(lathe::test::pragma_checker().check(text) == "");
  CHECK(text.find("float Xb_new[") != std::string::npos);
  CHECK(text.find("ARRAY_PARTITION variable=Xb type=complete dim=3") != std::string::npos);
  CHECK(text.find("Xb[0][rc][row][d3 + 1] = Xb[0][rc][row + 2][d3 + 1];") != std::string::npos);
  // Of six rows per tile, two are new.
  const auto larger = make_program(describe(ops::conv2d(1, 16, 64, 64, 4, 5, 1, 2)));
  const auto read = [&](const std::string& steps) {
    const std::string all = steps + "; cache_read(W -> Wb at Y.f)";
    return estimate_fpga(kernel_of(larger, all).design, vu9p()).read;
  };
  CHECK(read(head + "; line_buffer(Xb)") < 0.5 * read(head));
  CHECK(text.find("compute_Xb(W, Xb, Xb_new, Y_acc, f, y0);") != std::string::npos);
}

TEST_CASE("emit_hls: every way to hold an operand equals the interpreter") {
  comparison all;
  int rows = 0, clipped = 0;
  const auto add = [&](const program& of) {
    const fpga_space space(of, {64, 1 << 22});
    random_engine engine(5);
    for (std::size_t site = 0; site < space.sites.size(); ++site) {
      if (space.sites[site].name.rfind("place of ", 0) != 0) continue;
      for (std::int32_t choice = 0; choice < space.sites[site].choices; ++choice)
        for (int kept = 0, drawn = 0; kept < 2 && drawn < 400; ++drawn) {
          point at = random_point(space, engine);
          at.choices[site] = choice;
          if (space.why_rejected(at)) continue;
          const std::string steps = to_text(space.to_trace(at));
          if (choice == 3 || choice == 6) {  // a line buffer, if there are rows to keep
            if (steps.find("line_buffer") == std::string::npos) continue;
            ++rows;
          }
          all.add(of, steps);
          clipped += all.last_text().find(" = max_i64(") != std::string::npos;
          ++kept;
        }
    }
  };
  add(make_program(describe(ops::conv2d(1, 4, 8, 6, 4, 3, 1, 1))));
  add(make_program(describe(ops::conv2d(1, 2, 12, 8, 3, 5, 2, 2))));
  add(make_program(describe(ops::conv1d(1, 4, 16, 4, 3, 1, 1))));
  add(make_program(describe(ops::conv_transpose2d(1, 2, 5, 6, 3, 3, 2, 1, 1))));
  add(make_program(describe(ops::dilated_conv2d(1, 2, 12, 12, 4, 3, 1, 2, 2))));
  CHECK(rows > 5);
  CHECK(clipped > 3);
  all.run();
}

TEST_CASE("emit_hls: the tail of a loop that is not unrolled needs no second circuit") {
  const std::string text =
      text_of(make_program(describe(ops::gemm(13, 18, 11))),
              "split(C.i -> i0:_, i1:4); reorder(C: i0 j k i1); cache_write(C, buffer)");
  CHECK(text.find("LOOP_TRIPCOUNT max=4") != std::string::npos);
  CHECK(text.find("if (") == std::string::npos);
}

TEST_CASE("emit_hls: broken pragmas are noticed") {
  const std::string good = text_of(make_program(describe(ops::gemm(8, 8, 8))),
                                   "split(C.j -> j0:_, j1:4); reorder(C: i k j0 j1); unroll(C.j1);"
                                   "cache_write(C, buffer); cache_read(B -> Bb at C.k)");
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from << " is not in " << text);
    text.replace(at, from.size(), to);
    return lathe::test::pragma_checker().check(text) != "";
  };
  CHECK(broken("variable=Bb", "variable=Bc"));
  CHECK(broken("port=A", "port=D"));
  CHECK(broken("#pragma HLS UNROLL\n", ""));
  CHECK(broken("#pragma HLS PIPELINE II=1\n", ""));
  CHECK(broken("bundle=gmem1", "bundle=gmem0"));
  CHECK(broken("dim=2", "dim=3"));
  CHECK(broken("#pragma HLS DATAFLOW\n", "#pragma HLS DATAFLOW\n      C_acc[0][0] = 1;\n"));
  CHECK(broken("#pragma HLS INLINE off", "#pragma HLS INLIN off"));
}

TEST_CASE("emit_hls: the test bench accepts the kernel and notices a wrong one") {
  program of = make_program(describe(ops::conv2d(1, 5, 9, 10, 8, 3, 1, 1)));
  const ir::nest naive = build(of).value();
  const hls_files files = emit_hls_files(kernel_of(std::move(of), ""), naive, vu9p());
  CHECK(files.script.find("set_part {xcvu9p-flga2104-2L-e}") != std::string::npos);
  CHECK(files.script.find("create_clock -period 4.000") != std::string::npos);
  const auto status = [&](const std::string& source) {
    std::string folder = (std::filesystem::temp_directory_path() / "lathe_hls_XXXXXX").string();
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    std::ofstream(folder + "/" + files.name + ".cpp") << source;
    std::ofstream(folder + "/" + files.name + "_tb.cpp") << files.testbench;
    const std::string compile = "cd " + folder +
                                " && g++ -O1 -Wall -Wextra -Werror -Wno-unknown-pragmas " +
                                files.name + ".cpp " + files.name + "_tb.cpp -o bench";
    REQUIRE(std::system(compile.c_str()) == 0);
    const int out = std::system((folder + "/bench > " + folder + "/log").c_str());
    std::filesystem::remove_all(folder);
    return out;
  };
  CHECK(status(files.source) == 0);
  std::string wrong = files.source;
  wrong.replace(wrong.find(" * "), 3, " + ");
  CHECK(status(wrong) != 0);
}
