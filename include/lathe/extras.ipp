/// @file
/// Every run-time body of export.hpp and background.hpp once, in dependency order: a translation
/// unit of its own in lathe::compiled, so that programs that use neither do not have it.
#pragma once

#include <lathe/target/c/library_text.ipp>
#include <lathe/api/export.ipp>
#include <lathe/api/background.ipp>
