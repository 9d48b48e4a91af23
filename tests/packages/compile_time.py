"""Measures what a pipeline of ten lines costs a program to compile, beside the Protobuf header that it includes.

Usage: compile_time.py BUILD_FOLDER [ROUNDS]
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOBUF = """#include "millrace/values.hpp"
millrace::Json none() { return {}; }
"""
PIPELINE = """#include "millrace/values.hpp"
#include "millrace/pipeline.hpp"
using namespace millrace;
PipelineSpec ten() {
  return pipeline("ten")
      .from(queue<Json>("in").key_by(&Json::text))
      .then("one", [](const Json& message) { return message; })
      .to(queue<Json>("out"));
}
"""


def seconds_of(build, folder, text):
    """CPU seconds, and bytes of the object."""
    source = folder / "it.cpp"
    source.write_text(text, encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["c++", f"-I{ROOT}", "-isystem", build, "-std=c++20", "-O2", "-g1", "-c", source, "-o", folder / "it.o"],
                   check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, (folder / "it.o").stat().st_size


def main(build, rounds):
    with tempfile.TemporaryDirectory(prefix="millrace-test-") as name:
        folder = pathlib.Path(name)
        runs = [(seconds_of(build, folder, PROTOBUF), seconds_of(build, folder, PIPELINE)) for _ in range(rounds)]
    protobuf = min(run[0][0] for run in runs)
    pipeline = min(run[1][0] for run in runs)
    print(f"Protobuf header alone   {protobuf:.2f} s")
    print(f"pipeline of ten lines   {pipeline:.2f} s, {runs[0][1][1] // 1000} kB")
    print(f"ratio                   {pipeline / protobuf:.2f}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
