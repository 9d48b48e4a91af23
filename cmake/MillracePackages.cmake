# Debian packages, one for each component of MillraceInstall.cmake: `./dev package` makes them.
set(MILLRACE_MAINTAINER "Millrace developers <maintainers@millrace.dev>"
    CACHE STRING "who answers for the Debian packages: Name <address>")

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_PACKAGE_NAME millrace)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Dependencies differ between releases of Debian, and so must versions.
set(release 1)
if(EXISTS /etc/os-release)
  file(STRINGS /etc/os-release os_version REGEX "^VERSION_ID=")
  string(REGEX REPLACE "[^0-9.]" "" os_version "${os_version}")
  set(release 1~deb${os_version})
endif()
set(CPACK_DEBIAN_PACKAGE_RELEASE ${release})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${MILLRACE_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(debian ${PROJECT_SOURCE_DIR}/cmake/debian)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME millrace)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "nodejs, postgresql, python3")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${debian}/conffiles ${debian}/postinst
                                               ${debian}/prerm ${debian}/postrm)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "Queues are durable, each step of a pipeline takes effect completely or not
at all, and messages of one key are handled in order. This package has the
program that runs nodes, with the order workflow as its pipeline, the units of
systemd, and the commands of operators.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmillrace-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# What cmake/millraceConfig.cmake.in finds.
string(JOIN ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  libabsl-dev libboost-dev libcaf-dev libcli11-dev libisal-dev libjemalloc-dev liblz4-dev libpq-dev
  libprotobuf-dev librocksdb-dev libsnappy-dev libspdlog-dev libssl-dev libsystemd-dev
  libtomlplusplus-dev libxxhash-dev libzstd-dev nlohmann-json3-dev pkg-config prometheus-cpp-dev
  protobuf-compiler zlib1g-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "cmake, g++, libgtest-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "Queues are durable, each step of a pipeline takes effect completely or not
at all, and messages of one key are handled in order. This package has the C++
library that runs pipelines within a program: find_package(millrace) in CMake.")

# What Debian wants of the files, beyond what cmake --install does.
configure_file(${debian}/finish.cmake.in ${PROJECT_BINARY_DIR}/debian/finish.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/debian/finish.cmake)
include(CPack)
