# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts where: the shared library with its headers and what finds it (CMake's package, pkg-config),
# the command with its pages and completions, and the units of systemd.

# Debian and its kin have a folder of libraries an architecture, below whichever prefix.
if(EXISTS /etc/debian_version AND CMAKE_LIBRARY_ARCHITECTURE)
  set(CMAKE_INSTALL_LIBDIR "lib/${CMAKE_LIBRARY_ARCHITECTURE}" CACHE PATH "Libraries, below the prefix")
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# One library of the layers that an embedder uses. What else is in it (Wasmtime, SQLite, libsodium) is seen by nobody:
# a program may bring its own. Boost's compiled parts are the system's shared ones, whose archives cannot go in.
set(empty "${PROJECT_BINARY_DIR}/holdfast_shared.cpp")
file(CONFIGURE OUTPUT "${empty}" CONTENT "// The layers are in their archives.\n")
add_library(holdfast_shared SHARED "${empty}")
set(layers holdfast_wit holdfast_core holdfast_engine holdfast_host)
set(boost)
foreach(part IN ITEMS json container)
  find_library(HOLDFAST_SHARED_BOOST_${part} NAMES libboost_${part}.so boost_${part} REQUIRED)
  list(APPEND boost "${HOLDFAST_SHARED_BOOST_${part}}")
endforeach()
set(archives)
foreach(layer IN LISTS layers)
  list(APPEND archives "$<TARGET_FILE:${layer}>")
endforeach()
set(names "${PROJECT_SOURCE_DIR}/packaging/holdfast.map")
# A function that a program has inline too stays the library's own inside it: the program's may be compiled without
# exceptions.
target_link_options(holdfast_shared PRIVATE
  "LINKER:--version-script=${names}" "LINKER:--gc-sections" "LINKER:-Bsymbolic-functions")
target_link_libraries(holdfast_shared PRIVATE
  -Wl,--whole-archive ${archives} -Wl,--no-whole-archive
  holdfast_bridge_archive holdfast_sqlite holdfast_sodium ${boost} Threads::Threads ${CMAKE_DL_LIBS} m)
add_dependencies(holdfast_shared ${layers})
set_target_properties(holdfast_shared PROPERTIES
  OUTPUT_NAME holdfast
  EXPORT_NAME holdfast
  VERSION "${PROJECT_VERSION}"
  # Before 1.0 a minor version may break an interface.
  SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}"
  LINK_DEPENDS "${names};${archives}")
target_compile_features(holdfast_shared INTERFACE cxx_std_20)
target_include_directories(holdfast_shared INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_libraries(holdfast_shared INTERFACE "$<INSTALL_INTERFACE:Boost::headers>" "$<INSTALL_INTERFACE:Threads::Threads>")
add_dependencies(holdfast_product holdfast_shared)

install(TARGETS holdfast_shared EXPORT holdfast
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/holdfast" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT development FILES_MATCHING PATTERN "*.hpp")

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/holdfast")
install(EXPORT holdfast NAMESPACE holdfast:: FILE holdfastTargets.cmake DESTINATION "${package}" COMPONENT development)
configure_package_config_file("${PROJECT_SOURCE_DIR}/packaging/holdfastConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/holdfastConfig.cmake" INSTALL_DESTINATION "${package}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/holdfastConfig.cmake" "${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake"
  DESTINATION "${package}" COMPONENT development)
# pkg-config's file names the prefix, which `cmake --install --prefix` may change: it is written when it is installed.
foreach(variable IN ITEMS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR PROJECT_VERSION PROJECT_DESCRIPTION)
  install(CODE "set(${variable} [[${${variable}}]])" COMPONENT development)
endforeach()
install(CODE
  "configure_file([[${PROJECT_SOURCE_DIR}/packaging/holdfast.pc.in]] [[${PROJECT_BINARY_DIR}/holdfast.pc]] @ONLY)"
  COMPONENT development)
install(FILES "${PROJECT_BINARY_DIR}/holdfast.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
  COMPONENT development)

# The WIT that guests are written against.
foreach(room IN ITEMS call actor outbound timers)
  file(GLOB wit CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/guests/${room}/*.wit")
  install(FILES ${wit} DESTINATION "${CMAKE_INSTALL_DATADIR}/holdfast/wit/${room}" COMPONENT development)
endforeach()

install(TARGETS holdfast_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT command)
if(TARGET holdfast_man)
  foreach(page IN LISTS HOLDFAST_MAN_PAGES)
    cmake_path(GET page EXTENSION LAST_ONLY section)
    string(SUBSTRING "${section}" 1 1 section)
    install(FILES "${page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}" COMPONENT command)
  endforeach()
endif()

# The command writes its own completions.
set(completions)
foreach(shell IN ITEMS bash zsh fish)
  set(file "${PROJECT_BINARY_DIR}/completions/${shell}")
  add_custom_command(OUTPUT "${file}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/completions"
    COMMAND holdfast_cli completion ${shell} > "${file}"
    DEPENDS holdfast_cli
    COMMENT "Writing the completion for ${shell}"
    VERBATIM)
  list(APPEND completions "${file}")
endforeach()
add_custom_target(holdfast_completions DEPENDS ${completions})
add_dependencies(holdfast_product holdfast_completions)
install(FILES "${PROJECT_BINARY_DIR}/completions/bash" RENAME holdfast
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT command)
install(FILES "${PROJECT_BINARY_DIR}/completions/zsh" RENAME _holdfast
  DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT command)
install(FILES "${PROJECT_BINARY_DIR}/completions/fish" RENAME holdfast.fish
  DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT command)
install(FILES "${PROJECT_SOURCE_DIR}/packaging/holdfast.service" "${PROJECT_SOURCE_DIR}/packaging/holdfast.socket"
  DESTINATION lib/systemd/system COMPONENT command)

# What others wrote of it, and the texts of their licences, which have to go with it.
set(HOLDFAST_NOTICES)
foreach(notice IN ITEMS sbom.json third-party-licences.txt)
  set(file "${PROJECT_BINARY_DIR}/notices/${notice}")
  set(form)
  if(notice MATCHES "licences")
    set(form --texts)
  endif()
  add_custom_command(OUTPUT "${file}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/notices"
    COMMAND "${PROJECT_SOURCE_DIR}/tools/sbom" ${form} > "${file}"
    DEPENDS "${PROJECT_SOURCE_DIR}/Cargo.lock" "${PROJECT_SOURCE_DIR}/tools/sbom" holdfast_bridge_archive_build
    COMMENT "Writing ${notice}"
    VERBATIM)
  list(APPEND HOLDFAST_NOTICES "${file}")
endforeach()
add_custom_target(holdfast_notices DEPENDS ${HOLDFAST_NOTICES})
add_dependencies(holdfast_product holdfast_notices)
install(FILES ${HOLDFAST_NOTICES} DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/holdfast" COMPONENT command)
