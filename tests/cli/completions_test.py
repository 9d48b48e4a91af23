"""Completion scripts and manual pages have exactly the commands, options and values that the command
line accepts.

The bash script is run. Those of zsh and fish are run if the shell is installed; their text is
always checked.
Usage: completions_test.py MILLRACE
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
TIMEOUT_S = 60


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=TIMEOUT_S, check=False, **more)


def script(shell):
    done = run(PROGRAM, "completions", shell)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_help(*path):
    """Returns the commands and the options that --help lists."""
    text = run(PROGRAM, *path, "--help").stdout
    # Commands are in groups behind the options; what is said of a command goes on in column 30.
    text = text.partition("\nExamples:\n")[0]
    options, _, commands = text.partition("Options:\n")[2].partition("\n\n")
    return (set(re.findall(r"^  (\w[\w-]*)", commands, re.M)),
            set(re.findall(r"(?:^  |,)(--?\w[\w-]*)", options, re.M)))


def leaves(*path):
    """The commands below `path` that run something."""
    commands = in_help(*path)[0]
    if path and not commands:
        return [path]
    return [leaf for each in sorted(commands) for leaf in leaves(*path, each)]


class Examples(unittest.TestCase):
    def test_each_command_has_some_that_are_no_usage_errors(self):
        # Those that run something of their own, or do not end by themselves.
        unrun = ("node", "dev", "simulate", "bench")
        for path in leaves():
            text = run(PROGRAM, *path, "--help").stdout
            with self.subTest(command=" ".join(path)):
                if path[0] not in ("bench", "order"):
                    self.assertIn("Examples:\n", text)
                for line in text.partition("Examples:\n")[2].splitlines():
                    words = shlex.split(re.split(r" [|<>] ", line)[0])
                    self.assertEqual(words[1:1 + len(path)], list(path))
                    if path[0] in unrun or "--watch" in words:
                        continue
                    with tempfile.TemporaryDirectory() as folder:
                        done = run(PROGRAM, *words[1:], cwd=folder, stdin=subprocess.DEVNULL,
                                   env={**os.environ, "MILLRACE_URL": "127.0.0.1:1"})
                    self.assertNotEqual(done.returncode, 2, f"{line}: {done.stderr}")


class Bash(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.script = pathlib.Path(self.folder.name, "completion")
        self.script.write_text(script("bash"), encoding="utf-8")

    def complete(self, *words, cwd="/"):
        """Returns the completions of the last word; `words` is the line as bash splits it."""
        line = " ".join(map(shlex.quote, ["millrace", *words]))
        done = run("bash", "--norc", "--noprofile", "-c",
                   f'source {self.script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; '
                   'set -- $(complete -p millrace); "$3" millrace; '  # complete -F FUNCTION …
                   'printf "%s\\n" "${COMPREPLY[@]}"', cwd=cwd)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [line for line in done.stdout.split("\n") if line]

    def test_commands_are_those_of_help(self):
        self.assertEqual(set(self.complete("")), in_help()[0])
        self.assertEqual(self.complete("comp"), ["completions"])
        self.assertEqual(set(self.complete("queue", "")), in_help("queue")[0])
        self.assertEqual(self.complete("queue", "pu"), ["publish", "purge"])
        self.assertEqual(self.complete("quue", "p"), [])

    def test_options_are_those_of_help(self):
        for path in (), ("node",), ("queue", "ls"), ("cluster", "certs"), ("simulate",):
            self.assertEqual(set(self.complete(*path, "-")), in_help(*path)[1], path)
        self.assertEqual(self.complete("node", "--lo"), ["--log-level"])

    def test_values_are_those_that_are_accepted(self):
        for value in ("-o",), ("--output",), ("--output", "="):
            self.assertEqual(self.complete("dlq", "ls", *value, "json"), ["json", "jsonl"])
            self.assertEqual(len(self.complete("dlq", "ls", *value, "")), 3)
        self.assertEqual(set(self.complete("dlq", "ls", "--output", "=")),
                         {"table", "json", "jsonl"})
        self.assertEqual(set(self.complete("simulate", "--color", "a")), {"auto", "always"})
        self.assertEqual(self.complete("node", "--log-level", "de"), ["debug"])
        self.assertEqual(set(self.complete("completions", "")), {"bash", "zsh", "fish"})

    def test_values_of_earlier_options_are_skipped(self):
        url = ["--server", "http", ":", "//h", ":", "1"]
        self.assertEqual(self.complete("queue", "ls", *url, "--node-"), ["--node-only"])
        self.assertEqual(self.complete("queue", "ls", *url[:-1], ""), [])
        self.assertEqual(self.complete("queue", "peek", "--data-dir", "ls", "--ma"), ["--max"])
        self.assertEqual(self.complete("node", "--set", "a.b", "=", "c", "--log"), ["--log-level"])

    def test_paths_complete_to_files_and_folders(self):
        here = pathlib.Path(self.folder.name, "here")
        (here / "my data").mkdir(parents=True)
        (here / "my.toml").write_text("", encoding="utf-8")
        self.assertEqual(set(self.complete("node", "-c", "my", cwd=here)), {"my.toml", "my data"})
        self.assertEqual(self.complete("queue", "ls", "--data-dir", "my", cwd=here), ["my data"])
        self.assertEqual(self.complete("queue", "ls", "--server", "my", cwd=here), [])


class Zsh(unittest.TestCase):
    def test_the_script_contains_commands_options_and_values(self):
        text = script("zsh")
        self.assertTrue(text.startswith("#compdef millrace\n"))
        for part in ("'ls:list the queues'", "'--log-level:", "'millrace queue ls --output') kind=words",
                     "offered=(bash fish zsh)", "'millrace node --config') kind=files",
                     "'millrace queue ls --data-dir') kind=folders"):
            self.assertIn(part, text)
        self.assertNotIn("simulate-node", text)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_parses_the_script(self):
        done = run("zsh", "-f", "-n", "/dev/stdin", input=script("zsh"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Fish(unittest.TestCase):
    def test_the_script_contains_commands_options_and_values(self):
        text = script("fish")
        at = "complete -c millrace -n '__millrace_at \"millrace queue"
        for part in (f"{at}\" 0' -a ls -d 'list the queues'\n",
                     f"{at} ls\"' -l output -s o -x -a 'table json jsonl' -d",
                     f"{at} ls\"' -l data-dir -x -a '(__fish_complete_directories)' -d",
                     "__millrace_at \"millrace completions\" 0' -x -a 'bash fish zsh'\n",
                     "-l config -s c -r -F -d"):
            self.assertIn(part, text)
        self.assertNotIn("simulate-node", text)

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_completes(self):
        def complete(line):
            done = run("fish", "--no-config", "-c", f"source; complete -C {shlex.quote(line)}",
                       input=script("fish"), env={**os.environ, "HOME": "/nonexistent"})
            self.assertEqual(done.returncode, 0, done.stderr)
            return {line.split("\t")[0] for line in done.stdout.splitlines()}

        self.assertEqual(complete("millrace "), in_help()[0])
        self.assertEqual(complete("millrace queue pu"), {"publish", "purge"})
        self.assertEqual(complete("millrace dlq ls -o js"), {"json", "jsonl"})
        self.assertEqual(complete("millrace completions "), {"bash", "zsh", "fish"})
        self.assertEqual(complete("millrace node --log-l"), {"--log-level"})


def plain(roff):
    """A page as text that may be searched."""
    return roff.replace("\\-", "-").replace("\\e", "\\").replace("\\&", "")


class Manual(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name, "pages")
        done = run(PROGRAM, "man", "--out", str(self.folder))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.pages = {each.stem: each.read_text(encoding="utf-8") for each in self.folder.iterdir()}

    def test_there_is_a_page_for_each_command_of_help(self):
        commands = in_help()[0]
        self.assertEqual(set(self.pages), {"millrace", *("millrace-" + each for each in commands)})
        for command in commands:
            self.assertIn(f"millrace-{command}(1)", plain(self.pages["millrace"]))

    def test_a_page_has_all_commands_and_options_of_help(self):
        def check(page, *path):
            commands, options = in_help(*path)
            for command in commands:
                check(page, *path, command)
            if not commands:
                for option in options - {"--help", "-h"}:
                    self.assertRegex(plain(page), rf"\n\\fB(-\w, )?{option}\b", path)

        for command in in_help()[0]:
            check(self.pages[f"millrace-{command}"], command)

    def test_values_are_named(self):
        page = plain(self.pages["millrace-queue"])
        self.assertIn("\\fB-o, --output\\fR \\fItable|json|jsonl\\fR", page)
        self.assertNotIn("->", page)
        self.assertIn("From 1 to 36500. Default: 825.", self.pages["millrace-cluster"])

    def test_a_page_is_printed(self):
        self.assertEqual(run(PROGRAM, "man").stdout, self.pages["millrace"])
        self.assertEqual(run(PROGRAM, "man", "dlq").stdout, self.pages["millrace-dlq"])
        done = run(PROGRAM, "man", "quue")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("did you mean 'queue'?", done.stderr)
        done = run(PROGRAM, "man", "--out", "/dev/null/pages")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/dev/null/pages cannot be made", done.stderr)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_troff_takes_the_pages_without_warnings(self):
        for name, page in self.pages.items():
            done = run("groff", "-ww", "-z", "-man", "-K", "utf8", input=page)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)


class Usage(unittest.TestCase):
    def test_an_unknown_shell_is_a_usage_error(self):
        for arguments in ["tcsh"], []:
            done = run(PROGRAM, "completions", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("tcsh", run(PROGRAM, "completions", "tcsh").stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
