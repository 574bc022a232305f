# SPDX-License-Identifier: Apache-2.0
#
# What comes from the system. `tools/setup` installs all of it; here a missing one gets one clear line.

# Called as a macro: what find_package sets belongs to the caller.
macro(holdfast_need package hint)
  find_package(${package} ${ARGN})
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "Holdfast needs ${hint}. Run tools/setup, or install it and configure again.")
  endif()
endmacro()

# Static, so that the command runs where Boost is not installed.
set(Boost_USE_STATIC_LIBS ON)
holdfast_need(Boost "Boost 1.81 or later with Boost.JSON and Boost.URL" 1.81 QUIET CONFIG COMPONENTS headers json url)

# holdfast_need_library(<name> <header> <library> <hint>): the target holdfast_<name>, static where there is an archive.
function(holdfast_need_library name header library hint)
  string(TOUPPER "HOLDFAST_${name}" variable)
  find_path(${variable}_INCLUDE ${header})
  find_library(${variable}_LIBRARY NAMES lib${library}.a ${library})
  if(NOT ${variable}_INCLUDE OR NOT ${variable}_LIBRARY)
    message(FATAL_ERROR "Holdfast needs ${hint}. Run tools/setup, or install it and configure again.")
  endif()
  add_library(holdfast_${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(holdfast_${name} PROPERTIES
    IMPORTED_LOCATION "${${variable}_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${${variable}_INCLUDE}")
endfunction()

holdfast_need_library(sodium sodium.h sodium "libsodium (libsodium-dev)")
holdfast_need_library(sqlite sqlite3.h sqlite3 "SQLite (libsqlite3-dev)")
set_target_properties(holdfast_sqlite PROPERTIES INTERFACE_LINK_LIBRARIES "m;${CMAKE_DL_LIBS}")

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

if(HOLDFAST_ENGINE AND HOLDFAST_SERVE)
  holdfast_need(CLI11 "CLI11 (libcli11-dev)" QUIET CONFIG)
  holdfast_need(OpenSSL "OpenSSL (libssl-dev)" 3.0 QUIET)
  holdfast_need(tomlplusplus "toml++ (libtomlplusplus-dev)" QUIET CONFIG)
  holdfast_need(prometheus-cpp "prometheus-cpp's core (prometheus-cpp-dev)" QUIET CONFIG)
endif()

if(HOLDFAST_TESTS)
  holdfast_need(GTest "GoogleTest and GoogleMock (libgtest-dev, libgmock-dev)" QUIET CONFIG)
  holdfast_need(rapidcheck "RapidCheck (librapidcheck-dev)" QUIET CONFIG)
endif()
