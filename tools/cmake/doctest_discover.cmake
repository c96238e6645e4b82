# Registers each case of a doctest executable as a CTest of its own.
#
#   lathe_discover_cases(<target> <label>)     after the target is linked, its cases are listed and
#       written to a file that CTest reads: name "<label>: <case>", label <label>.
#
# A case that prints "[SKIP] reason" and passes counts as skipped. Cases of the test suite
# "nightly" are registered only for `ctest -C Nightly`.
#
# The same file, run as a script (cmake -P), writes that list.

function(lathe_discover_cases target label)
  set(list "${CMAKE_CURRENT_BINARY_DIR}/${target}_cases.cmake")
  add_custom_command(TARGET ${target} POST_BUILD
    BYPRODUCTS "${list}"
    COMMAND "${CMAKE_COMMAND}"
      "-Dexecutable=$<TARGET_FILE:${target}>" "-Dlabel=${label}" "-Dlist=${list}"
      "-Dcache_dir=${PROJECT_BINARY_DIR}/test-cache"
      -P "${PROJECT_SOURCE_DIR}/tools/cmake/doctest_discover.cmake"
    VERBATIM)
  set(include_file "${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake")
  file(CONFIGURE OUTPUT "${include_file}" @ONLY CONTENT [[
if(EXISTS "@list@")
  include("@list@")
else()
  add_test("@label@: not built" "not built: @target@")
  set_tests_properties("@label@: not built" PROPERTIES LABELS "@label@")
endif()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include_file}")
endfunction()

# Names of the cases of one suite filter, with the characters CMake lists cannot hold replaced.
function(list_cases out)
  execute_process(COMMAND "${executable}" --list-test-cases --no-skip ${ARGN}
    OUTPUT_VARIABLE text RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${executable} --list-test-cases failed: ${status}\n${text}")
  endif()
  foreach(pair "\\[=<LB>" "\\]=<RB>" ";=<SC>")
    string(REGEX MATCH "^(.*)=(.*)$" matched "${pair}")
    string(REGEX REPLACE "${CMAKE_MATCH_1}" "${CMAKE_MATCH_2}" text "${text}")
  endforeach()
  string(REPLACE "\n" ";" lines "${text}")
  set(names "")
  foreach(line IN LISTS lines)
    if(NOT line STREQUAL "" AND NOT line MATCHES "^(<LB>doctest<RB>|====)")
      list(APPEND names "${line}")
    endif()
  endforeach()
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  cmake_minimum_required(VERSION 3.21)
  list_cases(daily --test-suite-exclude=nightly)
  list_cases(nightly --test-suite=nightly)
  set(registered ${daily} ${nightly})
  list(LENGTH registered count)
  list(REMOVE_DUPLICATES registered)
  list(LENGTH registered distinct)
  if(NOT count EQUAL distinct)
    message(FATAL_ERROR "${executable}: two test cases have the same name")
  endif()

  set(text "")
  foreach(name IN LISTS registered)
    set(labels "${label}")
    set(open "")
    set(close "")
    if(name IN_LIST nightly)
      set(labels "${label};nightly")
      set(open "if(CTEST_CONFIGURATION_TYPE STREQUAL \"Nightly\")\n")
      set(close "endif()\n")
    endif()
    string(REPLACE "<LB>" "[" name "${name}")
    string(REPLACE "<RB>" "]" name "${name}")
    string(REPLACE "<SC>" ";" name "${name}")
    # doctest separates filters by commas; a star would match other cases too, harmlessly.
    string(REPLACE "," "\\," filter "${name}")
    string(APPEND text "${open}"
      "add_test([==[${label}: ${name}]==] [==[${executable}]==] [==[--test-case=${filter}]==]"
      " --case-sensitive=true --no-skip=true)\n"
      "set_tests_properties([==[${label}: ${name}]==] PROPERTIES LABELS [==[${labels}]==]\n"
      "  ENVIRONMENT [==[LATHE_CACHE_DIR=${cache_dir}]==]\n"
      "  FAIL_REGULAR_EXPRESSION [==[test cases: +0 ]==]\n"
      "  SKIP_REGULAR_EXPRESSION [==[\\[SKIP\\].*Status: SUCCESS]==])\n"
      "${close}")
  endforeach()
  file(WRITE "${list}" "${text}")
endif()
