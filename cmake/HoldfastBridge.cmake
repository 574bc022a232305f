# SPDX-License-Identifier: Apache-2.0
#
# The engine's Rust archive as a library that C++ links: holdfast_bridge_lib.
#
# It holds the bridge and, inside it, the WAVE functions of src/wit/wave. Cargo decides what is out of date, so each
# build asks it; the archive in the build folder is only touched when it changed, so only then are programs linked anew.
# Its cache lies outside the build tree (tools/engine-cache) and is shared by all clones and presets.

add_library(holdfast_bridge_lib INTERFACE)
target_include_directories(holdfast_bridge_lib INTERFACE
  "${PROJECT_SOURCE_DIR}/src/engine/bridge/include"
  "${PROJECT_SOURCE_DIR}/src/wit/wave/include")

# Without the engine the target keeps its headers, so that a layer may name it either way.
if(HOLDFAST_ENGINE)
  set(holdfast_bridge_archive_path "${PROJECT_BINARY_DIR}/engine/libholdfast_bridge.a")
  # The console is its own: the first build takes minutes and shows what it is doing.
  add_custom_target(holdfast_bridge_build
    COMMAND "${PROJECT_SOURCE_DIR}/tools/engine-build" "${holdfast_bridge_archive_path}"
    BYPRODUCTS "${holdfast_bridge_archive_path}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Asking cargo for the engine"
    USES_TERMINAL
    VERBATIM)

  add_library(holdfast_bridge_archive STATIC IMPORTED GLOBAL)
  set_target_properties(holdfast_bridge_archive PROPERTIES IMPORTED_LOCATION "${holdfast_bridge_archive_path}")
  # Ninja knows from BYPRODUCTS that a link waits for the archive, and lets C++ compile meanwhile. Others must be told.
  if(NOT CMAKE_GENERATOR MATCHES "Ninja")
    add_dependencies(holdfast_bridge_archive holdfast_bridge_build)
  endif()
  target_link_libraries(holdfast_bridge_lib INTERFACE holdfast_bridge_archive Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
