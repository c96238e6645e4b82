#include "operators.hpp"

#include <lathe/lathe.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>

namespace tools {
namespace {

using lathe::error;
using lathe::owned_desc;
using lathe::result;
namespace ops = lathe::ops;
using values = std::span<const int>;

template <class Operation>
result<owned_desc> owned(const Operation& operation) {
  const auto description = lathe::describe(operation);
  if (!description.valid()) return lathe::error_of(description.problem);
  return owned_desc(description);
}

/// Descriptions of an operator by element type, from a function template over the types.
template <class Make>
typed_descriptions real(Make) {
  return {[](values v) { return owned(Make{}.template operator()<float>(v)); },
          [](values v) { return owned(Make{}.template operator()<double>(v)); }};
}

/// The same for an operator that multiplies elements of two types into a third.
template <class Make>
typed_descriptions mixed(Make make) {
  typed_descriptions out = real(make);
  out.u8i8 = [](values v) {
    return owned(Make{}.template operator()<std::uint8_t, std::int8_t, int>(v));
  };
  out.i8i8 = [](values v) {
    return owned(Make{}.template operator()<std::int8_t, std::int8_t, int>(v));
  };
  out.bf16 = [](values v) {
    return owned(Make{}.template operator()<lathe::bf16, lathe::bf16, float>(v));
  };
  out.f16 = [](values v) {
    return owned(Make{}.template operator()<lathe::f16, lathe::f16, float>(v));
  };
  return out;
}

// Numbers that most operators share. Steps are kept small so that no product leaves int.
constexpr int most_step = 1 << 10;
constexpr extent batch{"N", "images", 1};
constexpr extent channels{"C", "channels"};
constexpr extent depth{"D", "depth of the image"};
constexpr extent height{"H", "height of the image"};
constexpr extent width{"W", "width of the image"};
constexpr extent filters{"F", "filters"};
constexpr extent kernel{"K", "kernel size", -1, 1, most_step};
constexpr extent stride{"stride", "distance of outputs", 1, 1, most_step};
constexpr extent padding{"pad", "border of zeros", 0, 0, most_step};
constexpr extent dilation{"dilation", "distance of kernel elements", 1, 1, most_step};
constexpr extent output_padding{"outpad", "extra border of the output", 0, 0, most_step};

const char* even_kernel(int size) { return size % 2 == 0 ? "K must be odd" : nullptr; }
const char* wide_padding(int pad, int dilated, int size) {
  return pad > dilated * (size - 1) ? "pad must be at most dilation * (K - 1)" : nullptr;
}

std::vector<library_operator> make_operators() {
  return {
      {"avg_pool2d",
       "mean of each window",
       {batch, channels, height, width, kernel, stride, padding},
       nullptr,
       real([]<class E>(values v) {
         return ops::avg_pool2d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
       })},
      {"bilinear",
       "Y[i,j] = sum A[i,k] W[j,k,l] B[i,l]",
       {{"M", "rows"}, {"N", "features"}, {"K", "left size"}, {"L", "right size"}},
       nullptr,
       real([]<class E>(values v) { return ops::bilinear<E>(v[0], v[1], v[2], v[3]); })},
      {"block_circulant_matmul",
       "matrix times block-circulant matrix",
       {{"M", "rows"}, {"N", "columns"}, {"K", "depth"}, {"block", "size of the blocks"}},
       [](values v) {
         return v[1] % v[3] != 0 || v[2] % v[3] != 0 ? "block must divide N and K" : nullptr;
       },
       real([]<class E>(values v) {
         return ops::block_circulant_matmul<E>(v[0], v[1], v[2], v[3]);
       })},
      {"block_circulant_project",
       "nearest block-circulant matrix",
       {{"M", "rows"}, {"N", "columns"}, {"block", "size of the blocks"}},
       [](values v) {
         return v[2] > std::min(v[0], v[1]) ? "block must be at most M and N" : nullptr;
       },
       real([]<class E>(values v) { return ops::block_circulant_project<E>(v[0], v[1], v[2]); })},
      {"conv1d",
       "convolution of sequences",
       {batch, channels, {"L", "length"}, filters, kernel, stride, padding, dilation},
       nullptr,
       real([]<class E>(values v) {
         return ops::conv1d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
       })},
      {"conv2d",
       "convolution of images",
       {batch, channels, height, width, filters, kernel, stride, padding, dilation},
       nullptr,
       mixed([]<class L, class R = L, class To = L>(values v) {
         return ops::conv2d<L, R, To>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]);
       })},
      {"conv3d",
       "convolution of volumes",
       {batch, channels, depth, height, width, filters, kernel, stride, padding, dilation},
       nullptr,
       real([]<class E>(values v) {
         return ops::conv3d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]);
       })},
      {"conv_transpose1d",
       "transposed convolution of sequences",
       {batch,
        channels,
        {"L", "length"},
        filters,
        kernel,
        stride,
        padding,
        output_padding,
        dilation},
       [](values v) { return wide_padding(v[6], v[8], v[4]); },
       real([]<class E>(values v) {
         return ops::conv_transpose1d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]);
       })},
      {"conv_transpose2d",
       "transposed convolution of images",
       {batch, channels, height, width, filters, kernel, stride, padding, output_padding, dilation},
       [](values v) { return wide_padding(v[7], v[9], v[5]); },
       real([]<class E>(values v) {
         return ops::conv_transpose2d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8],
                                         v[9]);
       })},
      {"conv_transpose3d",
       "transposed convolution of volumes",
       {batch, channels, depth, height, width, filters, kernel, stride, padding, output_padding,
        dilation},
       [](values v) { return wide_padding(v[8], v[10], v[6]); },
       real([]<class E>(values v) {
         return ops::conv_transpose3d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9],
                                         v[10]);
       })},
      {"depthwise_conv2d",
       "convolution of each channel on its own",
       {batch,
        channels,
        height,
        width,
        {"multiplier", "outputs per channel", 1, 1, most_step},
        kernel,
        stride,
        padding,
        dilation},
       nullptr,
       real([]<class E>(values v) {
         return ops::depthwise_conv2d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]);
       })},
      {"gemm",
       "matrix product C[i,j] = sum A[i,k] B[k,j]",
       {{"M", "rows"}, {"N", "columns"}, {"K", "depth"}},
       nullptr,
       mixed([]<class L, class R = L, class To = L>(values v) {
         return ops::gemm<L, R, To>(v[0], v[1], v[2]);
       })},
      {"gemv",
       "matrix times vector",
       {{"M", "rows"}, {"K", "depth"}},
       nullptr,
       real([]<class E>(values v) { return ops::gemv<E>(v[0], v[1]); })},
      {"group_conv2d",
       "convolution in groups of channels",
       {batch,
        channels,
        height,
        width,
        filters,
        {"groups", "groups of channels"},
        kernel,
        stride,
        padding,
        dilation},
       [](values v) {
         return v[1] % v[5] != 0 || v[4] % v[5] != 0 ? "groups must divide C and F" : nullptr;
       },
       real([]<class E>(values v) {
         return ops::group_conv2d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]);
       })},
      {"jacobi3d", "7-point stencil", {depth, height, width}, nullptr, real([]<class E>(values v) {
         return ops::jacobi3d<E>(v[0], v[1], v[2]);
       })},
      {"max_pool2d",
       "largest element of each window",
       {batch, channels, height, width, kernel, stride, padding},
       nullptr,
       real([]<class E>(values v) {
         return ops::max_pool2d<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
       })},
      {"mttkrp",
       "matricised tensor times Khatri-Rao product",
       {{"M", "rows"}, {"K", "depth"}, {"L", "height"}, {"R", "rank"}},
       nullptr,
       real([]<class E>(values v) { return ops::mttkrp<E>(v[0], v[1], v[2], v[3]); })},
      {"shift",
       "every channel moved by its own offset",
       {batch, height, width, channels, kernel, stride, dilation},
       [](values v) { return even_kernel(v[4]); },
       real([]<class E>(values v) {
         return ops::shift<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
       })},
      {"shift_conv",
       "shift, then 1 x 1 convolution",
       {batch, height, width, channels, filters, kernel, dilation},
       [](values v) { return even_kernel(v[5]); },
       real([]<class E>(values v) {
         return ops::shift_conv<E>(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
       })},
      {"softmax",
       "softmax of each row",
       {{"M", "rows"}, {"N", "columns"}},
       nullptr,
       real([]<class E>(values v) { return ops::softmax<E>(v[0], v[1]); })},
  };
}

