#!/usr/bin/env python3
"""one_logger.py NM BUILD: fails when an object of the build brings its own registry of loggers.

spdlog used without SPDLOG_COMPILED_LIB, that is by a target that does not link spdlog::spdlog, is
header-only: its lines go to stdout, whatever the configuration says of format and level.
"""

import pathlib
import subprocess
import sys

REGISTRY = "6spdlog7details8registry8instanceEv"  # defined where spdlog is header-only
LOGGER = "_ZN6spdlog18default_logger_rawEv"  # used by every object that logs
BATCH = 100


def symbols(nm, files):
    """Yields (file, kind) for each object that names the registry or the default logger."""
    for begin in range(0, len(files), BATCH):
        listing = subprocess.run([nm, "-A", *files[begin:begin + BATCH]], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True, check=False).stdout
        for line in listing.splitlines():
            words = line.split()
            if len(words) >= 3 and (REGISTRY in words[-1] or words[-1] == LOGGER):
                yield words[0].split(":")[0], words[-2]


def main(nm, build):
    objects = sorted(map(str, pathlib.Path(build).rglob("*.o")))
    found = list(symbols(nm, objects))
    own = sorted({file for file, kind in found if kind != "U"})
    for file in own:
        print(f"{file}: its target uses spdlog and does not link spdlog::spdlog")
    if not found:
        print(f"{build}: no object uses the logger of spdlog; is its name another one now?")
    return 1 if own or not found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
