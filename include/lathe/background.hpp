/// @file
/// Tuning beside a program that already computes: `#include <lathe/background.hpp>` beside
/// lathe.hpp and call lathe::tune_in_background(op). It is not part of lathe.hpp, whose users would
/// pay for parsing it.
#pragma once

#include <lathe/api/background.hpp>
