# Gives Media::Media: what reads pictures (libpng, libjpeg-turbo) and recordings (libsndfile).
find_package(PNG QUIET)
find_path(TurboJPEG_INCLUDE_DIR turbojpeg.h)
find_library(TurboJPEG_LIBRARY turbojpeg)
find_path(SndFile_INCLUDE_DIR sndfile.h)
find_library(SndFile_LIBRARY sndfile)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Media REQUIRED_VARS PNG_FOUND TurboJPEG_LIBRARY TurboJPEG_INCLUDE_DIR
  SndFile_LIBRARY SndFile_INCLUDE_DIR)
if(Media_FOUND AND NOT TARGET Media::Media)
  add_library(Media::Media INTERFACE IMPORTED)
  set_target_properties(Media::Media PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${TurboJPEG_INCLUDE_DIR};${SndFile_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "PNG::PNG;${TurboJPEG_LIBRARY};${SndFile_LIBRARY}")
endif()
