#include "cases.hpp"

#include <span>
#include <string_view>

namespace bench {
namespace {

template <class Shape>
struct named {
  const char* name;
  Shape extents;
};

// rows, depth
constexpr named<matrix_vector> gemv_shapes[] = {
    {"gemv_128", {128, 128}},    {"gemv_256", {256, 256}},    {"gemv_512", {512, 512}},
    {"gemv_1024", {1024, 1024}}, {"gemv_2048", {2048, 2048}}, {"gemv_4096", {4096, 4096}},
};
// rows, columns, depth
constexpr named<matrix_product> gemm_shapes[] = {
    {"gemm_32", {32, 32, 32}},         {"gemm_64", {64, 64, 64}},
    {"gemm_128", {128, 128, 128}},     {"gemm_256", {256, 256, 256}},
    {"gemm_512", {512, 512, 512}},     {"gemm_1024", {1024, 1024, 1024}},
    {"gemm_2048", {2048, 2048, 2048}},
};
// batch, features, left, right
constexpr named<bilinear_form> bilinear_shapes[] = {
    {"bil_0", {32, 32, 1024, 1024}}, {"bil_1", {64, 32, 512, 1024}}, {"bil_2", {128, 64, 256, 512}},
    {"bil_3", {256, 128, 128, 256}}, {"bil_4", {512, 256, 64, 128}},
};
// image dimensions, batch, channels, {depth, height, width}, filters, groups, kernel, stride,
// padding, dilation, transposed, output padding
constexpr named<convolution> conv1d_shapes[] = {
    {"c1d_0", {1, 1, 192, {1, 1, 3136}, 128, 1, 1, 1, 0, 1}},
    {"c1d_1", {1, 1, 128, {1, 1, 3136}, 256, 1, 9, 1, 1, 1}},
    {"c1d_2", {1, 1, 512, {1, 1, 784}, 256, 1, 1, 1, 0, 1}},
    {"c1d_3", {1, 1, 256, {1, 1, 784}, 512, 1, 9, 1, 1, 1}},
    {"c1d_4", {1, 1, 1024, {1, 1, 196}, 512, 1, 1, 1, 0, 1}},
    {"c1d_5", {1, 1, 512, {1, 1, 196}, 1024, 1, 9, 1, 1, 1}},
    {"c1d_6", {1, 1, 1024, {1, 1, 49}, 1024, 1, 9, 1, 1, 1}},
};
constexpr named<convolution> conv_transpose1d_shapes[] = {
    {"t1d_0", {1, 1, 128, {1, 1, 3136}, 192, 1, 1, 1, 0, 1, true}},
    {"t1d_1", {1, 1, 256, {1, 1, 3130}, 128, 1, 9, 1, 1, 1, true}},
    {"t1d_2", {1, 1, 256, {1, 1, 784}, 512, 1, 1, 1, 0, 1, true}},
    {"t1d_3", {1, 1, 512, {1, 1, 778}, 256, 1, 9, 1, 1, 1, true}},
    {"t1d_4", {1, 1, 512, {1, 1, 196}, 1024, 1, 1, 1, 0, 1, true}},
    {"t1d_5", {1, 1, 1024, {1, 1, 190}, 512, 1, 9, 1, 1, 1, true}},
    {"t1d_6", {1, 1, 1024, {1, 1, 43}, 1024, 1, 9, 1, 1, 1, true}},
};
constexpr named<convolution> conv2d_shapes[] = {
    {"C1", {2, 1, 3, {1, 448, 448}, 64, 1, 7, 2, 3, 1}},
    {"C2", {2, 1, 64, {1, 112, 112}, 192, 1, 3, 1, 1, 1}},
    {"C3", {2, 1, 192, {1, 56, 56}, 128, 1, 1, 1, 0, 1}},
    {"C4", {2, 1, 128, {1, 56, 56}, 256, 1, 3, 1, 1, 1}},
    {"C5", {2, 1, 256, {1, 56, 56}, 256, 1, 1, 1, 0, 1}},
    {"C6", {2, 1, 256, {1, 56, 56}, 512, 1, 3, 1, 1, 1}},
    {"C7", {2, 1, 512, {1, 28, 28}, 256, 1, 1, 1, 0, 1}},
    {"C8", {2, 1, 256, {1, 28, 28}, 512, 1, 3, 1, 1, 1}},
    {"C9", {2, 1, 512, {1, 28, 28}, 512, 1, 1, 1, 0, 1}},
    {"C10", {2, 1, 512, {1, 28, 28}, 1024, 1, 3, 1, 1, 1}},
    {"C11", {2, 1, 1024, {1, 14, 14}, 512, 1, 1, 1, 0, 1}},
    {"C12", {2, 1, 512, {1, 14, 14}, 1024, 1, 3, 1, 1, 1}},
    {"C13", {2, 1, 1024, {1, 14, 14}, 1024, 1, 3, 1, 1, 1}},
    {"C14", {2, 1, 1024, {1, 14, 14}, 1024, 1, 3, 2, 1, 1}},
    {"C15", {2, 1, 1024, {1, 7, 7}, 1024, 1, 3, 1, 1, 1}},
};
constexpr named<convolution> conv_transpose2d_shapes[] = {
    {"T1", {2, 1, 64, {1, 224, 224}, 3, 1, 7, 2, 3, 1, true}},
    {"T2", {2, 1, 192, {1, 112, 112}, 64, 1, 3, 1, 1, 1, true}},
    {"T3", {2, 1, 128, {1, 56, 56}, 192, 1, 1, 1, 0, 1, true}},
    {"T4", {2, 1, 256, {1, 56, 56}, 128, 1, 3, 1, 1, 1, true}},
    {"T5", {2, 1, 256, {1, 56, 56}, 256, 1, 1, 1, 0, 1, true}},
    {"T6", {2, 1, 512, {1, 56, 56}, 256, 1, 3, 1, 1, 1, true}},
    {"T7", {2, 1, 256, {1, 28, 28}, 512, 1, 1, 1, 0, 1, true}},
    {"T8", {2, 1, 512, {1, 28, 28}, 256, 1, 3, 1, 1, 1, true}},
    {"T9", {2, 1, 512, {1, 28, 28}, 512, 1, 1, 1, 0, 1, true}},
    {"T10", {2, 1, 1024, {1, 28, 28}, 512, 1, 3, 1, 1, 1, true}},
    {"T11", {2, 1, 512, {1, 14, 14}, 1024, 1, 1, 1, 0, 1, true}},
    {"T12", {2, 1, 1024, {1, 14, 14}, 512, 1, 3, 1, 1, 1, true}},
    {"T13", {2, 1, 1024, {1, 14, 14}, 1024, 1, 3, 1, 1, 1, true}},
    {"T14", {2, 1, 1024, {1, 7, 7}, 1024, 1, 3, 2, 1, 1, true}},
    {"T15", {2, 1, 1024, {1, 7, 7}, 1024, 1, 3, 1, 1, 1, true}},
};
constexpr named<convolution> conv3d_shapes[] = {
    {"c3d_0", {3, 1, 3, {16, 112, 112}, 64, 1, 7, 2, 3, 1}},
    {"c3d_1", {3, 1, 64, {16, 28, 28}, 192, 1, 3, 1, 1, 1}},
    {"c3d_2", {3, 1, 192, {4, 28, 28}, 128, 1, 1, 1, 0, 1}},
    {"c3d_3", {3, 1, 128, {4, 28, 28}, 256, 1, 3, 1, 1, 1}},
    {"c3d_4", {3, 1, 512, {4, 14, 14}, 256, 1, 1, 1, 0, 1}},
    {"c3d_5", {3, 1, 256, {4, 14, 14}, 512, 1, 3, 1, 1, 1}},
    {"c3d_6", {3, 1, 1024, {4, 7, 7}, 512, 1, 1, 1, 0, 1}},
    {"c3d_7", {3, 1, 512, {4, 7, 7}, 1024, 1, 3, 1, 1, 1}},
};
constexpr named<convolution> conv_transpose3d_shapes[] = {
    {"t3d_0", {3, 1, 64, {8, 56, 56}, 3, 1, 7, 2, 3, 1, true}},
    {"t3d_1", {3, 1, 192, {16, 28, 28}, 64, 1, 3, 1, 1, 1, true}},
    {"t3d_2", {3, 1, 128, {4, 28, 28}, 192, 1, 1, 1, 0, 1, true}},
    {"t3d_3", {3, 1, 256, {4, 28, 28}, 128, 1, 3, 1, 1, 1, true}},
    {"t3d_4", {3, 1, 256, {4, 14, 14}, 512, 1, 1, 1, 0, 1, true}},
    {"t3d_5", {3, 1, 512, {4, 14, 14}, 256, 1, 3, 1, 1, 1, true}},
    {"t3d_6", {3, 1, 512, {4, 7, 7}, 1024, 1, 1, 1, 0, 1, true}},
    {"t3d_7", {3, 1, 1024, {4, 7, 7}, 512, 1, 3, 1, 1, 1, true}},
};
constexpr named<convolution> group_shapes[] = {
    {"grp_C2", {2, 1, 64, {1, 112, 112}, 192, 4, 3, 1, 1, 1}},
    {"grp_C3", {2, 1, 192, {1, 56, 56}, 128, 4, 1, 1, 0, 1}},
    {"grp_C4", {2, 1, 128, {1, 56, 56}, 256, 4, 3, 1, 1, 1}},
    {"grp_C5", {2, 1, 256, {1, 56, 56}, 256, 4, 1, 1, 0, 1}},
    {"grp_C6", {2, 1, 256, {1, 56, 56}, 512, 4, 3, 1, 1, 1}},
    {"grp_C7", {2, 1, 512, {1, 28, 28}, 256, 4, 1, 1, 0, 1}},
    {"grp_C8", {2, 1, 256, {1, 28, 28}, 512, 4, 3, 1, 1, 1}},
    {"grp_C9", {2, 1, 512, {1, 28, 28}, 512, 4, 1, 1, 0, 1}},
    {"grp_C10", {2, 1, 512, {1, 28, 28}, 1024, 4, 3, 1, 1, 1}},
    {"grp_C11", {2, 1, 1024, {1, 14, 14}, 512, 4, 1, 1, 0, 1}},
    {"grp_C12", {2, 1, 512, {1, 14, 14}, 1024, 4, 3, 1, 1, 1}},
    {"grp_C13", {2, 1, 1024, {1, 14, 14}, 1024, 4, 3, 1, 1, 1}},
    {"grp_C14", {2, 1, 1024, {1, 14, 14}, 1024, 4, 3, 2, 1, 1}},
    {"grp_C15", {2, 1, 1024, {1, 7, 7}, 1024, 4, 3, 1, 1, 1}},
};
constexpr named<convolution> depthwise_shapes[] = {
    {"dep_0", {2, 1, 32, {1, 112, 112}, 32, 32, 3, 1, 1, 1}},
    {"dep_1", {2, 1, 16, {1, 112, 112}, 96, 16, 3, 2, 1, 1}},
    {"dep_2", {2, 1, 24, {1, 56, 56}, 144, 24, 3, 2, 1, 1}},
    {"dep_3", {2, 1, 32, {1, 28, 28}, 192, 32, 3, 2, 1, 1}},
    {"dep_4", {2, 1, 64, {1, 14, 14}, 384, 64, 3, 1, 1, 1}},
    {"dep_5", {2, 1, 96, {1, 14, 14}, 576, 96, 3, 2, 1, 1}},
    {"dep_6", {2, 1, 160, {1, 7, 7}, 960, 160, 3, 1, 1, 1}},
};
constexpr named<convolution> dilated_shapes[] = {
    {"dil_0", {2, 1, 256, {1, 56, 56}, 256, 1, 1, 1, 0, 2}},
    {"dil_1", {2, 1, 256, {1, 56, 56}, 512, 1, 3, 1, 1, 2}},
    {"dil_2", {2, 1, 512, {1, 28, 28}, 256, 1, 1, 1, 0, 2}},
    {"dil_3", {2, 1, 256, {1, 28, 28}, 512, 1, 3, 1, 1, 2}},
    {"dil_4", {2, 1, 512, {1, 28, 28}, 512, 1, 1, 1, 0, 2}},
    {"dil_5", {2, 1, 512, {1, 28, 28}, 1024, 1, 3, 1, 1, 2}},
    {"dil_6", {2, 1, 1024, {1, 14, 14}, 512, 1, 1, 1, 0, 2}},
    {"dil_7", {2, 1, 512, {1, 14, 14}, 1024, 1, 3, 1, 1, 2}},
    {"dil_8", {2, 1, 1024, {1, 14, 14}, 1024, 1, 3, 1, 1, 2}},
    {"dil_9", {2, 1, 1024, {1, 14, 14}, 1024, 1, 3, 2, 1, 2}},
    {"dil_10", {2, 1, 1024, {1, 7, 7}, 1024, 1, 3, 1, 1, 2}},
};
constexpr named<convolution> resnet18_shapes[] = {
    {"R0", {2, 1, 512, {1, 7, 7}, 512, 1, 3, 1, 1, 1}},
    {"R1", {2, 1, 256, {1, 14, 14}, 512, 1, 3, 2, 1, 1}},
    {"R2", {2, 1, 256, {1, 14, 14}, 256, 1, 3, 1, 1, 1}},
    {"R3", {2, 1, 128, {1, 28, 28}, 256, 1, 3, 2, 1, 1}},
    {"R4", {2, 1, 128, {1, 28, 28}, 128, 1, 3, 1, 1, 1}},
    {"R5", {2, 1, 64, {1, 56, 56}, 128, 1, 3, 2, 1, 1}},
    {"R6", {2, 1, 64, {1, 56, 56}, 64, 1, 3, 1, 1, 1}},
    {"R7", {2, 1, 3, {1, 224, 224}, 64, 1, 7, 2, 3, 1}},
    {"R8", {2, 1, 64, {1, 56, 56}, 64, 1, 1, 1, 0, 1}},
    {"R9", {2, 1, 64, {1, 56, 56}, 128, 1, 1, 2, 0, 1}},
    {"R10", {2, 1, 128, {1, 28, 28}, 256, 1, 1, 2, 0, 1}},
    {"R11", {2, 1, 256, {1, 14, 14}, 512, 1, 1, 2, 0, 1}},
};
constexpr named<convolution> upsampling_shapes[] = {
    {"unet_0", {2, 1, 1024, {1, 28, 28}, 512, 1, 2, 2, 0, 1, true}},
    {"unet_3", {2, 1, 128, {1, 196, 196}, 64, 1, 2, 2, 0, 1, true}},
    {"shiftnet_3", {2, 1, 1024, {1, 8, 8}, 512, 1, 4, 2, 1, 1, true}},
    {"shiftnet_4", {2, 1, 1024, {1, 16, 16}, 256, 1, 4, 2, 1, 1, true}},
    {"shiftnet_6", {2, 1, 256, {1, 64, 64}, 64, 1, 4, 2, 1, 1, true}},
};
constexpr named<convolution> many_groups_shapes[] = {
    {"grp_g16_C6", {2, 1, 256, {1, 56, 56}, 512, 16, 3, 1, 1, 1}},
    {"grp_g16_C8", {2, 1, 256, {1, 28, 28}, 512, 16, 3, 1, 1, 1}},
    {"grp_g16_C13", {2, 1, 1024, {1, 14, 14}, 1024, 16, 3, 1, 1, 1}},
    {"grp_g32_C11", {2, 1, 1024, {1, 14, 14}, 512, 32, 1, 1, 0, 1}},
};
constexpr named<convolution> depthwise_batch_shapes[] = {
    {"dep_b8_0", {2, 8, 32, {1, 112, 112}, 32, 32, 3, 1, 1, 1}},
    {"dep_b8_4", {2, 8, 64, {1, 14, 14}, 384, 64, 3, 1, 1, 1}},
};
// rows, columns, block
constexpr named<circulant_projection> projection_shapes[] = {
    {"bcm_1024_256_8", {1024, 256, 8}}, {"bcm_1024_256_16", {1024, 256, 16}},
    {"bcm_1024_512_8", {1024, 512, 8}}, {"bcm_1024_512_16", {1024, 512, 16}},
    {"bcm_1024_40_8", {1024, 40, 8}},   {"bcm_1024_40_16", {1024, 40, 16}},
};
// batch, height, width, channels, kernel
constexpr named<channel_shift> shift_shapes[] = {
    {"sho_128x128x64_k3", {1, 128, 128, 64, 3}},
    {"sho_64x64x128_k5", {1, 64, 64, 128, 5}},
    {"sho_32x32x256_k3", {1, 32, 32, 256, 3}},
    {"sho_16x16x512_k3", {1, 16, 16, 512, 3}},
};
constexpr named<matrix_vector> gemv_skinny_shapes[] = {
    {"gemv_16x1024", {16, 1024}},
    {"gemv_1024x16", {1024, 16}},
    {"gemv_64x16384", {64, 16384}},
};
constexpr named<matrix_product> gemm_square_shapes[] = {
    {"gemm_100", {100, 100, 100}},
    {"gemm_768", {768, 768, 768}},
    {"gemm_1536", {1536, 1536, 1536}},
    {"gemm_1624", {1624, 1624, 1624}},
};
constexpr named<matrix_product> gemm_skinny_shapes[] = {
    {"gemm_1024x1024x32", {1024, 1024, 32}},   {"gemm_1024x32x1024", {1024, 32, 1024}},
    {"gemm_128x4096x1024", {128, 4096, 1024}}, {"gemm_28x28x1024", {28, 28, 1024}},
    {"gemm_28x1024x28", {28, 1024, 28}},       {"gemm_2048x2048x1024", {2048, 2048, 1024}},
    {"gemm_333x517x259", {333, 517, 259}},
};
constexpr named<matrix_product> gemm_double_shapes[] = {
    {"dgemm_128", {128, 128, 128}},
    {"dgemm_512", {512, 512, 512}},
    {"dgemm_1024", {1024, 1024, 1024}},
};
constexpr named<matrix_product> gemm_byte_shapes[] = {
    {"igemm_128", {128, 128, 128}},
    {"igemm_512", {512, 512, 512}},
    {"igemm_1024", {1024, 1024, 1024}},
};
constexpr named<matrix_product> gemm_half_shapes[] = {
    {"hgemm_128", {128, 128, 128}},
    {"hgemm_512", {512, 512, 512}},
    {"hgemm_1024", {1024, 1024, 1024}},
};
constexpr named<matrix_product> gemm_f16_shapes[] = {
    {"gemm_f16_128", {128, 128, 128}},
    {"gemm_f16_512", {512, 512, 512}},
    {"gemm_f16_1024", {1024, 1024, 1024}},
    {"gemm_f16_4096", {4096, 4096, 4096}},
};
// rows, columns, depth, block
constexpr named<circulant_product> circulant_shapes[] = {
    {"bcm_64x1024x1024_b8", {64, 1024, 1024, 8}},
    {"bcm_1x1024x1024_b8", {1, 1024, 1024, 8}},
    {"bcm_64x1024x1024_b16", {64, 1024, 1024, 16}},
};
// batch, height, width, channels, filters, kernel
constexpr named<shift_convolution> shift_conv_shapes[] = {
    {"shc_56x56x64", {1, 56, 56, 64, 64, 3}},
    {"shc_28x28x256", {1, 28, 28, 256, 256, 3}},
    {"shc_14x14x512", {1, 14, 14, 512, 512, 3}},
};
// rows, depth, height, rank
constexpr named<khatri_rao_product> mttkrp_shapes[] = {
    {"mttkrp_128_r16", {128, 128, 128, 16}},
    {"mttkrp_256_r32", {256, 256, 256, 32}},
    {"mttkrp_512x64x128_r64", {512, 64, 128, 64}},
};
constexpr named<khatri_rao_product> mttkrp_double_shapes[] = {
    {"dmttkrp_128_r16", {128, 128, 128, 16}},
    {"dmttkrp_256_r32", {256, 256, 256, 32}},
};
constexpr named<stencil> stencil_double_shapes[] = {
    {"jacobi_64", {64, 64, 64}},
    {"jacobi_128", {128, 128, 128}},
    {"jacobi_256", {256, 256, 256}},
};
constexpr named<stencil> stencil_float_shapes[] = {
    {"sjacobi_128", {128, 128, 128}},
};

/// Two of every operator: one in the middle of its shapes, one where libraries are weak or the
/// problem is small.
constexpr std::string_view quick_names[] = {
    "gemv_512", "gemv_2048", "gemm_512", "gemm_1024", "bil_1", "bil_3", "c1d_1", "c1d_6",
    "t1d_3",    "t1d_6",     "C8",       "C15",       "T8",    "T14",   "c3d_3", "c3d_7",
    "t3d_0",    "t3d_3",     "grp_C8",   "grp_C13",   "dep_1", "dep_4", "dil_3", "dil_8"};

class table {
 public:
  template <class Shape, std::size_t Count>
  void add(const char* op, group counts_for, const named<Shape> (&shapes)[Count],
           lathe::dtype element = lathe::dtype::f32) {
    for (const named<Shape>& each : shapes) {
      bool quick = false;
      for (const std::string_view name : quick_names) quick |= name == each.name;
      rows.push_back({op, each.name, counts_for, quick, each.extents, element});
    }
  }
  std::vector<problem> rows;
};

std::vector<problem> make_cases() {
  using enum group;
  constexpr auto f64 = lathe::dtype::f64;
  table all;
  all.add("gemv", library, gemv_shapes);
  all.add("gemm", library, gemm_shapes);
  all.add("bilinear", library, bilinear_shapes);
  all.add("conv1d", library, conv1d_shapes);
  all.add("conv_transpose1d", library, conv_transpose1d_shapes);
  all.add("conv2d", library, conv2d_shapes);
  all.add("conv_transpose2d", library, conv_transpose2d_shapes);
  all.add("conv3d", library, conv3d_shapes);
  all.add("conv_transpose3d", library, conv_transpose3d_shapes);
  all.add("group_conv2d", library, group_shapes);
  all.add("depthwise_conv2d", library, depthwise_shapes);
  all.add("dilated_conv2d", library, dilated_shapes);
  all.add("resnet18", extra, resnet18_shapes);
  all.add("gemv_skinny", extra, gemv_skinny_shapes);
  all.add("gemm_square", extra, gemm_square_shapes);
  all.add("gemm_skinny", extra, gemm_skinny_shapes);
  all.add("gemm_f64", extra, gemm_double_shapes, f64);
  all.add("gemm_u8i8", extra, gemm_byte_shapes, lathe::dtype::u8);
  all.add("gemm_bf16", extra, gemm_half_shapes, lathe::dtype::bf16);
  all.add("gemm_f16", extra, gemm_f16_shapes, lathe::dtype::f16);
  all.add("upsampling", extra, upsampling_shapes);
  all.add("many_groups", extra, many_groups_shapes);
  all.add("depthwise_batch", extra, depthwise_batch_shapes);
  all.add("block_circulant_matmul", custom, circulant_shapes);
  all.add("block_circulant_project", custom, projection_shapes);
  all.add("shift", custom, shift_shapes);
  all.add("shift_conv", custom, shift_conv_shapes);
  all.add("mttkrp", custom, mttkrp_shapes);
  all.add("mttkrp", custom, mttkrp_double_shapes, f64);
  all.add("jacobi3d", custom, stencil_double_shapes, f64);
  all.add("jacobi3d", custom, stencil_float_shapes);
  return all.rows;
}

}  // namespace

const std::vector<problem>& all_cases() {
  static const std::vector<problem> all = make_cases();
  return all;
}

}  // namespace bench
