# SPDX-License-Identifier: Apache-2.0
#
# One test program a layer, made from tests/<layer>/*.cpp, each of its tests known to ctest under the layer's label.

include(GoogleTest)

# A sanitizer slows a test down, a busy machine does too: a test that runs this long hangs.
if(HOLDFAST_SANITIZE)
  set(HOLDFAST_TEST_TIMEOUT 480)
else()
  set(HOLDFAST_TEST_TIMEOUT 120)
endif()

# holdfast_add_tests(<layer> [ONLY <pattern>] [LINK <target>...])
#
# Makes holdfast_tests_<layer>, linked to holdfast_<layer>, GoogleTest, GoogleMock and RapidCheck; its own main is
# GoogleMock's. Headers shared by tests are included from the root tests/, such as "support/scratch_folder.hpp".
# HOLDFAST_GUESTS_DIR is the folder of the built guests, HOLDFAST_SOURCE_DIR the repository, HOLDFAST_COMMAND the path of
# the command. ONLY: of the folder's files those, such as *_test.cpp, where the others are a library of their own.
function(holdfast_add_tests layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ONLY" "LINK")
  if(NOT arg_ONLY)
    set(arg_ONLY "*.cpp")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${layer}/${arg_ONLY}")
  set(program holdfast_tests_${layer})
  add_executable(${program} ${sources})
  target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${program} PRIVATE holdfast_headers GTest::gmock_main rapidcheck ${arg_LINK})
  holdfast_uses_coroutines(${program})
  holdfast_checks_fewer_pointers(${program})
  holdfast_is_soon_over(${program})
  # The command is a program, which its tests run; the other layers are libraries, which theirs link.
  if(layer STREQUAL "cli")
    add_dependencies(${program} holdfast_cli)
  else()
    target_link_libraries(${program} PRIVATE holdfast_${layer})
  endif()
  target_compile_definitions(${program} PRIVATE
    HOLDFAST_GUESTS_DIR="${HOLDFAST_GUESTS_DIR}"
    HOLDFAST_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    HOLDFAST_COMMAND="${PROJECT_BINARY_DIR}/bin/holdfast")
  # Tests are listed when ctest starts, so that a build never runs what it has just built.
  gtest_discover_tests(${program}
    TEST_PREFIX "${layer}."
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${layer} TIMEOUT ${HOLDFAST_TEST_TIMEOUT})
endfunction()

# holdfast_add_samples(<kind>): a program holdfast_<kind>_<name> of each .cpp of the calling folder, as an embedder would
# make it. Their names are in holdfast_<kind>_names.
function(holdfast_add_samples kind)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  set(names)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    set(program holdfast_${kind}_${name})
    add_executable(${program} "${source}")
    target_link_libraries(${program} PRIVATE holdfast::holdfast)
    holdfast_uses_coroutines(${program})
    holdfast_checks_fewer_pointers(${program})
    holdfast_is_soon_over(${program})
    list(APPEND names ${name})
  endforeach()
  set(holdfast_${kind}_names "${names}" PARENT_SCOPE)
endfunction()
