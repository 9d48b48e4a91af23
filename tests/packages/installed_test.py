"""Other projects find what `cmake --install` has installed, and it suffices for them.

Usage: installed_test.py CMAKE CXX BUILD_DIR SOURCE_DIR

Installs the component `development` of the build into a temporary folder, renames the folder, follows the
tutorial of the guide with it, and builds the projects of apps/examples/ against it. Looks at what the component `program` installs, and at
what a project compiles that adds this tree to its own build.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "guide"))
from following import Reader  # noqa: E402
from pages import read_page  # noqa: E402

CMAKE = CXX = ""
BUILD = SOURCE = pathlib.Path()

DEADLINE_S = 900

# What a program that embeds a node links, beside the C and C++ libraries. No HTTP, no TLS, no
# database client, no command line. Without versions, and with one name for the many libraries of
# Abseil: Debian 12 and 13 differ in them.
EMBEDDED_LIBRARIES = {"libabsl", "libcaf_core", "libfmt", "libisal", "libjemalloc", "libprometheus-cpp-core", "libprotobuf",
                      "librocksdb", "libspdlog", "libxxhash"}
SYSTEM_LIBRARIES = {"libc", "libgcc_s", "libm", "libstdc++", "ld-linux-x86-64", "ld-linux-aarch64"}
EMBEDDED_BYTES_MAX = 4 << 20  # stripped


def run(*command, status=0, **more):
    """Runs a command and returns its output, stderr included."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=DEADLINE_S, check=False, **more)
    if (done.returncode == 0) != (status == 0):
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout[-8000:]}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        first = cls.folder / "first"
        run(CMAKE, "--install", BUILD, "--prefix", first, "--component", "development")
        # Nothing may depend on the folder into which it was installed.
        cls.prefix = first.rename(cls.folder / "prefix")

    def configure(self, source, name, *more, status=0):
        build = self.folder / name
        out = run(CMAKE, "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                  f"-DCMAKE_CXX_COMPILER={CXX}", *more, status=status)
        return build, out

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_who_follows_the_tutorial_has_a_program_with_the_command_line(self):
        folder = self.folder / "tutorial"
        folder.mkdir()
        (folder / "millrace").symlink_to(self.prefix)
        with Reader(folder, {"cmake": CMAKE}, deadline_s=DEADLINE_S, environment={"CXX": CXX}) as reader:
            reader.follow(read_page(SOURCE, "tutorial"))
        shop = folder / "work/build/shop"
        self.assertIn("jemalloc", run("ldd", shop))
        self.assertIn("queue", run(shop, "--help"))
        for command in "simulate", "order", "bench":
            self.assertIn(f"unknown command '{command}'", run(shop, command, status=2))

    def test_a_node_in_a_program_links_little(self):
        build, _ = self.configure(SOURCE / "apps/examples/embedded", "embedded",
                                  "-DCMAKE_BUILD_TYPE=Release")
        run(CMAKE, "--build", build)
        program = build / "embedded"
        needed = re.findall(r"\(NEEDED\).*\[(.*?)\.so", run("readelf", "-d", program))
        needed = {"libabsl" if each.startswith("libabsl_") else each for each in needed}
        self.assertEqual(needed - SYSTEM_LIBRARIES, EMBEDDED_LIBRARIES)
        run("strip", program)
        self.assertLess(program.stat().st_size, EMBEDDED_BYTES_MAX)
        data = self.folder / "data"
        self.assertEqual(run(program, data, "ada", "grace"), "2 names are durable\n")
        self.assertEqual(run(program, data, "ada"), "1 names are durable\n")

    def test_headers_need_only_the_standard_library_and_protobuf(self):
        # A project may have headers with the paths that headers of Millrace have in their own tree.
        other = self.folder / "other"
        headers = (SOURCE / "cmake/public_headers.txt").read_text(encoding="utf-8").split("\n")
        headers = [each for each in headers if each and not each.startswith("#")]
        entries = [each for each in headers if each.startswith("millrace/")]
        self.assertGreaterEqual(len(entries), 5)
        for header in headers:
            if not header.startswith("millrace/"):
                (other / header).parent.mkdir(parents=True, exist_ok=True)
                (other / header).write_text("#error the header of another project\n", encoding="utf-8")
        source = self.folder / "all.cpp"
        source.write_text("".join(f'#include "{each}"\n' for each in entries), encoding="utf-8")
        read = run(CXX, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-MD", "-MF", "-",
                   "-fsyntax-only", "-I", other, "-I", self.prefix / "include", source)
        self.assertIn("/include/millrace/actors/pipeline/pipeline.hpp", read)
        for library in "caf", "absl", "spdlog", "nlohmann", "boost", "openssl", "CLI":
            self.assertNotIn(f"/{library}/", read)

    def test_nothing_names_the_folders_of_the_build(self):
        checked = 0
        for path in self.prefix.rglob("*"):
            if path.suffix in (".cmake", ".hpp", ".h"):
                text = path.read_text(encoding="utf-8")
                self.assertNotIn(str(SOURCE), text, path)
                self.assertNotIn(str(self.folder), text, path)
                checked += 1
        self.assertGreater(checked, 50)

    def test_what_runs_nodes(self):
        prefix = self.folder / "program"
        run(CMAKE, "--install", BUILD, "--prefix", prefix, "--component", "program")
        millrace = prefix / "bin/millrace"
        config = prefix / "etc/millrace/one-node.toml"
        run(millrace, "config", "check", "-c", config)
        for unit, file in ("millrace@", "%i"), ("millrace-any@", "cluster"):
            text = (prefix / f"lib/systemd/system/{unit}.service").read_text(encoding="utf-8")
            self.assertIn(f"\nExecStart={millrace} node -c {config.parent}/{file}.toml\n", text)
        commands = {each.stem for each in (prefix / "share/man/man1").iterdir()}
        self.assertTrue(commands >= {"millrace", "millrace-node", "millrace-queue"}, commands)
        for file in ("bash-completion/completions/millrace", "zsh/vendor-completions/_millrace",
                     "fish/vendor_completions.d/millrace.fish"):
            self.assertIn("queue", (prefix / "share" / file).read_text(encoding="utf-8"))
        clients = prefix / "share/millrace/clients"
        run(sys.executable, "-B", "-c", "from millrace import Reject, Retry, Worker, publish",
            cwd=clients / "python")
        if shutil.which("node"):
            run("node", "--input-type=module", "-e", "import { Reject, Retry, Worker } from './millrace.mjs';",
                cwd=clients / "node")

    def test_a_project_that_adds_the_tree_compiles_what_it_links(self):
        project = self.folder / "adds"
        shutil.copytree(SOURCE / "apps/examples/shop", project)
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(shop LANGUAGES CXX)\n"
            f"add_subdirectory({SOURCE} millrace)\n"
            "millrace_proto(shop_messages shop.proto)\n"
            "add_executable(shop shop.cpp)\n"
            "target_link_libraries(shop PRIVATE millrace::program shop_messages)\n"
            "add_executable(little shop.cpp)\n"
            "target_link_libraries(little PRIVATE millrace::runtime shop_messages)\n",
            encoding="utf-8")
        build, _ = self.configure(project, "added", "-G", "Ninja")
        commands = run("ninja", "-C", build, "-t", "commands", "all")
        self.assertNotIn("-Werror", commands)
        compiled = {target: set(re.findall(r" -c (\S+)", run("ninja", "-C", build, "-t", "commands", target)))
                    for target in ("all", "shop", "little")}
        self.assertEqual(compiled["all"], compiled["shop"])
        for source in compiled["shop"]:
            self.assertNotRegex(source, "/(tests|apps/(orders|simulate|bench|inference|report))/")
        for source in compiled["little"]:
            self.assertNotRegex(source, "/(apps|cluster|postgres_log)/")
        self.assertLess(len(compiled["little"]), len(compiled["shop"]))
        run("ninja", "-C", build, "CMakeFiles/shop.dir/shop.cpp.o")

    def test_mistakes_are_explained(self):
        project = self.folder / "mistaken"
        project.mkdir()
        lists = project / "CMakeLists.txt"
        lists.write_text("cmake_minimum_required(VERSION 3.25)\nproject(mistaken LANGUAGES CXX)\n"
                         "find_package(millrace COMPONENTS runtime ${WANTED})\n"
                         "millrace_proto(messages ${PROTOS})\n", encoding="utf-8")
        _, out = self.configure(project, "m", status=1)
        self.assertIn("millrace_proto(messages): expected the names of .proto files", out)
        _, out = self.configure(project, "m", "-DPROTOS=gone.proto", status=1)
        self.assertRegex(out, r"there is no file\s+\S*gone\.proto")
        _, out = self.configure(project, "m", "-DPROTOS=../a.proto", status=1)
        self.assertRegex(out, r"expected a \.proto file in or\s+below")
        _, out = self.configure(project, "m", "-DWANTED=kafka", "-DPROTOS=x", status=1)
        self.assertRegex(out, r"millrace has no component\s+kafka")


if __name__ == "__main__":
    SOURCE = pathlib.Path(sys.argv.pop())
    BUILD = pathlib.Path(sys.argv.pop())
    CXX = sys.argv.pop()
    CMAKE = sys.argv.pop()
    unittest.main()
