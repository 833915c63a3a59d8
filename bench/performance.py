#!/usr/bin/env python3
"""quenched beside the NumPy baseline, in one run: bench/performance.py [--build build/release] [--only WORD] [--references].

Prints, for each case of performance_bench, the error reached against a high-accuracy value, the seconds and CPU seconds of
both, their ratios and the peak resident memory. The baseline runs where there is one and where python3-numpy and python3-scipy are installed. The
high-accuracy values are kept in bench/reference_values.json; --references computes those that are missing (minutes each).
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
kept = here / "reference_values.json"


def line(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    return json.loads(done.stdout) if done.returncode == 0 else {"why": (done.stderr.strip().splitlines() or ["failed"])[-1]}


def python_with_numpy():
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import numpy, scipy"], capture_output=True).returncode == 0:
            return python
    return None


def error(result, reference):
    if "values" not in result or not reference or len(result["values"]) != len(reference["values"]):
        return None
    return max((abs(a - b) / max(1, abs(b)) for a, b in zip(result["values"], reference["values"])), default=None)


def number(value, form="{:.1e}"):
    return "" if value is None else form.format(value)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", default=here.parent / "build" / "release", type=Path)
    options.add_argument("--only", default="", help="cases whose name contains this")
    options.add_argument("--references", action="store_true")
    options = options.parse_args()
    program = options.build / "bench" / "performance_bench"
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout
    cases = [case for case in map(json.loads, listed.splitlines()) if options.only in case["name"]]
    references = json.loads(kept.read_text()) if kept.exists() else {}

    if options.references:
        for name in (case["name"] for case in cases if case["name"] not in references):
            print(name, flush=True)
            result = line([program, name, "--reference"])
            if result.get("values"):
                references[name] = {key: result[key] for key in ("values", "stated")}
                kept.write_text(json.dumps(references, indent=1) + "\n")
        return

    python = python_with_numpy()
    known = subprocess.run([python, here / "baseline" / "baseline.py"], capture_output=True, text=True).stderr if python else ""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; baseline: {python or 'none (needs python3-numpy, python3-scipy)'}")
    print("| case | asked | error | stated | s | CPU s | target s | met | MB | NumPy: error | s | CPU s | MB | ratio of s | of CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for case in cases:
        name, reference = case["name"], references.get(case["name"])
        if reference and reference["stated"] > case["tolerance"]:  # not sharp enough to judge by
            reference = None
        ours = line([program, name])
        theirs = line([python, here / "baseline" / "baseline.py", name]) if f"{name};" in f"{known.strip()};" else {}
        if "why" in ours:
            print(f"| {name} | {case['tolerance']:g} | {ours['why']} |", flush=True)
            continue
        reached = error(ours, reference)
        worst = ours["stated"] if reached is None else max(reached - reference["stated"], 0)
        met = worst <= case["tolerance"] and ours["seconds"] <= case["target"]
        cells = [name, f"{case['tolerance']:g}", number(reached), number(ours["stated"]), f"{ours['seconds']:.3g}", f"{ours['cpu']:.3g}",
                 f"{case['target']:g}", "yes" if met else "no", f"{ours['megabytes']:.0f}"]
        if "seconds" in theirs:
            cells += [number(error(theirs, reference)), f"{theirs['seconds']:.3g}", f"{theirs['cpu']:.3g}", f"{theirs['megabytes']:.0f}",
                      f"{theirs['seconds'] / ours['seconds']:.1f}", f"{theirs['cpu'] / ours['cpu']:.1f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
