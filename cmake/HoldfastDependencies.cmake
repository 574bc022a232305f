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

find_path(HOLDFAST_SODIUM_INCLUDE sodium.h)
find_library(HOLDFAST_SODIUM_LIBRARY NAMES libsodium.a sodium)
if(NOT HOLDFAST_SODIUM_INCLUDE OR NOT HOLDFAST_SODIUM_LIBRARY)
  message(FATAL_ERROR "Holdfast needs libsodium (libsodium-dev). Run tools/setup, or install it and configure again.")
endif()
add_library(holdfast_sodium UNKNOWN IMPORTED)
set_target_properties(holdfast_sodium PROPERTIES
  IMPORTED_LOCATION "${HOLDFAST_SODIUM_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${HOLDFAST_SODIUM_INCLUDE}")

find_path(HOLDFAST_SQLITE_INCLUDE sqlite3.h)
find_library(HOLDFAST_SQLITE_LIBRARY NAMES libsqlite3.a sqlite3)
if(NOT HOLDFAST_SQLITE_INCLUDE OR NOT HOLDFAST_SQLITE_LIBRARY)
  message(FATAL_ERROR "Holdfast needs SQLite (libsqlite3-dev). Run tools/setup, or install it and configure again.")
endif()
add_library(holdfast_sqlite UNKNOWN IMPORTED)
set_target_properties(holdfast_sqlite PROPERTIES
  IMPORTED_LOCATION "${HOLDFAST_SQLITE_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${HOLDFAST_SQLITE_INCLUDE}"
  INTERFACE_LINK_LIBRARIES "m;${CMAKE_DL_LIBS}")

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

if(HOLDFAST_ENGINE)
  holdfast_need(CLI11 "CLI11 (libcli11-dev)" QUIET CONFIG)
endif()

if(HOLDFAST_TESTS)
  holdfast_need(GTest "GoogleTest and GoogleMock (libgtest-dev, libgmock-dev)" QUIET CONFIG)
  holdfast_need(rapidcheck "RapidCheck (librapidcheck-dev)" QUIET CONFIG)
endif()
