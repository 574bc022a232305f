# SPDX-License-Identifier: Apache-2.0
#
# Pages, changelogs and licences of a package are compressed, without the time, so that the same build makes the same package.
file(GLOB_RECURSE plain "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/*/*.[1-9]"
  "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/changelog.Debian"
  "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/third-party-licences.txt")
if(plain)
  execute_process(COMMAND gzip -9n ${plain} COMMAND_ERROR_IS_FATAL ANY)
endif()