[[noreturn]] void refuse(const std::string& text) {
  throw CLI::ValidationError(text, CLI::ExitCodes::ValidationError);
}

const library_operator& found(const std::string& name) {
  for (const library_operator& one : library_operators())
    if (name == one.name) return one;
  std::string known;
  for (const library_operator& one : library_operators()) known += std::string(" ") + one.name;
  refuse("there is no operator '" + name + "'; there are:" + known);
}

int number_of(const library_operator& of, const extent& where, std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || value < where.least ||
      value > where.most) {
    refuse(std::string(of.name) + ": " + where.name + " (" + where.what + ") is '" +
           std::string(text) + "'; expected a number from " + std::to_string(where.least) + " to " +
           std::to_string(where.most));
  }
  return value;
}

}  // namespace

const std::vector<library_operator>& library_operators() {
  static const std::vector<library_operator> all = make_operators();
  return all;
}

std::string usage_of(const library_operator& one) {
  std::string out = one.name;
  for (const extent& each : one.extents) {
    out += std::string(" ") + each.name;
    if (each.fallback >= 0) out += "=" + std::to_string(each.fallback);
  }
  return out;
}

const std::vector<std::string>& type_words() {
  static const std::vector<std::string> all{"f32", "f64", "u8i8", "i8i8", "f16", "bf16"};
  return all;
}

