/// @file
/// The meaning of a description, computed point by point from the description itself. In: a
/// random_operator and its inputs. Out: all outputs. Shares no code with lower/: what the lowered
/// program computes is compared with this.
#pragma once

#include <lathe/core/sequence.hpp>

#include "property/random_operator.hpp"
#include <cstddef>

namespace lathe::property {

/// Elements of every tensor of an operator, row-major, by tensor.
using tensor_data = lathe::sequence<lathe::sequence<std::byte>>;

/// Memory for every tensor, inputs filled with values that the generator's exactness allows.
tensor_data make_data(const random_operator& source, random_engine& engine);

/// Computes every tensor that a stage defines.
void evaluate(const random_operator& source, tensor_data& data);

}  // namespace lathe::property
