#!/usr/bin/env bash
# clang-tidy over the compile commands of the dev build, which compiles each source on its own;
# `./dev tidy` installs what it needs and calls it.
#   tidy.sh                   every source of the build
#   tidy.sh --changed [BASE]  sources that differ from BASE (origin/main, else main), or include a
#                             header that does
#   tidy.sh FILE…             these sources, and those that include these headers
set -euo pipefail
root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
here=$PWD
build=$root/build/dev
jobs=${JOBS:-$(nproc)}

# Names from the root of the tree, one a line, of what the arguments select.
selection() {
  if [[ ${1:-} == --changed ]]; then
    local base=${2:-}
    [[ -n $base ]] || base=$(git rev-parse -q --verify origin/main || git rev-parse --verify main)
    {
      git diff --name-only --diff-filter=d "$(git merge-base "$base" HEAD)"
      git ls-files --others --exclude-standard
    } | sort -u
  else
    local file
    for file in "$@"; do
      file=$(cd "$here" && realpath -e -- "$file")
      printf '%s\n' "${file#"$root"/}"
    done
  fi
}

# Of the names on stdin the sources, and for headers the sources that include them directly.
with_includers() {
  local name
  while IFS= read -r name; do
    case $name in
      *.cpp) printf '%s\n' "$name" ;;
      *.hpp)
        grep -rlF --include='*.cpp' "#include \"$name\"" \
          messages actors cluster apps tests 2>/dev/null || true
        ;;
    esac
  done | sort -u
}

cd "$root"
if [[ ! -f $build/compile_commands.json ]]; then
  cmake --preset dev >/dev/null
fi
# The sources cannot be read without the headers that protoc writes.
ninja -C "$build" -t targets all | sed -n 's/^\(.*\.pb\.h\): .*/\1/p' |
  xargs -r ninja -C "$build" --quiet >/dev/null

mapfile -t known < <(sed -n 's/^  "file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" |
  grep -v '^'"$build"'/' | sed "s|^$root/||" | sort -u)
if (($# == 0)); then
  files=("${known[@]}")
else
  mapfile -t files < <(comm -12 <(printf '%s\n' "${known[@]}") <(selection "$@" | with_includers))
fi
if ((${#files[@]} == 0)); then
  printf 'tidy: no source of the build is concerned\n'
  exit 0
fi

# The compile commands without the precompiled headers: clang reads none that another compiler made.
commands=$(mktemp -d)
trap 'rm -rf -- "$commands"' EXIT
sed -E 's| -Winvalid-pch||; s| -include [^ ]*/cmake_pch\.hxx||; s| -fpch-preprocess||' \
  "$build/compile_commands.json" >"$commands/compile_commands.json"

# One file a process, its report printed whole once it is done, so that reports never mix.
tidy_one() {
  local report status=0
  report=$(clang-tidy --quiet -p "$2" --extra-arg=-Wno-unknown-warning-option "$1" 2>/dev/null) ||
    status=1
  if ((status != 0)); then
    printf '%s\n' "$report" "tidy: $1 is not clean"
  else
    printf 'tidy: %s\n' "$1"
  fi
  return "$status"
}
export -f tidy_one
# shellcheck disable=SC2016  # the inner shell expands these
printf '%s\0' "${files[@]}" |
  xargs -0 -P "$jobs" -n 1 bash -c 'tidy_one "$1" "$0"' "$commands"
