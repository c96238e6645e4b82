# Options for work on lathe itself; none of them reaches a user of the targets.

set(LATHE_DEV_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)

# g++ 12 reports a false overlap inside std::string::operator+ (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND LATHE_DEV_WARNINGS -Wno-restrict)
endif()

if(LATHE_DEV_SANITIZE)
  set(sanitize_flags -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1)
  if(LATHE_DEV_SANITIZE STREQUAL "thread")
    set(sanitize_flags -fsanitize=thread -fno-omit-frame-pointer -g1)
  endif()
  add_compile_options(${sanitize_flags})
  add_link_options(${sanitize_flags})
  # Instrumented code keeps more variables across setjmp() than g++ can follow.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND LATHE_DEV_WARNINGS -Wno-clobbered)
  endif()
endif()

# Warnings for one of our own targets.
function(lathe_dev_options target)
  target_compile_options(${target} PRIVATE ${LATHE_DEV_WARNINGS})
  if(LATHE_DEV_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
