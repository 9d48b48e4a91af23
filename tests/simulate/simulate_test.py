"""Runs simulations with real kills. Fails if a verdict is not PASS or a planned fault is missing.

Usage: simulate_test.py MILLRACE --orders N --crash N [--nodes N --faults KIND,…
                       --placement spread|roles --log journal|postgres --standbys N --cold]
                       --seeds FIRST COUNT
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TIMEOUT_S = 600
MEMORY = "/dev/shm"
OF_SERVERS = {"db-restart", "db-failover", "db-pause", "db-cut", "standby-loss"}
ROLE_OF_QUEUE = {"orders.placed": "orders", "orders.events": "orders",
                 "shipping.requests": "orders", "orders.notifications": "orders",
                 "stock.requests": "stock", "payments.requests": "payments"}
ROLE_OF_NODE = ["orders", "stock", "payments"]


def ledgers(program, node_dir):
    """Returns the rows of `queue ls` of a stopped node, by queue."""
    done = subprocess.run([program, "queue", "ls", f"--data-dir={node_dir}", "-o", "json"],
                          stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=True)
    return {row["queue"]: row for row in json.loads(done.stdout)}


def misplaced(program, data):
    """Checks the placement by roles on three nodes. Returns a text for each queue that is not served
    by its role, or whose requests did not all pass through the outbox of the node of orders."""
    wrong = []
    found = {role: ledgers(program, data / f"node-{number + 1}")
             for number, role in enumerate(ROLE_OF_NODE)}
    for queue, home in ROLE_OF_QUEUE.items():
        served = {role for role, queues in found.items()
                  if queues.get(queue, {}).get("offered", 0) > 0}
        if served != {home}:
            wrong.append(f"{queue} is served by {served or 'nobody'}, expected {home}")
        if home == "orders" or served != {home}:
            continue
        sent = found["orders"][f"outbox/{queue}"]["acked"]
        taken = found[home][queue]["offered"]
        if sent != taken:
            wrong.append(f"{queue}: {taken} taken, but {sent} sent from the node of orders")
    return wrong


def ends_of_logs(data):
    """What the nodes and servers said last: their logs are removed with the data."""
    ends = [f"--- {file.relative_to(data)}\n{file.read_text(errors='replace')[-1500:]}"
            for pattern in ("*.log", "servers/*.log") for file in sorted(data.glob(pattern))]
    return "\n".join(ends)


def run(program, seed, args):
    """Runs one simulation. Returns a text with its failures, or None."""
    orders, crashes = args.orders, args.crash
    kinds = args.faults.split(",") if args.faults else []
    count = args.fault_count or 2 * len(kinds)
    faults = [f"--faults={args.faults}", f"--fault-count={count}"] if kinds else []
    is_postgres = args.log == "postgres"
    # In memory where that is possible: the servers are killed, the machine is not.
    parent = MEMORY if is_postgres and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="millrace-test-", dir=parent) as folder:
        if is_postgres:  # as root, the servers run as another user
            os.chmod(folder, 0o711)
        data = pathlib.Path(folder) / "data"
        done = subprocess.run(
            [program, "simulate", f"--orders={orders}", f"--crash={crashes}", f"--seed={seed}",
             f"--data-dir={data}", "--skus=50", "--arrival=closed:500", f"--nodes={args.nodes}",
             f"--placement={args.placement}", f"--log={args.log}",
             f"--standbys={args.standbys}", *(["--no-follow"] if args.cold else []), *faults,
             "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S,
            check=False)
        ends = ends_of_logs(data) if done.returncode != 0 else ""
        places = misplaced(program, data) if args.placement == "roles" else []
        warm = sum(log.read_text().count("took the log over warm") for log in data.glob("*.log"))
    if done.returncode != 0:
        return f"status {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}\n{ends}"
    report = json.loads(done.stdout)
    inflicted = len(report["faults"])
    expected = {"verdict": "PASS", "seed": seed, "lost": 0, "unexpected": 0,
                "duplicated_effects": 0, "order_violations": 0}
    wrong = {name: report[name] for name, value in expected.items() if report[name] != value}
    if places:
        wrong["placement"] = places
    if report["orders"] != {"offered": orders, "accounted": orders}:
        wrong["orders"] = report["orders"]
    if args.nodes > 1:
        not_refused = [fault for fault in report["faults"] if fault["kind"] == "restore"
                       and "refused with status 78" not in fault.get("note", "")]
        if not_refused:
            wrong["restore"] = not_refused
    # With standbys, a node may also change hands without a fault of its own.
    inflicted -= sum(fault["kind"] == "lost to a standby" for fault in report["faults"])
    if inflicted != crashes + count:
        wrong["faults"] = inflicted
    stopped = [fault for fault in report["faults"] if fault["kind"] in OF_SERVERS - {"db-cut"}
               and fault["nothing_confirmed_s"] == 0 and fault["recovered_after_s"] is not None]
    if stopped:
        wrong["confirmed all the time"] = stopped
    if args.standbys:
        replaced = [fault for fault in report["faults"] if fault["kind"] in ("kill", "destroy")
                    and "taken_over_after_s" in fault]
        if not replaced:
            wrong["takeovers"] = report["takeovers"]
    if args.standbys and args.cold == (warm > 0):
        wrong["warm takeovers"] = warm
    if "move" in kinds and report["shards_moved"] == 0:
        wrong["shards_moved"] = 0
    wrong_ends = [fault for fault in report["faults"] if fault["recovered_after_s"] is None]
    if len(wrong_ends) > 1:  # the last fault can begin after all work is done
        wrong["not recovered"] = wrong_ends
    return f"unexpected: {wrong}" if wrong else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--crash", type=int, required=True)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--faults", default="")
    parser.add_argument("--fault-count", type=int, default=0, help="two of each kind, if not given")
    parser.add_argument("--placement", default="spread", help="roles: of three nodes")
    parser.add_argument("--log", default="journal", help="postgres: with servers of its own")
    parser.add_argument("--standbys", type=int, default=0)
    parser.add_argument("--cold", action="store_true", help="the standbys do not follow the nodes")
    parser.add_argument("--seeds", type=int, nargs=2, required=True)
    args = parser.parse_args()
    first, count = args.seeds
    failed = 0
    for seed in range(first, first + count):
        wrong = run(args.program, seed, args)
        print(f"seed {seed}: {wrong or 'PASS'}", flush=True)
        failed += wrong is not None
    print(f"{count - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
