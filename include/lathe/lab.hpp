/// @file
/// What compares searches, and the strategies that tune() does not need: opt in with
/// `#include <lathe/lab.hpp>` beside <lathe/lathe.hpp>.
#pragma once

#include <lathe/search/program_features.hpp>
#include <lathe/search/replay.hpp>
#include <lathe/search/strategies.hpp>
#include <lathe/search/table.hpp>
