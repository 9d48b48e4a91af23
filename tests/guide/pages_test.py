"""The guide shows what is so: quotes are of the files that they name, links lead somewhere, and who does what
a page says sees what it shows. The C++ of the recipes is in snippets.cpp; tests/packages/ follows the tutorial.

Usage: pages_test.py MILLRACE ROOT
"""

import pathlib
import re
import shutil
import sys
import tempfile
import time
import unittest

import following
from pages import PAGES, blocks_of, read_page

MILLRACE = ""
ROOT = pathlib.Path()

FOLLOWED = ("tutorial", "workers")
LANGUAGES = {"cpp", "proto", "toml", "python", "console", "text", "cmake"}
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
SOURCE = re.compile(r"`((?:\w+/)+\w+\.(?:hpp|cpp|proto|py|toml))`")


def text_of(path):
    return path.read_text(encoding="utf-8")


def anchors_of(text):
    """The anchors that the headings of a page have."""
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


class Pages(unittest.TestCase):
    def pages(self):
        for page in PAGES:
            yield page, read_page(ROOT, page)

    def test_the_contents_name_each_page(self):
        found = {path.stem for path in (ROOT / "docs/guide").glob("*.md")}
        self.assertEqual(found, set(PAGES))
        contents = text_of(ROOT / "docs/guide/README.md")
        for page in found - {"README"}:
            self.assertIn(f"[{page}.md]({page}.md)", contents)

    def test_each_block_is_checked_somehow(self):
        for page, blocks in self.pages():
            for block in blocks:
                self.assertIn(block.language, LANGUAGES, block.place)
                self.assertEqual(bool(block.name), block.language not in ("console", "text"), block.place)
                if block.language in ("console", "toml", "python") and not block.is_quoted:
                    self.assertIn(page, FOLLOWED, block.place)
                if block.language == "cmake":
                    self.assertTrue(block.is_quoted, block.place)

    def test_quotes_are_in_the_files_that_they_name(self):
        quotes = [block for _, blocks in self.pages() for block in blocks if block.is_quoted]
        self.assertGreater(len(quotes), 5)
        for block in quotes:
            self.assertIn(block.text, text_of(ROOT / block.name), block.place)

    def test_links_and_paths_lead_somewhere(self):
        for page in PAGES:
            path = ROOT / "docs/guide" / (page + ".md")
            for link, anchor in LINK.findall(text_of(path)):
                target = (path.parent / link).resolve() if link else path
                self.assertTrue(target.exists(), f"{page}.md: {link}")
                if anchor:
                    self.assertIn(anchor, anchors_of(text_of(target)), f"{page}.md: {link}#{anchor}")
            for source in SOURCE.findall(text_of(path)):
                self.assertTrue((ROOT / source).exists(), f"{page}.md: {source}")

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_the_page_about_workers_can_be_followed(self):
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder, \
                following.Reader(folder, {"millrace": MILLRACE},
                                 [("/usr/share/millrace/clients", str(ROOT / "apps/clients"))]) as reader:
            reader.follow(read_page(ROOT, "workers"))


class Following(unittest.TestCase):
    """What the tests above rest on finds faults."""

    def test_a_block_that_does_not_end_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "page.md:2"):
            blocks_of("page", "text\n```cpp a.hpp\nint a;\n")

    def test_what_is_printed_is_compared(self):
        self.assertTrue(following.is_as_shown("a  … c", "a b b c"))
        self.assertTrue(following.is_as_shown('{"shard":…}', '{"shard":3}'))
        self.assertFalse(following.is_as_shown("a b", "a c"))
        self.assertFalse(following.is_as_shown("a", "a b"))
        self.assertFalse(following.is_as_shown("a.c", "abc"))

    def follow(self, console):
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder, \
                following.Reader(folder, {}) as reader:
            reader.follow(blocks_of("page", f"```console\n{console}\n```\n"))

    def test_a_page_that_shows_something_else_fails(self):
        self.follow("$ echo a; echo b\na\nb\n$ printf a\na\n$ true\n$ cd / && pwd\n/")
        for console in ("$ echo a\nb", "$ echo a", "$ true\na", "$ false", "$ exit 0", "$ no-such-command"):
            with self.subTest(console), self.assertRaisesRegex(AssertionError, "page.md:2|shell has ended"):
                self.follow(console)

    def test_nothing_that_a_page_starts_outlives_it(self):
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            with following.Reader(folder, {}) as reader:
                reader.run("cat /dev/zero > /dev/null &")
                _, [process] = reader.run("echo $!")
                with self.assertRaisesRegex(AssertionError, "has not ended"):
                    reader.run("wait", deadline_s=0.2)
            # Killed, which takes effect in a moment; reaped by whoever is its parent by then.
            until = time.monotonic() + 60
            while self.state_of(process) not in ("gone", "X", "Z") and time.monotonic() < until:
                time.sleep(0.01)
            self.assertIn(self.state_of(process), ("gone", "X", "Z"))

    @staticmethod
    def state_of(process):
        try:
            return text_of(pathlib.Path(f"/proc/{process}/stat")).rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "gone"


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
