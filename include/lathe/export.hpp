/// @file
/// Kernels for machines without a JIT: `#include <lathe/export.hpp>` beside lathe.hpp and call
/// lathe::save(kernel, folder). It is not part of lathe.hpp, whose users would pay for parsing it.
#pragma once

#include <lathe/api/export.hpp>
