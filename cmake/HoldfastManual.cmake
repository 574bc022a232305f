# SPDX-License-Identifier: Apache-2.0
#
# The manual pages, build/PRESET/man/NAME.SECTION, of docs/man by scdoc. Options and settings come from the command and from
# docs/configuration.md (tools/man-page), so a page is made anew whenever one of these changes.

find_program(HOLDFAST_SCDOC scdoc)
if(NOT HOLDFAST_SCDOC OR NOT TARGET holdfast_cli)
  return()
endif()

file(GLOB templates CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/man/*.scd")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/man")
set(pages)
foreach(template IN LISTS templates)
  cmake_path(GET template STEM LAST_ONLY name)
  set(page "${PROJECT_BINARY_DIR}/man/${name}")
  add_custom_command(
    OUTPUT "${page}"
    COMMAND "${PROJECT_SOURCE_DIR}/tools/man-page" "${template}" "$<TARGET_FILE:holdfast_cli>" > "${page}.scd"
    COMMAND "${HOLDFAST_SCDOC}" < "${page}.scd" > "${page}"
    DEPENDS "${template}" "${PROJECT_SOURCE_DIR}/tools/man-page" "${PROJECT_SOURCE_DIR}/docs/configuration.md" holdfast_cli
    COMMENT "Writing the manual page ${name}"
    VERBATIM)
  list(APPEND pages "${page}")
endforeach()
set(HOLDFAST_MAN_PAGES "${pages}")
add_custom_target(holdfast_man DEPENDS ${pages})
