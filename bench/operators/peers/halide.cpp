#include "absent.hpp"

#if LATHE_BENCH_HALIDE
#  include <Halide.h>
#  include <array>
#  include <dlfcn.h>
#  include <fcntl.h>
#  include <map>
#  include <unistd.h>

// Halide enters two cases with all it has: three autoschedulers, which take up to a minute for one
// case, and schedules by hand. Its dimensions go from the innermost outwards.
namespace bench {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::ImageParam;
using Halide::RDom;
using Halide::Var;
using extents = std::vector<int>;

/// Of the host, without the checks of sizes in every call.
const Halide::Target& target() {
  static const Halide::Target made = Halide::get_host_target()
                                         .with_feature(Halide::Target::NoAsserts)
                                         .with_feature(Halide::Target::NoBoundsQuery);
  return made;
}
int lanes() { return target().natural_vector_size<float>(); }

/// An input of a size that is known when Halide compiles, as it is to lathe.
struct input {
  ImageParam image;
  extents sizes;

  input(const char* name, extents of)
      : image(Halide::Float(32), static_cast<int>(of.size()), name), sizes(std::move(of)) {
    int stride = 1;
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      image.dim(static_cast<int>(d)).set_bounds(0, sizes[d]).set_estimate(0, sizes[d]);
      image.dim(static_cast<int>(d)).set_stride(stride);
      stride *= sizes[d];
    }
  }
  template <class... At>
  Expr operator()(const At&... at) const {
    return image(at...);
  }
};

/// A pipeline, scheduled or not: arrays in, one array out.
struct algorithm {
  Func out;
  extents sizes;  ///< of the output
  std::vector<input> inputs;

  algorithm(Func result, extents of_result, std::vector<input> arguments)
      : out(std::move(result)), sizes(std::move(of_result)), inputs(std::move(arguments)) {
    int stride = 1;
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      const int at = static_cast<int>(d);
      out.bound(out.args()[d], 0, sizes[d]).set_estimate(out.args()[d], 0, sizes[d]);
      out.output_buffer().dim(at).set_bounds(0, sizes[d]).set_stride(stride);
      stride *= sizes[d];
    }
  }
};

/// A scheduled algorithm, compiled.
class pipeline {
 public:
  explicit pipeline(const algorithm& of) : sizes_(of.sizes), inputs_(of.inputs), compiled_(of.out) {
    compiled_.compile_jit(target());
  }
  void run(const std::vector<const float*>& in, float* out) {
    for (std::size_t at = 0; at < in.size(); ++at)
      inputs_[at].image.set(Halide::Buffer<float>(const_cast<float*>(in[at]), inputs_[at].sizes));
    Halide::Buffer<float> to(out, sizes_);
    compiled_.realize(to, target());
  }

 private:
  extents sizes_;
  std::vector<input> inputs_;
  Halide::Pipeline compiled_;
};

/// One compiled way to compute a case.
struct way {
  std::string how;
  std::function<void(const std::vector<const float*>& in, float* out)> run;
};
way compiled(std::string how, const algorithm& of) {
  auto made = std::make_shared<pipeline>(of);
  return {std::move(how), [made](const auto& in, float* out) { made->run(in, out); }};
}

/// Drops what is written to the standard error stream: autoschedulers are talkative.
class silence {
 public:
  silence() : kept_(::dup(STDERR_FILENO)) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
  }
  ~silence() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }
  silence(const silence&) = delete;
  silence& operator=(const silence&) = delete;

 private:
  int kept_;
};

/// What the autoschedulers make of an algorithm. How many cores Adams2019 believes in changes the
/// speed of one thread by a factor of two, up or down.
void autoschedule(const std::string& name, const std::function<algorithm()>& make,
                  std::vector<way>& into) {
  struct scheduler {
    const char* name;
    int cores;
  };
  for (const scheduler& with : {scheduler{"Adams2019", 1},
                                {"Adams2019", 2},
                                {"Adams2019", 16},
                                {"Mullapudi2016", 1},
                                {"Li2018", 1}}) {
    try {
      const algorithm of = make();
      Halide::Pipeline(of.out).auto_schedule(with.name, target(),
                                             Halide::MachineParams(with.cores, 16 << 20, 40));
      into.push_back(
          compiled(std::string(with.name) + " for " + std::to_string(with.cores) + name, of));
    } catch (const Halide::Error&) {
      // Some find no schedule for some algorithms.
    }
  }
}

/// C = A B for the autoschedulers. @param copies  B through a stage of its own: how they may pack
/// it
algorithm plain_product(const matrix_product& s, bool copies) {
  Var x("x"), y("y");
  const RDom k(0, s.depth, "k");
  const input a("A", {s.depth, s.rows}), b("B", {s.columns, s.depth});
  Func copy("copy"), sum("sum"), c("C");
  copy(x, y) = b(x, y);
  sum(x, y) = 0.f;
  sum(x, y) += a(k, y) * (copies ? Expr(copy(x, k)) : Expr(b(x, k)));
  c(x, y) = sum(x, y);
  return {c, {s.columns, s.rows}, {a, b}};
}

