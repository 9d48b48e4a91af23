# How code is compiled, apart from warnings (MillraceModule) and sanitizers (MillraceSanitize).

# -g1 and the frame pointer give a profiler functions, lines and call chains for 5 % of the time of a
# build; -g takes 11 % and makes objects three times as large.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")

# Binaries and messages name files from the root of the tree, whatever it is called here; a compiler
# cache then also serves other clones.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
