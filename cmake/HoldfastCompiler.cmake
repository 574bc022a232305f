# SPDX-License-Identifier: Apache-2.0
#
# How our own C++ is compiled: C++20, every warning an error, sanitizers where a preset asks for them.
#
# Options are set for our folders, not on our targets, so that none of them reaches an embedder's code.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  endif()
  find_program(HOLDFAST_CCACHE ccache)
  if(HOLDFAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${HOLDFAST_CCACHE}")
  endif()
endif()

# Where the sources lie is nobody's business who gets the program, and makes it another one.
add_compile_options(-Wall -Wextra -Wpedantic "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
if(HOLDFAST_WERROR)
  add_compile_options(-Werror)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports a false overlap inside std::string's operator+ (its bug 105651).
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    add_compile_options(-Wno-restrict)
  endif()
  # Sanitizers add branches that make this warning guess wrong.
  if(HOLDFAST_SANITIZE)
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

if(HOLDFAST_SANITIZE)
  add_compile_options("-fsanitize=${HOLDFAST_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options("-fsanitize=${HOLDFAST_SANITIZE}")
endif()

# holdfast_checks_fewer_pointers(<target>): for programs, tests, and the server, which is made of others' templates.
#
# The other layers are compiled with all of UndefinedBehaviorSanitizer. These leave out its checks of every pointer and
# reference: they take 40 % of such a file's compile time, and most of what they find ends the process under
# AddressSanitizer anyway.
function(holdfast_checks_fewer_pointers target)
  if(HOLDFAST_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment,vptr,object-size)
  endif()
endfunction()

# holdfast_is_soon_over(<target>): for what takes longer to compile than to run, of tests above all.
function(holdfast_is_soon_over target)
  if(HOLDFAST_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)  # half of -O1's compile time
  else()
    target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-O1>")
  endif()
endfunction()

# The engine is a large archive, which the default linker takes many times longer to link.
include(CheckCXXSourceCompiles)
foreach(linker IN ITEMS mold lld)
  set(CMAKE_REQUIRED_LINK_OPTIONS "-fuse-ld=${linker}")
  check_cxx_source_compiles("int main() { return 0; }" HOLDFAST_LINKER_${linker})
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(HOLDFAST_LINKER_${linker})
    add_link_options("-fuse-ld=${linker}")
    break()
  endif()
endforeach()

# Of the archive's code an executable keeps what it can reach.
add_link_options(-Wl,--gc-sections)

# holdfast_uses_coroutines(<target>): for programs whose own code is coroutines of Asio.
#
# Where g++ optimises, it takes the operator delete of an awaitable's frame for a stranger to the allocation that it has
# inlined, and warns.
function(holdfast_uses_coroutines target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete)
  endif()
endfunction()
