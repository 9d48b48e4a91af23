"""The order workflow on a database that Patroni fails over: the host of the primary dies three times
under load. Nothing confirmed is lost or repeated, no node ends, and both times are printed: how long
Patroni took to promote a standby, and how long the nodes then took to confirm again.

Usage: patroni_test.py MILLRACE
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from patroni_cluster import PatroniCluster, await_true, is_installed

FAILOVERS = 3
RATE = 200  # orders a second
SPAN_S = 240  # of the load: longer than the failovers take

# The newest record that is visible, thus replicated, in any log.
NEWEST_RECORD = """
select coalesce(max((xpath('/row/lsn/text()', query_to_xml(format(
  'select max(lsn) as lsn from %I.%I', schemaname, tablename), false, true, '')))[1]::text::int8), 0)
from pg_tables where schemaname like 'simulation%' and tablename like 'segment%'
"""


@unittest.skipUnless(is_installed(), "install the packages patroni and etcd-server")
class PatroniFailover(unittest.TestCase):
    def test_three_dead_primaries(self):
        with PatroniCluster(3) as database, tempfile.TemporaryDirectory() as folder:
            said = pathlib.Path(folder) / "stderr"
            with open(said, "wb") as stderr, subprocess.Popen(
                    [PROGRAM, "simulate", "--dsn", database.dsn(), "--nodes", "2", "--seed", "1",
                     "--orders", str(RATE * SPAN_S), "--arrival", f"steady:{RATE}", "--json"],
                    stdout=subprocess.PIPE, stderr=stderr, text=True) as simulation:
                try:
                    for number in range(FAILOVERS):
                        self.fail_over(database, number)
                        self.assertIsNone(simulation.poll(), said.read_text("utf-8"))
                    report, _ = simulation.communicate(timeout=SPAN_S + 300)
                finally:
                    simulation.kill()
            self.assertEqual(simulation.returncode, 0, report + said.read_text("utf-8"))
        found = json.loads(report)
        self.assertEqual(found["verdict"], "PASS")
        self.assertEqual((found["lost"], found["duplicated_effects"]), (0, 0))
        self.assertEqual(found["orders"]["accounted"], RATE * SPAN_S)

    def fail_over(self, database, number):
        def newest():
            return int(database.ask(NEWEST_RECORD)[0])

        before = await_true(newest, "records are there")
        await_true(lambda: newest() > before, "records are confirmed")
        victim = database.primary()
        died = time.monotonic()
        victim.burn()
        await_true(lambda: database.primary() not in (None, victim), "another primary")
        promoted = time.monotonic()
        # What was visible before may have been waiting for the standby that is now the primary.
        last = await_true(newest, "the new primary has the records")
        await_true(lambda: newest() > last, "records are confirmed again")
        print(f"failover {number + 1}: a primary after {promoted - died:.1f} s, "
              f"confirmed {time.monotonic() - promoted:.1f} s later", flush=True)
        victim.start()
        await_true(lambda: database.has_standbys(2), "the dead host is back as a standby")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
