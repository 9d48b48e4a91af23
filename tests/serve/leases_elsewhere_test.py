"""Leases of two nodes: each node knows which of them gave a lease, and says so.

Usage: leases_elsewhere_test.py MILLRACE
"""

import json
import sys
import unittest
import urllib.error
import urllib.request

import grow_shrink_test
from dev_cluster import DEADLINE_S, until
from grow_shrink_test import Cluster

NODES = ["a", "b"]
QUEUE = '[[queue]]\nname = "jobs"\ntype = "json"\nkey = "/owner"\nleases = true\n'


class Kept(urllib.request.HTTPRedirectHandler):
    """Shows a redirect, and does not follow it."""

    def redirect_request(self, *_):
        return None


class LeasesElsewhere(unittest.TestCase):
    def post(self, name, path, body, kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.cluster.url(name) + path, data=data, headers={"Content-Type": kind})
        try:
            with urllib.request.build_opener(Kept).open(request, timeout=DEADLINE_S) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location") or json.loads(error.read())

    def lease(self, name):
        def leased():
            _, answer = self.post(name, "/api/v1/queues/jobs/leases", {"wait": "1s", "lease": "10m"})
            return answer and answer["leases"][0]["lease"]
        return until(leased, f"{name} gives a lease")

    def test_a_node_knows_where_a_lease_is_from(self):
        with Cluster(NODES) as self.cluster:
            self.cluster.configure(NODES)
            for name in NODES:
                with open(self.cluster.path / f"{name}.toml", "a", encoding="utf-8") as file:
                    file.write(QUEUE)
                self.cluster.start(name)
            self.cluster.await_ready(NODES)
            lines = "\n".join(json.dumps({"payload": {"owner": f"o{i}"}}) for i in range(60))
            self.assertEqual(self.post("a", "/api/v1/queues/jobs/messages", lines.encode(),
                                       "application/x-ndjson")[0], 202)
            of_a, of_b = self.lease("a"), self.lease("b")
            done = [{"outputs": []}]
            # All of another node.
            for path, body in (("complete", {"leases": [{"lease": of_b, "outcomes": done}]}),
                               ("extend", {"leases": [of_b], "by": "1m"}), ("release", {"leases": [of_b]})):
                status, where = self.post("a", f"/api/v1/leases/{path}", body)
                self.assertEqual((status, where), (307, self.cluster.url("b") + f"/api/v1/leases/{path}"))
            # Of several nodes, and of none.
            status, answer = self.post("a", "/api/v1/leases/extend", {"leases": [of_b, of_a, "0-none"], "by": "1m"})
            self.assertEqual(status, 200)
            self.assertEqual([each["result"] for each in answer["leases"]], ["elsewhere", "done", "lease_expired"])
            self.assertEqual(answer["leases"][0]["node"], self.cluster.url("b"))
            status, answer = self.post("b", "/api/v1/leases/complete", {"leases": [
                {"lease": of_a, "outcomes": done}, {"lease": of_b, "outcomes": done}]})
            self.assertEqual([each["result"] for each in answer["leases"]], ["elsewhere", "done"])
            status, answer = self.post("a", "/api/v1/leases/complete",
                                       {"leases": [{"lease": of_a, "outcomes": done}]})
            self.assertEqual((status, answer["leases"][0]["result"]), (200, "done"))


if __name__ == "__main__":
    grow_shrink_test.MILLRACE = sys.argv.pop(1)
    unittest.main(verbosity=2)
