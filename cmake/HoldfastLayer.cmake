# SPDX-License-Identifier: Apache-2.0
#
# A layer is a folder src/<layer> and a library holdfast_<layer> made of its .cpp files.

# holdfast_add_layer(<layer> [LINK <target>...])
#
# Makes the library holdfast_<layer> from every .cpp file of the calling folder; a file that appears later is noticed
# by the next build.
function(holdfast_add_layer layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(holdfast_${layer} STATIC ${sources})
  target_link_libraries(holdfast_${layer} PUBLIC holdfast_headers ${arg_LINK})
endfunction()

# holdfast_add_tool(<name> SOURCES <file>... [LINK <target>...]): a program beside the command, part of `make build`.
function(holdfast_add_tool name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE holdfast_headers ${arg_LINK})
  add_dependencies(holdfast_product ${name})
endfunction()
