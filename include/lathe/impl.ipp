/// @file
/// Every run-time body once, in dependency order: what lathe::compiled's translation unit includes.
#pragma once

#include <lathe/lower/ir.ipp>