chosen_operator choose_operator(const std::string& name, const std::vector<std::string>& settings,
                                const std::string& type) {
  const library_operator& one = found(name);
  const description_maker describe = type == "f64"    ? one.describe.f64
                                     : type == "u8i8" ? one.describe.u8i8
                                     : type == "i8i8" ? one.describe.i8i8
                                     : type == "f16"  ? one.describe.f16
                                     : type == "bf16" ? one.describe.bf16
                                                      : one.describe.f32;
  if (describe == nullptr) refuse(name + " is not there for --type " + type);
  std::vector<std::optional<int>> given(one.extents.size());
  std::vector<std::size_t> order;  // of numbers without a name
  std::size_t position = 0;
  for (const bool required : {true, false})
    for (std::size_t at = 0; at < one.extents.size(); ++at)
      if ((one.extents[at].fallback < 0) == required) order.push_back(at);
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    std::size_t at = one.extents.size();
    if (equals != std::string::npos) {
      const auto same = [&](const extent& each) { return setting.substr(0, equals) == each.name; };
      at = static_cast<std::size_t>(std::ranges::find_if(one.extents, same) - one.extents.begin());
    } else if (position < order.size()) {
      at = order[position++];
    }
    if (at == one.extents.size()) refuse("'" + setting + "' is no extent of " + usage_of(one));
    if (given[at]) refuse(std::string(one.name) + ": " + one.extents[at].name + " is given twice");
    given[at] =
        number_of(one, one.extents[at],
                  std::string_view(setting).substr(equals == std::string::npos ? 0 : equals + 1));
  }
  std::vector<int> numbers;
  std::string title = one.name + (type == "f32" ? "" : " " + type);
  for (std::size_t at = 0; at < given.size(); ++at) {
    const extent& each = one.extents[at];
    if (!given[at] && each.fallback < 0)
      refuse(std::string(each.name) + " (" + each.what + ") is missing: " + usage_of(one));
    numbers.push_back(given[at].value_or(each.fallback));
    title += std::string(" ") + each.name + "=" + std::to_string(numbers.back());
  }
  if (one.objection != nullptr)
    if (const char* why = one.objection(numbers)) refuse(std::string(one.name) + ": " + why);
  result<owned_desc> made = describe(numbers);
  if (!made) refuse(std::string(one.name) + ": these extents do not fit: " + made.error().what());
  return {title, std::move(made).value()};
}

}  // namespace tools
