/// @file
/// The version of lathe, written down once: CMake and the command line read it from here.
#pragma once

#define LATHE_VERSION_MAJOR 0
#define LATHE_VERSION_MINOR 1
#define LATHE_VERSION_PATCH 0
