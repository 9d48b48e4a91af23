# How code is compiled, apart from warnings (MillraceModule) and sanitizers (MillraceSanitize).

# -g1 and the frame pointer give a profiler functions, lines and call chains for 5 % of the time of a
# build; -g takes 11 % and makes objects three times as large.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")

# A program with its tests is linked more than a hundred times: LLVM's linker takes a quarter of the
# time of the usual one.
find_program(LLD ld.lld)
mark_as_advanced(LLD)
if(LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Binaries and messages name files from the root of the tree, whatever it is called here; a compiler
# cache then also serves other clones.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
