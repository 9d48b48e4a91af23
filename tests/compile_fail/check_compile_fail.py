#!/usr/bin/env python3
"""Checks that a wrong wiring does not compile, and is told so in one sentence.

usage: check_compile_fail.py compile_commands.json CONTROL CASE

Compiles CASE with the very command that compiles CONTROL, -fsyntax-only. CASE begins with the
comment "// expect: SENTENCE". Passes when the compiler fails with SENTENCE as its only error.
"""
import itertools, json, pathlib, shlex, subprocess, sys

commands, control, case = (pathlib.Path(arg) for arg in sys.argv[1:])
comment = itertools.takewhile(lambda line: line.startswith("//"), case.read_text().splitlines())
sentence = " ".join(line.removeprefix("// ") for line in comment).removeprefix("expect: ")
entry = next(e for e in json.loads(commands.read_text()) if pathlib.Path(e["file"]) == control)

arguments, words = [], iter(shlex.split(entry["command"]))
for word in words:
    if word in ("-o", "-MT", "-MF"):
        next(words)
    elif word not in ("-c", "-MD") and pathlib.Path(word) != control:
        arguments.append(word)
run = subprocess.run(arguments + ["-fsyntax-only", str(case)], cwd=entry["directory"], text=True,
                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
errors = [line for line in run.stdout.splitlines() if "error:" in line]
if run.returncode == 0:
    sys.exit(f"{case.name} compiles, but should not")
if len(errors) != 1 or sentence not in errors[0]:
    sys.exit(f"{run.stdout}\n{case.name}: expected one error: {sentence}\ngot {len(errors)}:\n" +
             "\n".join(errors))
