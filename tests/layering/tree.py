"""The tree of sources that the rules check: files, their lines and their includes."""

import pathlib
import re

TOPS = ("messages", "actors", "cluster", "apps", "millrace", "tests")
SOURCE_ENDINGS = {".hpp", ".cpp", ".proto", ".py", ".sh"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STRINGS_AND_COMMENTS = re.compile(
    r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.DOTALL
)


def blank(match):
    """Replaces a match by its newlines, so that line numbers do not change."""
    return "\n" * match[0].count("\n")


class Source:
    """One file. `code` is its text without comments and strings."""

    def __init__(self, root, path):
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8")
        self.code = STRINGS_AND_COMMENTS.sub(blank, self.text)

    def lines(self):
        return enumerate(self.code.splitlines(), 1)

    def includes(self):
        """Yields (line number, name, is in angle brackets) of each include."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if match := INCLUDE.match(line):
                yield number, match[2], match[1] == "<"


class Tree:
    """All sources below `root`. `sources` is by path relative to `root`, with forward slashes."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.sources = {}
        for top in TOPS:
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in SOURCE_ENDINGS and path.is_file():
                    name = path.relative_to(self.root).as_posix()
                    self.sources[name] = Source(self.root, name)

    def cpp(self):
        return [s for s in self.sources.values() if s.path.endswith((".hpp", ".cpp"))]

    def documents(self):
        """Returns the Markdown files of the project."""
        found = list(self.root.glob("*.md"))
        for top in (*TOPS, "docs", "configs"):
            found += (self.root / top).rglob("*.md")
        return sorted(found)

    def reached_from(self, path):
        """Returns each source that `path` includes, directly or not, with the chain of includes."""
        ways = {}
        waiting = [(path, (path,))]
        while waiting:
            name, way = waiting.pop()
            for _, included, _ in self.sources[name].includes():
                if included in self.sources and included not in ways:
                    ways[included] = (*way, included)
                    waiting.append((included, ways[included]))
        return ways