/// C = A B by tiles of `vectors` by `rows` accumulators over the whole depth. B is packed into the
/// panels of such a tile, one at a time, A once.
algorithm tiled_product(const matrix_product& s, int vectors, int rows) {
  const int panel = vectors * lanes();
  Var x("x"), y("y"), xi("xi"), yi("yi"), xo("xo"), yo("yo");
  const RDom k(0, s.depth, "k");
  const input a("A", {s.depth, s.rows}), b("B", {s.columns, s.depth});
  Func left("left"), right("right"), sum("sum"), c("C");
  left(yi, x, yo) = a(x, min(yo * rows + yi, s.rows - 1));
  right(xi, y, xo) = b(min(xo * panel + xi, s.columns - 1), y);
  sum(x, y) = 0.f;
  sum(x, y) += left(y % rows, k, y / rows) * right(x % panel, k, x / panel);
  c(x, y) = sum(x, y);
  algorithm made(c, {s.columns, s.rows}, {a, b});
  c.split(x, xo, xi, panel, Halide::TailStrategy::GuardWithIf)
      .split(y, yo, yi, rows, Halide::TailStrategy::GuardWithIf)
      .reorder(xi, yi, yo, xo)
      .vectorize(xi, lanes())
      .unroll(xi)
      .unroll(yi)
      .parallel(xo);
  sum.compute_at(c, yo).bound_extent(x, panel).bound_extent(y, rows);
  sum.vectorize(x, lanes()).unroll(x).unroll(y);
  sum.update().reorder(x, y, k).vectorize(x, lanes()).unroll(x).unroll(y);
  left.compute_root().bound_extent(yi, rows).reorder(yi, x, yo).unroll(yi).parallel(yo);
  right.compute_at(c, xo).bound_extent(xi, panel).vectorize(xi, lanes()).unroll(xi);
  return made;
}

std::vector<way> ways_of(const matrix_product& s) {
  std::vector<way> out;
  for (const bool copies : {false, true})
    autoschedule(
        copies ? ", copy of B" : "", [&] { return plain_product(s, copies); }, out);
  for (const auto& [vectors, rows] :
       std::vector<std::array<int, 2>>{{2, 8}, {2, 12}, {3, 8}, {4, 6}})
    out.push_back(compiled("by hand " + std::to_string(vectors) + " x " + std::to_string(rows),
                           tiled_product(s, vectors, rows)));
  return out;
}

/// The input of a convolution with its border.
extents padded_sizes(const convolution& s) {
  return {s.size[2] + 2 * s.padding, s.size[1] + 2 * s.padding, s.channels};
}
algorithm padded(const convolution& s) {
  Var x("x"), y("y"), c("c");
  const input in("X", {s.size[2], s.size[1], s.channels});
  Func inside = Halide::BoundaryConditions::constant_exterior(in.image, 0.f), out("padded");
  out(x, y, c) = inside(x - s.padding, y - s.padding, c);
  algorithm made(out, padded_sizes(s), {in});
  out.vectorize(x, lanes()).parallel(c);
  return made;
}

/// A convolution of a padded input for the autoschedulers.
algorithm plain_convolution(const convolution& s) {
  Var x("x"), y("y"), k("k");
  const RDom r(0, s.kernel, 0, s.kernel, 0, s.channels, "r");
  const input in("P", padded_sizes(s));
  const input w("W", {s.kernel, s.kernel, s.channels, s.filters});
  Func sum("sum"), out("Y");
  sum(x, y, k) = 0.f;
  sum(x, y, k) += w(r.x, r.y, r.z, k) * in(x * s.stride + r.x, y * s.stride + r.y, r.z);
  out(x, y, k) = sum(x, y, k);
  return {out, {s.output(2), s.output(1), s.filters}, {in, w}};
}

/// Tiles of the filters and of pixels of a row: one of them in vectors, the other one in rows.
enum class vectors_of { pixels, filters };

