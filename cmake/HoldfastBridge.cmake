# SPDX-License-Identifier: Apache-2.0
#
# The engine's Rust archive as a library that C++ links: holdfast_bridge_lib.
#
# It holds the bridge and, inside it, the WAVE functions of src/wit/wave. Cargo decides what is out of date, so each
# build asks it; the archive in the build folder is only touched when it changed, so only then are programs linked anew.
# Its cache lies outside the build tree (tools/engine-cache) and is shared by all clones and presets.

set(HOLDFAST_BUILT_ENGINE "" CACHE PATH "Folder of archives that cargo built before, taken as they are; empty: ask it")

# holdfast_add_archive(<name> <crate>): the static library <name>, which cargo makes of one crate of the workspace.
function(holdfast_add_archive name crate)
  string(REPLACE "-" "_" file "${crate}")
  add_library(${name} STATIC IMPORTED GLOBAL)
  if(HOLDFAST_BUILT_ENGINE)
    set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${HOLDFAST_BUILT_ENGINE}/lib${file}.a")
    return()
  endif()
  set(path "${PROJECT_BINARY_DIR}/engine/lib${file}.a")
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${path}")
  # The console is its own: the first build takes minutes and shows what it is doing.
  add_custom_target(${name}_build
    COMMAND "${PROJECT_SOURCE_DIR}/tools/engine-build" "${path}" ${crate}
    BYPRODUCTS "${path}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Asking cargo for ${crate}"
    USES_TERMINAL
    VERBATIM)

  # Ninja knows from BYPRODUCTS that a link waits for the archive, and lets C++ compile meanwhile. Others must be told.
  if(NOT CMAKE_GENERATOR MATCHES "Ninja")
    add_dependencies(${name} ${name}_build)
  endif()
endfunction()

add_library(holdfast_bridge_lib INTERFACE)
target_include_directories(holdfast_bridge_lib INTERFACE
  "${PROJECT_SOURCE_DIR}/src/engine/bridge/include"
  "${PROJECT_SOURCE_DIR}/src/wit/docs/include"
  "${PROJECT_SOURCE_DIR}/src/wit/wave/include")

# Without the engine the target keeps its headers, so that a layer may name it either way.
if(HOLDFAST_ENGINE)
  holdfast_add_archive(holdfast_bridge_archive holdfast-bridge)
  # A program that needs more of Rust names an archive that holds the bridge too: Rust's own library would otherwise be
  # there twice. The expression is about the program, not about the layers between.
  set(chosen $<TARGET_PROPERTY:HOLDFAST_ARCHIVE>)
  target_link_libraries(holdfast_bridge_lib INTERFACE
    $<IF:$<BOOL:${chosen}>,${chosen},holdfast_bridge_archive> Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
