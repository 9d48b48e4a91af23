"""The pages of docs/guide/, and the blocks of code in them.

The line that opens a block has a language and a name. What the name says of the block:

    cpp, proto NAME         a part of the program of all recipes, in the order of the pages
    toml, python NAME       a file that the reader writes
    console                 commands that the reader types, and what they print
    any PATH/WITH/FOLDERS   quoted from this file of the tree
    text                    neither run nor compared
"""

import pathlib
import re
from dataclasses import dataclass

# In the order of the guide; a test compares it with the folder.
PAGES = ("README", "tutorial", "workers", "outside-call", "request-reply", "saga", "rate", "outage",
         "schedule", "own-types", "evolve-a-message", "rename-a-stage", "test-with-crashes", "api")

_FENCE = re.compile(r"^```(\S*)(?: (\S+))?\s*$")


@dataclass(frozen=True)
class Block:
    page: str  # without .md
    line: int  # of its first line of text, from 1
    language: str
    name: str  # empty: none
    text: str  # ends with a line feed

    @property
    def place(self):
        return f"docs/guide/{self.page}.md:{self.line}"

    @property
    def is_quoted(self):
        return "/" in self.name


def blocks_of(page, text):
    """All blocks of a page, in order. Raises ValueError for one that does not end."""
    blocks, opened, lines = [], None, []
    for number, line in enumerate(text.split("\n"), 1):
        if opened is None:
            if match := _FENCE.match(line):
                opened, lines = (number + 1, match[1], match[2] or ""), []
        elif line == "```":
            blocks.append(Block(page, *opened, "".join(each + "\n" for each in lines)))
            opened = None
        else:
            lines.append(line)
    if opened is not None:
        raise ValueError(f"docs/guide/{page}.md:{opened[0] - 1}: the block does not end")
    return blocks


def read_page(root, page):
    """The blocks of a page of the tree at `root`."""
    path = pathlib.Path(root, "docs/guide", page + ".md")
    return blocks_of(page, path.read_text(encoding="utf-8"))
