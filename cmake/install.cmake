# What `cmake --install` puts where: the program, the library, its headers, the CA bundle, completion, and the
# files that let pkg-config and find_package(Rolegate) find them.
include(CMakePackageConfigHelpers)

set_target_properties(rolegate_api PROPERTIES EXPORT_NAME rolegate)
install(TARGETS rolegate_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS rolegate_api EXPORT RolegateTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/rolegate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

file(RELATIVE_PATH ROLEGATE_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(packaging/rolegate.pc.in ${CMAKE_BINARY_DIR}/rolegate.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/rolegate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(rolegate_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Rolegate)
install(EXPORT RolegateTargets NAMESPACE Rolegate:: DESTINATION ${rolegate_cmake_dir})
configure_package_config_file(packaging/RolegateConfig.cmake.in ${CMAKE_BINARY_DIR}/RolegateConfig.cmake
  INSTALL_DESTINATION ${rolegate_cmake_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/RolegateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/RolegateConfig.cmake ${CMAKE_BINARY_DIR}/RolegateConfigVersion.cmake
  DESTINATION ${rolegate_cmake_dir})

install(FILES packaging/completion/rolegate.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME rolegate)
# With its folders, so that the links in it lead somewhere; packaging/ has the systemd units that docs/ tells about.
install(FILES LICENSE README.md CHANGELOG.md HACKING.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs examples packaging DESTINATION ${CMAKE_INSTALL_DOCDIR}
  PATTERN "*.in" EXCLUDE PATTERN completion EXCLUDE)

if(ROLEGATE_CA_BUNDLE)
  install(FILES ${ROLEGATE_CA_BUNDLE} DESTINATION ${CMAKE_INSTALL_DATADIR}/rolegate RENAME rds-ca-bundle.pem OPTIONAL)
endif()
