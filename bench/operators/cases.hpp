/// @file
/// All cases of the bench.
#pragma once

#include "problem.hpp"
#include <vector>

namespace bench {

/// Every case, in the order of the report.
///
/// Library operators: the 110 cases of Zheng et al., FlexTensor (ASPLOS 2020), Tables 3 and 4, with
/// the shapes of its repository; C1 to C15 are layers of YOLO-v1. Extra shapes: the convolutions of
/// ResNet-18, square and skinny matrices, upsampling layers of U-Net and Shift-Net. Custom
/// operators: sections 6.5 of the same paper, and four of numerical and compressed computation.
const std::vector<problem>& all_cases();

}  // namespace bench
