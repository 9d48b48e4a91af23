#!/usr/bin/env python3
"""check.py ROOT EXCEPTIONS: fails when a file of the tree breaks a rule of rules.py.

EXCEPTIONS lists what is let through, one `rule path  # reason` a line. It only ever shrinks: an
exception that is needed no more fails the check too.
"""

import sys

from rules import RULES
from tree import Tree


def read_exceptions(text):
    """The (rule, path) pairs of an exceptions file; a ValueError names a line that is none."""
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        entry, _, reason = line.partition("#")
        if not entry.strip():
            continue
        words = entry.split()
        if len(words) != 2 or words[0] not in RULES or not reason.strip():
            raise ValueError(f"line {number}: expected `rule path  # reason`")
        found.add(tuple(words))
    return found


def check(tree, exceptions):
    """What is wrong with the tree, one text each."""
    broken = []
    used = set()
    for name, rule in RULES.items():
        for path, line, what in rule(tree):
            if (name, path) in exceptions:
                used.add((name, path))
            else:
                broken.append(f"{path}:{line}: [{name}] {what}" if line else f"{path}: [{name}] {what}")
    for name, path in sorted(exceptions - used):
        broken.append(f"{path}: [{name}] the exception is needed no more; take it off the list")
    return broken


def main(root, exceptions):
    with open(exceptions, encoding="utf-8") as file:
        broken = check(Tree(root), read_exceptions(file.read()))
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
