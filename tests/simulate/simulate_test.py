"""Runs the simulation with real kills: a verdict other than PASS, or a missing kill, is a failure.

Usage: simulate_test.py MILLRACE --orders N --crash N [--nodes N --faults KIND,…] --seeds FIRST COUNT
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

TIMEOUT_S = 600


def run(program, seed, args):
    """One run; returns what is wrong with it, or None."""
    orders, crashes = args.orders, args.crash
    faults = [f"--faults={args.faults}"] if args.faults else []
    with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
        done = subprocess.run(
            [program, "simulate", f"--orders={orders}", f"--crash={crashes}", f"--seed={seed}",
             f"--data-dir={pathlib.Path(folder) / 'data'}", "--skus=50", "--arrival=closed:500",
             f"--nodes={args.nodes}", *faults, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S,
            check=False)
    if done.returncode != 0:
        return f"status {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    report = json.loads(done.stdout)
    inflicted = len(report["faults"])
    expected = {"verdict": "PASS", "seed": seed, "lost": 0, "unexpected": 0,
                "duplicated_effects": 0, "order_violations": 0}
    wrong = {name: report[name] for name, value in expected.items() if report[name] != value}
    if report["orders"] != {"offered": orders, "accounted": orders}:
        wrong["orders"] = report["orders"]
    if inflicted != crashes + 2 * len(args.faults.split(",") if args.faults else []):
        wrong["faults"] = inflicted
    wrong_ends = [fault for fault in report["faults"] if fault["recovered_after_s"] is None]
    if len(wrong_ends) > 1:  # the last one may strike when all is done
        wrong["not recovered"] = wrong_ends
    return f"unexpected: {wrong}" if wrong else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--crash", type=int, required=True)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--faults", default="")
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
