/// @file
/// The operators of lathe/ops by name, with named extents: what the command line can tune and
/// explain. In: words of the command line. Out: a description.
#pragma once

#include <lathe/analysis/owned_desc.hpp>
#include <lathe/core/error.hpp>

#include <span>
#include <string>
#include <vector>

namespace tools {

/// One number that an operator needs.
struct extent {
  const char* name;   ///< as written on the command line: "C"
  const char* what;   ///< "channels"
  int fallback = -1;  ///< used if it is not given; -1: it must be given
  int least = 1;
  int most = 1 << 20;
};

/// Makes the description of an operator with these extents.
using description_maker = lathe::result<lathe::owned_desc> (*)(std::span<const int> values);

/// One for each --type; null where the operator is not there for it.
struct typed_descriptions {
  description_maker f32 = nullptr, f64 = nullptr;
  description_maker f16 = nullptr, bf16 = nullptr;   ///< factors; the sum is f32
  description_maker u8i8 = nullptr, i8i8 = nullptr;  ///< first and second factor; the sum is i32
};

/// One operator of the library.
struct library_operator {
  const char* name;
  const char* what;
  std::vector<extent> extents;
  /// What is wrong with these extents together, null if nothing is. May be null itself.
  const char* (*objection)(std::span<const int> values);
  typed_descriptions describe;
};

/// All operators, by name.
const std::vector<library_operator>& library_operators();

/// An operator with all its numbers.
struct chosen_operator {
  std::string title;  ///< "gemm M=1024 N=1024 K=1024"
  lathe::owned_desc desc;
};

/// What --type may say.
const std::vector<std::string>& type_words();

/// The operator and extents of a command line: `gemm 1024 1024 1024` or `conv2d C=256 H=28 ...`.
/// Numbers without a name are the extents that must be given, then the others, in order.
/// @error CLI::ValidationError for an unknown name, an unknown, missing or illegal extent, a type
///        that the operator is not there for
chosen_operator choose_operator(const std::string& name, const std::vector<std::string>& settings,
                                const std::string& type);

/// One line: "conv2d N=1 C H W F K stride=1 pad=0 dilation=1".
std::string usage_of(const library_operator& one);

}  // namespace tools
