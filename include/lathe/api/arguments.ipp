/// @file
/// Bodies of arguments.hpp: the checks that need values, and their texts.
#pragma once

#include <lathe/api/arguments.hpp>

#include <string>

namespace lathe {
namespace detail {

LATHE_INLINE std::int64_t element_count(const desc_tensor& tensor) {
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  return count;
}

/// "63 elements (7 x 9)"
LATHE_INLINE std::string size_text(const desc_tensor& tensor) {
  const std::int64_t count = element_count(tensor);
  std::string text = std::to_string(count) + (count == 1 ? " element" : " elements");
  for (int d = 0; d < tensor.rank; ++d) {
    text += (d == 0 ? " (" : " x ") + std::to_string(tensor.shape[d]);
  }
  return tensor.rank > 0 ? text + ")" : text;
}

LATHE_INLINE std::string subject_text(const desc_tensor& tensor) {
  return std::string(tensor.producer >= 0 ? "output " : "input ") + tensor.name + ": ";
}

/// The rules about views: rank, extents, dense row-major.
LATHE_INLINE std::optional<error> check_view(const desc_tensor& tensor, const call_argument& view) {
  if (view.rank != tensor.rank) {
    return error("LATHE-E104", subject_text(tensor) + "expected a view of rank " +
                                   std::to_string(tensor.rank) + ", got rank " +
                                   std::to_string(view.rank));
  }
  std::int64_t stride = 1;
  for (int d = tensor.rank; d-- > 0;) {
    if (view.extents[d] != tensor.shape[d]) {
      return error("LATHE-E103", subject_text(tensor) + "expected extent " +
                                     std::to_string(tensor.shape[d]) + " in dimension " +
                                     std::to_string(d) + ", got " +
                                     std::to_string(view.extents[d]));
    }
    if (tensor.shape[d] > 1 && view.strides[d] != stride) {
      return error("LATHE-E105", subject_text(tensor) + "expected a dense row-major view, stride " +
                                     std::to_string(stride) + " in dimension " + std::to_string(d) +
                                     ", got " + std::to_string(view.strides[d]) +
                                     "; copy it to dense storage first");
    }
    stride *= tensor.shape[d];
  }
  return std::nullopt;
}

LATHE_INLINE std::optional<error> check_argument(const desc_tensor& tensor,
                                                 const call_argument& argument) {
  if (argument.data == nullptr) {
    return error("LATHE-E101",
                 subject_text(tensor) + "expected " + size_text(tensor) + ", got a null pointer");
  }
  if (argument.rank >= 0) {
    if (auto problem = check_view(tensor, argument)) return problem;
  } else if (argument.count != unknown_extent && argument.count < element_count(tensor)) {
    return error("LATHE-E102", subject_text(tensor) + "expected " + size_text(tensor) + ", got " +
                                   std::to_string(argument.count));
  }
  const auto address = reinterpret_cast<std::uintptr_t>(argument.data);
  const auto alignment = static_cast<std::uintptr_t>(size_of(tensor.type));
  if (!tensor.scalar && address % alignment != 0) {
    return error("LATHE-E106", subject_text(tensor) + "expected an address that is a multiple of " +
                                   std::to_string(alignment) + " bytes, as " +
                                   name_of(tensor.type) + " needs, got one that is " +
                                   std::to_string(address % alignment) + " past it");
  }
  return std::nullopt;
}

LATHE_INLINE bool overlap(const desc_tensor& left, const call_argument& left_argument,
                          const desc_tensor& right, const call_argument& right_argument) {
  const auto left_begin = reinterpret_cast<std::uintptr_t>(left_argument.data);
  const auto right_begin = reinterpret_cast<std::uintptr_t>(right_argument.data);
  const auto left_end =
      left_begin + static_cast<std::uintptr_t>(element_count(left) * size_of(left.type));
  const auto right_end =
      right_begin + static_cast<std::uintptr_t>(element_count(right) * size_of(right.type));
  return left_begin < right_end && right_begin < left_end;
}

}  // namespace detail

LATHE_INLINE std::optional<error> check_arguments(const desc_view& operation,
                                                  const call_argument* arguments) {
  for (int n = 0; n < operation.param_count; ++n) {
    if (!arguments[n].given) continue;
    if (auto problem = detail::check_argument(operation.tensors[n], arguments[n])) return problem;
  }
  for (int output = 0; output < operation.param_count; ++output) {
    const desc_tensor& written = operation.tensors[output];
    if (written.producer < 0 || !arguments[output].given) continue;
    for (int n = 0; n < operation.param_count; ++n) {
      const desc_tensor& other = operation.tensors[n];
      const bool is_checked_already = other.producer >= 0 && n <= output;
      if (is_checked_already || !arguments[n].given ||
          !detail::overlap(written, arguments[output], other, arguments[n])) {
        continue;
      }
      return error("LATHE-E107", detail::subject_text(written) + "its memory overlaps that of " +
                                     (other.producer >= 0 ? "output " : "input ") + other.name +
                                     "; pass separate memory");
    }
  }
  return std::nullopt;
}

}  // namespace lathe
