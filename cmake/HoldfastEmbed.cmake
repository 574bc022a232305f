# SPDX-License-Identifier: Apache-2.0
#
# Files of the source tree as part of the program: g++ 12 has no #embed.

find_package(Python3 REQUIRED COMPONENTS Interpreter)

# holdfast_embed(<target> <name> <file>...)
#
# Adds to the target a function std::span<const embedded_file> holdfast::serve::<name>(), which the caller declares in a
# header of its own, with the files sorted by path. Paths are relative to the calling folder. The bytes are read when the
# target is built: a file that changed is noticed.
function(holdfast_embed target name)
  set(unit "${CMAKE_CURRENT_BINARY_DIR}/${name}_embedded.cpp")
  set(script "${PROJECT_SOURCE_DIR}/tools/embed")
  set(files)
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND files "${file}")
  endforeach()
  add_custom_command(
    OUTPUT "${unit}"
    COMMAND Python3::Interpreter "${script}" --name "${name}" --root "${CMAKE_CURRENT_SOURCE_DIR}" --out "${unit}" ${files}
    DEPENDS "${script}" "${PROJECT_SOURCE_DIR}/tools/cpp_literal.py" ${files}
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE "${unit}")
endfunction()
