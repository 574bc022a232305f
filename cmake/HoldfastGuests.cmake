# SPDX-License-Identifier: Apache-2.0
#
# The guests that tests and demo run, built by guests/build into one folder of the build tree.
#
# guests/build keeps its own cache and is quick when nothing changed, so each full build runs it.

set(HOLDFAST_GUESTS_DIR "${PROJECT_BINARY_DIR}/guests" CACHE PATH "Where the built guests are")

if(HOLDFAST_GUESTS AND HOLDFAST_ENGINE)
  add_custom_target(guests ALL
    COMMAND "${PROJECT_SOURCE_DIR}/tools/with-node" "${PROJECT_SOURCE_DIR}/guests/build" --out "${HOLDFAST_GUESTS_DIR}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Building the guests"
    VERBATIM)
endif()
