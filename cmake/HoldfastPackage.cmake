# SPDX-License-Identifier: Apache-2.0
#
# Packages for Debian and its kin: libholdfast with the shared library, libholdfast-dev, and holdfast, the command.
# `make package`, or `cpack --config build/release/CPackConfig.cmake`.

set(so "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME holdfast)
set(CPACK_PACKAGE_VENDOR "Holdfast")
set(CPACK_PACKAGE_CONTACT "Holdfast's maintainers <maintainers@holdfast.example.org>")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL library development command)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME "libholdfast${so}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "host of WebAssembly components, shared library
 Hosts WebAssembly components from C++ so that no caller can break one: the
 host owns every call, a caller may leave at any instant and is told what
 became of its call, and an instance that was spoiled is replaced.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libholdfast-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libholdfast${so} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libboost-dev (>= 1.81) | libboost1.81-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "host of WebAssembly components, headers
 Headers, the files for CMake and pkg-config, and the WIT that guests are
 written against, of a library that hosts WebAssembly components so that no
 caller can break one.")

set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME holdfast)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_COMMAND_DESCRIPTION "host of WebAssembly components, command and server
 Calls and inspects components, and serves them over HTTP: calls by their ids,
 keys, deadlines, web applications, a dashboard, metrics and traces. No client
 can break a component by leaving.")

# What Debian's policy asks of every package, and the linker's cache of one with a library.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/debian/triggers")
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER "${component}" upper)
  set(name "${CPACK_DEBIAN_${upper}_PACKAGE_NAME}")
  set(debian "${PROJECT_SOURCE_DIR}/packaging/debian")
  install(FILES "${debian}/copyright" DESTINATION "share/doc/${name}" COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES "${debian}/changelog" RENAME changelog.Debian DESTINATION "share/doc/${name}" COMPONENT ${component}
    EXCLUDE_FROM_ALL)
  install(FILES "${debian}/${component}.lintian-overrides" RENAME "${name}" DESTINATION share/lintian/overrides
    COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
install(FILES ${HOLDFAST_NOTICES} DESTINATION "share/doc/${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME}" COMPONENT library
  EXCLUDE_FROM_ALL)
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/debian/compress.cmake")
include(CPack)
