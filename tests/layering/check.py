#!/usr/bin/env python3
"""check.py ROOT EXCEPTIONS: fails when a file of the tree breaks a rule of rules.py.

EXCEPTIONS lists accepted violations, one `rule path  # reason` per line. The list may only shrink:
an exception that no file needs any more fails the check, too.
"""

import sys

from rules import RULES
from tree import Tree


def read_exceptions(text):
    """Returns the (rule, path) pairs of a file. Raises ValueError for a malformed line."""
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
    """Returns one text per violation that has no exception, and one per unused exception."""
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
