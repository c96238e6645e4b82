/// @file
/// What a sanitized build of the tests cannot do.
#pragma once

namespace test {

#if defined(__has_feature)
inline constexpr bool address_sanitizer = __has_feature(address_sanitizer);
inline constexpr bool thread_sanitizer = __has_feature(thread_sanitizer);
#else
#  if defined(__SANITIZE_ADDRESS__)
inline constexpr bool address_sanitizer = true;
#  else
inline constexpr bool address_sanitizer = false;
#  endif
#  if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#  else
inline constexpr bool thread_sanitizer = false;
#  endif
#endif

}  // namespace test
