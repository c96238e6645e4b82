/// @file
/// Every run-time body of export.hpp, background.hpp and api/kernel_page.hpp once, in dependency
/// order: a translation unit of its own in lathe::compiled, so that programs that use none of them
/// do not have it. nest_walk.hpp's are in lab.ipp.
#pragma once

#include <lathe/target/c/library_text.ipp>
#include <lathe/api/export.ipp>
#include <lathe/api/background.ipp>
#include <lathe/api/kernel_page.ipp>
