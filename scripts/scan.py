#!/usr/bin/env python3
"""Random points of population, bayes and erm, far out too: each must give a certified number or a stated reason.

    scripts/scan.py build/release/apps/quenched --points 5000 --results scan.jsonl --work 10 [--minutes 20]

Runs the program once a point, with --seconds of processor time (60) and 2 GB; appends what came out to the results, goes on where they end, and
prints the table of docs/robustness.md from all of them. Exit status 1 when a point broke a rule: output that is no
JSON, NaN, a negative error or uncertainty, a result that is not trusted and says not why, a crash. --table prints the
table alone.
"""
import argparse
import collections
import concurrent.futures
import json
import math
import random
import resource
import signal
import subprocess
import time

ACTIVATIONS = ["linear", "centred-linear", "softmax", "softmax-1", "softplus", "elu-kernel", "taylor-2",
               "logistic-softmax", "relu-kernel", "relu", "erf", "sigmoid", "sparsemax", "hardmax",
               "kernel:1/(1+x^2)", "elementwise:tanh(x)"]
BYTES = 2 << 30


def drawn(rng, work):
    """The words after `quenched` for one point."""
    def log(low, high):
        return math.exp(rng.uniform(math.log(low), math.log(high)))

    def or_zero(value):
        return 0.0 if rng.random() < 0.15 else value

    command = rng.choices(["erm", "bayes", "population"], [34, 56, 10])[0]
    task = rng.choice(["spiked", "max"])
    nu = "inf" if task == "max" and rng.random() < 0.2 else f"{or_zero(log(1e-3, 1e3)):.4g}"
    words = [command, "--task", task, "--signal", nu, "--length", str(round(log(1, 1000))),
             "--noise", f"{or_zero(log(1e-3, 1e3)):.4g}"]
    if command != "population":
        words += ["--alpha", f"{log(1e-3, 1e4):.4g}"]
    if command != "bayes":
        words += ["--activation", rng.choice(ACTIVATIONS)]
    if command == "erm":
        words += ["--ridge-k", f"{log(1e-8, 1e4):.4g}", "--ridge-v", f"{log(1e-8, 1e4):.4g}"]
    if command != "population":
        words += ["--start", rng.choice(["informed", "uninformed"]), "--work", str(work)]
    return words + ["--tolerance", "1e-2", "--threads", "1", "--format", "json"]


def broken_rules(record):
    """The rules that a record breaks."""
    def number(name):
        return record.get(name) if isinstance(record.get(name), (int, float)) else None

    broken = [f"negative {name}" for name in ("test_error", "train_error", "bayes_risk") if (number(name) or 0) < 0]
    broken += [f"negative uncertainty of {name}" for name, value in record.get("uncertainty", {}).items()
               if value is not None and value < 0]
    certificate = record["certificate"]
    if certificate["verdict"] == "trusted" and number("test_error") is None:
        broken.append("trusted without a test error")
    if certificate["verdict"] != "trusted" and not certificate.get("advice"):
        broken.append("not trusted, without advice")
    return broken


def outcome(program, words, seconds):
    """The verdicts of a point's records, or why there is none, and the rules broken."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))

    begun = time.monotonic()
    result = {"words": words, "verdicts": [], "broken": []}
    ran = subprocess.run([program, *words], capture_output=True, text=True, preexec_fn=limit)
    result["seconds"] = round(time.monotonic() - begun, 2)
    if ran.returncode == -signal.SIGXCPU:
        return result | {"verdicts": [f"over {seconds} s"]}
    if ran.returncode in (2, 3):
        if ran.stdout or len(ran.stderr.splitlines()) != 1:
            result["broken"].append("not one line on standard error")
        reason = "refused" if ran.returncode == 2 else "out of memory" if "memory" in ran.stderr else "failed"
        return result | {"verdicts": [reason], "message": ran.stderr.strip()}
    if ran.returncode != 0:
        return result | {"verdicts": ["crashed"], "broken": [f"exit status {ran.returncode}"], "message": ran.stderr[-500:]}

    def refuse(constant):
        raise ValueError(f"{constant} in JSON")

    try:
        for record in json.loads(ran.stdout, parse_constant=refuse):
            result["verdicts"].append(record["certificate"]["verdict"])
            result["broken"] += broken_rules(record)
            result["certificate"] = record["certificate"]
            result["test_error"] = record.get("test_error")
    except ValueError as error:
        result["broken"].append(str(error))
    return result


def table(results):
    counts = collections.Counter((r["words"][0], v) for r in results for v in r["verdicts"][:1])
    commands = ["population", "bayes", "erm"]
    verdicts = sorted({v for _, v in counts}, key=lambda v: -sum(counts[c, v] for c in commands))
    lines = ["| | " + " | ".join(commands) + " |", "|---" * 4 + "|"]
    for verdict in verdicts:
        lines.append(f"| {verdict} | " + " | ".join(str(counts[c, verdict]) for c in commands) + " |")
    lines.append("| points | " + " | ".join(str(sum(counts[c, v] for v in verdicts)) for c in commands) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--points", type=int, default=5000)
    parser.add_argument("--results", default="scan.jsonl")
    parser.add_argument("--seconds", type=int, default=60, help="processor time for a point")
    parser.add_argument("--work", type=int, default=1000, help="that of the program")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no more points after so many")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    try:
        with open(options.results) as file:
            results = [json.loads(line) for line in file]
    except FileNotFoundError:
        results = []
    if not options.table:
        end = time.monotonic() + 60 * options.minutes
        def one(i):
            return outcome(options.program, drawn(random.Random(i), options.work), options.seconds) if time.monotonic() < end else None
        with concurrent.futures.ThreadPoolExecutor(options.processes) as pool, open(options.results, "a") as file:
            for result in pool.map(one, range(len(results), options.points)):
                if result is None:
                    break
                results.append(result)
                file.write(json.dumps(result) + "\n")
                file.flush()
    print(table(results))
    broken = [r for r in results if r["broken"]]
    for r in broken:
        print("broken:", ", ".join(r["broken"]), "by quenched", " ".join(r["words"]))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
