#!/usr/bin/env python3
"""Each rule of the tree reports a planted violation, and no other rule does."""

import pathlib
import tempfile
import unittest

from check import check, read_exceptions
from tree import Tree


class CheckTest(unittest.TestCase):
    def broken(self, files, exceptions=frozenset()):
        """Returns the violations in a tree of `files`, {path: text}."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            return check(Tree(root), exceptions)

    def assert_bites(self, rule, files):
        found = self.broken(files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"[{rule}]", found[0])
        return found[0]

    def test_a_clean_tree_passes(self):
        self.assertEqual(
            self.broken(
                {
                    "messages/result.hpp": "#include <string>\n",
                    "messages/caf_types.hpp": "#include <caf/all.hpp>\n",
                    "actors/queue/decide/apply.hpp": '#include "messages/result.hpp"\n',
                    "actors/queue/decide/apply.cpp": '// caf::actor sleeps\nauto a = "sleep_for(";\n',
                    "actors/queue/shell/queue_actor.cpp": "#include <caf/all.hpp>\ncaf::actor a;\n",
                    "tests/queue/queue_actor_test.cpp": "#include <caf/actor.hpp>\ncaf::actor a;\n",
                    "docs/A.md": "`actor` in `actors/queue/shell/queue_actor.cpp`, [b](B.md#part)",
                    "docs/B.md": "`actors/queue/`",
                }
            ),
            [],
        )

    def test_an_include_upward(self):
        for low, high in (("messages", "actors/base"), ("actors/base", "cluster/certs"),
                          ("cluster/certs", "apps/cli"), ("apps/cli", "millrace"),
                          ("apps/cli", "tests/cli")):
            self.assert_bites("direction", {f"{low}/a.hpp": f'#include "{high}/b.hpp"\n'})

    def test_caf_beyond_its_edge(self):
        self.assert_bites("caf", {"apps/cli/a.cpp": "#include <caf/actor.hpp>\n"})
        self.assert_bites("caf", {"actors/queue/state/a.hpp": "void f(CAF_ARG(a));\n"})

    def test_caf_in_a_core_or_the_journal(self):
        self.assert_bites("caf", {"actors/queue/decide/apply.hpp": "using A = CAF_ARG(a);\n"})
        self.assert_bites("caf", {"actors/journal/disk/segment.hpp": "using A = CAF_ARG(a);\n"})

    def test_caf_through_another_header(self):
        found = self.assert_bites(
            "caf",
            {
                "actors/sender/core/core.hpp": '#include "actors/base/a.hpp"\n',
                "actors/base/a.hpp": '#include "actors/base/shell/b.hpp"\n',
                "actors/base/shell/b.hpp": "#include <caf/actor.hpp>\n",
            },
        )
        self.assertIn("actors/base/a.hpp > actors/base/shell/b.hpp", found)

    def test_an_include_between_rooms_that_is_not_listed(self):
        planted = {"actors/queue/state/b.hpp": "\n", "actors/stage/b.hpp": "\n"}
        self.assert_bites(
            "rooms", {**planted, "actors/stage/a.hpp": '#include "actors/queue/state/b.hpp"\n'}
        )
        self.assertEqual(
            self.broken({**planted, "actors/queue/decide/a.hpp": '#include "actors/stage/b.hpp"\n'}),
            [],
        )

    def test_a_room_that_is_not_listed(self):
        self.assert_bites("rooms", {"actors/attic/a.hpp": "\n"})
        self.assert_bites("rooms", {"actors/queue/decide/shell/a.hpp": "\n"})

    def test_an_impure_core(self):
        for line in ("#include <thread>", "#include <random>", "#include <fstream>",
                     "#include <spdlog/spdlog.h>", "#include <mutex>",
                     "auto t = system_clock::now();", "int r = rand();"):
            self.assert_bites("pure", {"actors/queue/decide/apply.cpp": line + "\n"})

    def test_a_public_header_that_is_not_listed_or_is_listed_in_vain(self):
        planted = {"millrace/a.hpp": '#include "actors/base/a.hpp"\n',
                   "actors/base/a.hpp": '#include <string>\n#include "messages/a.pb.h"\n'}
        listing = "# headers\nmillrace/a.hpp\nactors/base/a.hpp\nmessages/a.pb.h\n"
        self.assertEqual(self.broken({**planted, "cmake/public_headers.txt": listing}), [])
        for name in "millrace/a.hpp", "actors/base/a.hpp", "messages/a.pb.h":
            less = listing.replace(name + "\n", "")
            found = self.assert_bites("public", {**planted, "cmake/public_headers.txt": less})
            self.assertIn(f"{name} is public", found)
        more = listing + "actors/base/b.hpp\n"
        self.assertIn("actors/base/b.hpp is reached from no header",
                      self.assert_bites("public", {**planted, "cmake/public_headers.txt": more}))

    def test_a_public_header_that_includes_another_library(self):
        for line in ("#include <absl/container/flat_hash_map.h>", "#include <unistd.h>",
                     '#include "spdlog/spdlog.h"', '#include "actors/gone.hpp"'):
            self.assert_bites("public", {"millrace/a.hpp": line + "\n",
                                         "cmake/public_headers.txt": "millrace/a.hpp\n"})

    def test_an_example_that_includes_what_is_not_public(self):
        planted = {"millrace/a.hpp": "\n", "actors/base/a.hpp": "\n",
                   "cmake/public_headers.txt": "millrace/a.hpp\n"}
        example = "apps/examples/a/a.cpp"
        self.assertEqual(
            self.broken({**planted, example: '#include "millrace/a.hpp"\n#include "a.hpp"\n'}), [])
        for line in '#include "actors/base/a.hpp"\n', '#include "millrace/gone.hpp"\n':
            self.assert_bites("examples", {**planted, example: line})

    def test_a_reader_of_the_format_that_calls_the_runtime(self):
        self.assert_bites(
            "reader", {"apps/audit/model/a.cpp": '#include "actors/queue/decide/apply.hpp"\n'}
        )

    def test_an_auditor_that_calls_what_it_checks(self):
        self.assert_bites(
            "auditor", {"apps/orders/audit/a.cpp": '#include "apps/orders/stages/saga.hpp"\n'}
        )

    def test_an_engine_of_the_log_above_the_seam(self):
        line = '#include "actors/journal/journal.hpp"\n'
        self.assert_bites("engines", {"actors/upkeep/a.cpp": line})
        self.assert_bites("engines", {"cluster/config/a.hpp": line})
        self.assertEqual(self.broken({"tests/log/a.cpp": line}), [])

    def test_a_precompiled_header_that_is_not_included(self):
        for line in ("std::vector<int> v;", "caf::actor a;", "absl::flat_hash_map<int, int> m;",
                     "EXPECT_TRUE(a);", "google::protobuf::Message* m;"):
            path = "tests/queue/a_actor_test.cpp"
            self.assert_bites("included", {path: line + "\n" + line + "\n"})
        through_another = {"apps/cli/a.hpp": '#include "apps/cli/b.hpp"\nstd::vector<int> v;\n',
                           "apps/cli/b.hpp": "#include <vector>\n"}
        self.assertEqual([x for x in self.broken(through_another) if "[included]" in x], [])

    def test_a_long_file(self):
        self.assertEqual(self.broken({"apps/cli/a.cpp": "\n" * 600}), [])
        self.assert_bites("length", {"apps/cli/a.cpp": "\n" * 601})
        self.assert_bites("length", {"messages/a.proto": "\n" * 601})

    def test_a_sleep(self):
        self.assert_bites("sleep", {"tests/a.cpp": "this_thread::sleep_for(1s);\n"})
        self.assert_bites("sleep", {"apps/cli/a.cpp": "::usleep(3);\n"})

    def test_a_document_that_points_nowhere(self):
        self.assert_bites("documents", {"docs/A.md": "see `actors/gone/`\n"})
        self.assert_bites("documents", {"README.md": "[x](docs/gone.md#part)\n"})
        self.assert_bites(
            "documents",
            {
                "docs/A.md": "`decide` in `actors/stage/a.cpp`\n",
                "actors/stage/a.cpp": "// decide\nint b;\n",
            },
        )

    def test_exceptions_let_through_and_only_shrink(self):
        long_file = {"apps/cli/a.cpp": "\n" * 601}
        exception = read_exceptions("# list\nlength apps/cli/a.cpp  # a table\n")
        self.assertEqual(self.broken(long_file, exception), [])
        self.assertIn("no more", self.broken({"apps/cli/a.cpp": "\n"}, exception)[0])

    def test_an_exception_gives_its_reason(self):
        for text in ("length apps/cli/a.cpp", "size apps/a.cpp  # why", "length  # why"):
            with self.assertRaises(ValueError):
                read_exceptions(text)


if __name__ == "__main__":
    unittest.main()