algorithm tiled_convolution(const convolution& s, vectors_of what, int vectors, int width,
                            int rows) {
  const bool are_filters = what == vectors_of::filters;
  const int filters = are_filters ? vectors * width : rows;
  const int pixels = are_filters ? rows : vectors * width;
  Var x("x"), y("y"), k("k"), c("c"), ki("ki"), ko("ko"), xi("xi"), xo("xo");
  Var u("u"), v("v");
  const RDom r(0, s.channels, 0, s.kernel, 0, s.kernel, "r");
  const input in("P", padded_sizes(s));
  const input w("W", {s.kernel, s.kernel, s.channels, s.filters});
  Func packed("packed"), sum("sum"), out("Y");
  packed(ki, c, u, v, ko) = w(u, v, c, ko * filters + ki);
  sum(x, y, k) = 0.f;
  sum(x, y, k) += packed(k % filters, r.x, r.y, r.z, k / filters) *
                  in(x * s.stride + r.y, y * s.stride + r.z, r.x);
  out(x, y, k) = sum(x, y, k);
  algorithm made(out, {s.output(2), s.output(1), s.filters}, {in, w});
  out.split(k, ko, ki, filters)
      .split(x, xo, xi, pixels, Halide::TailStrategy::ShiftInwards)
      .reorder(xi, ki, xo, y, ko)
      .parallel(ko);
  sum.compute_at(out, xo);
  if (are_filters) {
    out.vectorize(ki, width).unroll(ki).unroll(xi);
    sum.reorder_storage(k, x, y).reorder(k, x, y).vectorize(k, width).unroll(k).unroll(x);
    sum.update().reorder(k, x, r.y, r.z, r.x).vectorize(k, width).unroll(k).unroll(x);
  } else {
    out.vectorize(xi, width).unroll(xi).unroll(ki);
    sum.vectorize(x, width).unroll(x).unroll(k);
    sum.update().reorder(x, k, r.y, r.z, r.x).vectorize(x, width).unroll(x).unroll(k);
  }
  packed.compute_root().reorder(ki, u, v, c, ko).bound_extent(ki, filters).parallel(ko);
  return made;
}

std::vector<way> ways_of(const convolution& s) {
  std::vector<way> out;
  autoschedule(
      "", [&] { return plain_convolution(s); }, out);
  struct tile {
    vectors_of what;
    int vectors, width, rows;
  };
  for (const tile& with : {tile{vectors_of::pixels, 2, lanes(), 8},
                           {vectors_of::pixels, 3, lanes(), 8},
                           {vectors_of::pixels, 7, lanes() / 2, 2},
                           {vectors_of::pixels, 7, lanes() / 2, 4},
                           {vectors_of::filters, 1, lanes(), 14},
                           {vectors_of::filters, 2, lanes(), 8},
                           {vectors_of::filters, 2, lanes(), 14},
                           {vectors_of::filters, 4, lanes(), 7}}) {
    if (s.filters % (with.what == vectors_of::filters ? with.vectors * with.width : with.rows) != 0)
      continue;
    const bool are_filters = with.what == vectors_of::filters;
    out.push_back(compiled(std::string("by hand ") + std::to_string(with.vectors) + " of " +
                               std::to_string(with.width) + (are_filters ? " filters" : " pixels") +
                               " x " + std::to_string(with.rows),
                           tiled_convolution(s, with.what, with.vectors, with.width, with.rows)));
  }
  // All of them take the padded input, and pad it in the call.
  auto pads = std::make_shared<pipeline>(padded(s));
  const extents sizes = padded_sizes(s);
  std::shared_ptr<float> border(
      make_array<float>(std::size_t(sizes[0]) * sizes[1] * sizes[2]).release(), deleter());
  for (way& each : out) {
    each.run = [=, convolve = std::move(each.run)](const auto& in, float* to) {
      pads->run({in[0]}, border.get());
      convolve({border.get(), in[1]}, to);
    };
  }
  return out;
}

void enter(const problem& of, const operands& data, contestants& into) {
  if (of.name != "gemm_1024" && of.name != "C4") return;
  static std::map<std::string, std::vector<way>> known;
  const auto* const product = std::get_if<matrix_product>(&of.extents);
  const auto [found, is_new] = known.try_emplace(of.name);
  if (is_new) {
    const silence while_scheduling;
    found->second = product ? ways_of(*product) : ways_of(std::get<convolution>(of.extents));
  }
  const std::vector<const float*> in{data.get<float>(product ? "A" : "X"),
                                     data.get<float>(product ? "B" : "W")};
  float* const result = data.get<float>(product ? "C" : "Y");
  for (const way& each : found->second)
    into.push_back({"Halide", each.how, contract::plain, [=, run = each.run] { run(in, result); }});
}

/// The iterations of a parallel loop, on the threads of this program.
int share_loop(Halide::JITUserContext* context, int (*body)(Halide::JITUserContext*, int, uint8_t*),
               int begin, int count, uint8_t* closure) {
#  pragma omp parallel for schedule(dynamic) num_threads(threads()) if (threads() > 1)
  for (int at = begin; at < begin + count; ++at) body(context, at, closure);
  return 0;
}

}  // namespace

peer find_halide() {
  peer made{"Halide", "", true, nullptr, enter};
  for (const char* plugin : {LATHE_BENCH_HALIDE_PLUGINS})
    if (::dlopen(plugin, RTLD_LAZY) == nullptr) made.version += std::string(", no ") + plugin;
  Halide::JITHandlers handlers;
  handlers.custom_do_par_for = share_loop;
  Halide::Internal::JITSharedRuntime::set_default_handlers(handlers);
  made.version = "target " + target().to_string() + made.version;
  return made;
}

}  // namespace bench
#else
namespace bench {
peer find_halide() { return absent("Halide", "libhalide14-0-dev"); }
}  // namespace bench
#endif
