# Compiles one file and checks the outcome. Called by the tests of this folder:
#   cmake -DCOMPILER=... -DSOURCE=... -DFLAGS=a;b -DEXPECT=<regex or empty> -P check.cmake
# EXPECT empty: the file must compile. Otherwise it must give exactly one error, and that one must
# match: a mistake has one readable line, not a page.
execute_process(
  COMMAND ${COMPILER} ${FLAGS} -fsyntax-only ${SOURCE}
  RESULT_VARIABLE status
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)

if(EXPECT STREQUAL "")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "does not compile:\n${output}")
  endif()
  return()
endif()

if(status EQUAL 0)
  message(FATAL_ERROR "compiles, but '${EXPECT}' was expected")
endif()
# A semicolon in the output would split list elements.
string(REPLACE ";" "," output "${output}")
string(REGEX MATCHALL "error: [^\n]*" errors "${output}")
list(LENGTH errors count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "one error expected, ${count} found:\n${output}")
endif()
if(NOT errors MATCHES "${EXPECT}")
  message(FATAL_ERROR "'${EXPECT}' expected:\n${output}")
endif()
