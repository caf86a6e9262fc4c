# What `cmake --install` puts where; the Debian package is made of the same files. With the prefix
# /usr (the default here is /usr/local) the settings go to /etc.
include(GNUInstallDirs)

if(TARGET b24watch)
  install(TARGETS b24watch RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

# The settings and the place for the analyst's own rules. Installed, they name both that place and
# the file of the webhook.
set(settings_file "${PROJECT_SOURCE_DIR}/config/b24watch.yaml")
if(EXISTS "${settings_file}")
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    "${settings_file}")
  file(READ "${settings_file}" settings)
  foreach(change "# webhook_file: webhook  =webhook_file: webhook    " "\nrules: []     =\nrules: [rules]")
    string(REGEX MATCH "^(.*)=(.*)$" whole "${change}")
    string(FIND "${settings}" "${CMAKE_MATCH_1}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "config/b24watch.yaml: no line with '${CMAKE_MATCH_1}'")
    endif()
    string(REPLACE "${CMAKE_MATCH_1}" "${CMAKE_MATCH_2}" settings "${settings}")
  endforeach()
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/installed/b24watch.yaml" CONTENT "@settings@" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/installed/b24watch.yaml"
    DESTINATION "${CMAKE_INSTALL_FULL_SYSCONFDIR}/b24watch")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/packaging/rules.README"
  DESTINATION "${CMAKE_INSTALL_FULL_SYSCONFDIR}/b24watch/rules" RENAME README)

# The shipped metrics and rules, to read and to copy from; the program has them compiled in.
foreach(folder metrics rules)
  file(GLOB shipped CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/config/${folder}/*.yaml")
  install(FILES ${shipped} DESTINATION "${CMAKE_INSTALL_DATADIR}/b24watch/${folder}")
endforeach()

set(unit "${PROJECT_BINARY_DIR}/b24watch.service")
set(B24_BINARY "${CMAKE_INSTALL_FULL_BINDIR}/b24watch")
set(B24_CONFIG "${CMAKE_INSTALL_FULL_SYSCONFDIR}/b24watch")
configure_file("${PROJECT_SOURCE_DIR}/packaging/b24watch.service" "${unit}" @ONLY)
# systemd looks in lib beside the prefix, whatever the machine's own library folder is.
install(FILES "${unit}" DESTINATION lib/systemd/system)
install(FILES "${PROJECT_SOURCE_DIR}/packaging/b24watch.sysusers"
  DESTINATION lib/sysusers.d RENAME b24watch.conf)

install(FILES "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/README.ru.md"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)
# The analyst's reference is printed by the very program that is installed.
if(TARGET b24watch)
  set(reference "${PROJECT_BINARY_DIR}/views.ru.md")
  install(CODE "execute_process(
    COMMAND \"${CMAKE_COMMAND}\" -E env B24WATCH_LANGUAGE=ru \"$<TARGET_FILE:b24watch>\" schema --reference
    OUTPUT_FILE \"${reference}\" COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES "${reference}" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/packaging/nginx.conf"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples")
install(FILES "${PROJECT_SOURCE_DIR}/packaging/b24watch.1"
  DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
