/// @file
/// The one header users include: the language, its analysis, and everything that runs operators.
/// `#include <lathe/lathe.hpp>` and link lathe::lathe (header-only) or lathe::compiled.
#pragma once

#include <lathe/analysis/describe.hpp>
#include <lathe/api/evaluate.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/stencil.hpp>
#include <lathe/ops/transposed_convolution.hpp>
#include <lathe/version.hpp>
