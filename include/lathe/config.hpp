/// @file
/// Compiler minimum and the header-only / compiled switch. The only file with feature tests.
///
/// Header-only (default): every run-time function is `inline` and its body (`x.ipp`) is included by
/// its header (`x.hpp`). With LATHE_COMPILED (set by the CMake target lathe::compiled) the bodies
/// are compiled once in the library's single translation unit, so that users' files compile fast.
#pragma once

#include <lathe/version.hpp>

#if !defined(__cplusplus) || __cplusplus < 202002L
#  error \
      "[LATHE-E001] lathe needs C++20: compile with -std=c++20 (g++ 12 or newer, clang 14 or newer)"
#endif

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12
#  error "[LATHE-E001] lathe needs g++ 12 or newer"
#endif

#if defined(LATHE_COMPILED)
#  define LATHE_HEADER_ONLY 0
#  define LATHE_INLINE
#  define LATHE_COLD
#else
#  define LATHE_HEADER_ONLY 1
// Cold, and -O1 with g++: saves a fifth of the -O2 compile time. Kernels run elsewhere.
#  if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && \
      !defined(__OPTIMIZE_SIZE__)
#    define LATHE_COLD __attribute__((cold, optimize("O1")))
#  else
#    define LATHE_COLD __attribute__((cold))
#  endif
#  define LATHE_INLINE LATHE_COLD inline
#endif

#if defined(__cpp_exceptions)
#  define LATHE_HAS_EXCEPTIONS 1
#else
#  define LATHE_HAS_EXCEPTIONS 0
#endif
