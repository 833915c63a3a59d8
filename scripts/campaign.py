#!/usr/bin/python3
"""Theory against training at points of a Sobol sequence: docs/finite-size.md.

    scripts/campaign.py run build/release/apps/quenched     # goes on where it was interrupted
    scripts/campaign.py report                              # the tests; docs/validation.png and data/validation/README.md

`run` writes a line of JSON a point to data/validation/points.jsonl: the two commands, what they printed, the CPU seconds of
theory and the version that solved it. Each point has seeds of its own. Theory that takes more CPU
seconds than --cap is stopped and counted `not_finished`; training likewise after five times as many.
Needs scripts/install-packages.sh bench (SciPy)."""
import argparse
import fcntl
import json
import math
import pathlib
import resource
import shlex
import statistics
import subprocess
import time

from scipy import stats

root = pathlib.Path(__file__).resolve().parent.parent
kept = root / "data/validation/points.jsonl"
picture = root / "docs/validation.png"

# hardmax and relu-kernel do not depend on the length of k: `erm` has no fixed point for them and refuses them.
activations = ["linear", "centred-linear", "softmax", "softmax-1", "softplus", "elu-kernel", "taylor-2",
               "logistic-softmax", "relu", "erf", "sigmoid", "sparsemax"]
quantities = ["test_error", "train_error", "energy", "m_k", "q_k", "m_v", "q_v"]
points, dimension, seeds = 64, 400, 12


def sobol_points():
    """Every parameter from its own coordinate: choices in equal parts, the rest logarithmic."""
    def choice(u, values):
        return values[int(u * len(values))]

    def logarithmic(u, low, high):
        return float(f"{low * (high / low) ** u:.4g}")

    for u in stats.qmc.Sobol(7, seed=1).random(points):
        yield {"task": choice(u[0], ["spiked", "max"]), "length": choice(u[1], [1, 2, 3, 5]),
               "activation": choice(u[2], activations), "alpha": logarithmic(u[3], 0.5, 20),
               "ridge": logarithmic(u[4], 0.03, 1), "noise": choice(u[5], [0, 0.1]),
               "signal": logarithmic(u[6], 0.5, 8)}


def records(command, cap=None):
    """What the command prints, None when it takes more than `cap` CPU seconds; and the CPU seconds it took."""
    def limit():
        if cap:
            resource.setrlimit(resource.RLIMIT_CPU, (cap, cap))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)
    if done.returncode < 0:  # killed
        return None, seconds
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)[0], seconds


def run(program, cap, first, last, again):
    done = {json.loads(line)["point"]: json.loads(line) for line in kept.read_text().splitlines()} if kept.exists() else {}
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    began = time.time()
    for i, point in enumerate(sobol_points()):
        if i in done and not (again and done[i].get("version") != version) or not first <= i <= last:
            continue
        flags = [word for name, value in point.items() for word in (f"--{name}", str(value))]
        common = flags + ["--threads", "1", "--format", "json", "--quiet"]
        asymptotic = ["erm"] + common + ["--tolerance", "3e-3"]
        training = ["simulate"] + common + ["--dimension", str(dimension), "--seeds", str(seeds), "--seed", str(100 * i + 1)]
        theory, seconds = records([program] + asymptotic, cap)
        simulation = done[i]["simulation"] if i in done else records([program] + training, 5 * cap)[0]
        done[i] = {"point": i, "version": version, "commands": [shlex.join(["quenched"] + c) for c in (asymptotic, training)],
                   "seconds": seconds, "theory": theory, "simulation": simulation}
        with kept.open("a+") as file:  # another process may have added to it
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines = [line for line in file if json.loads(line)["point"] != i] + [json.dumps(done[i]) + "\n"]
            file.truncate(0)
            file.writelines(lines)
        print(f"{i + 1} of {points}, {time.time() - began:.0f} s, {flags}", flush=True)


def number(record, name):
    value = record.get(name, record["order_parameters"].get(name))
    return math.nan if value is None else value


def deviation(theory, simulation, name):
    """z of simulation minus theory: Student's t of the seeds (the error of theory added in quadrature), as the standard normal
    number of the same probability. NaN where theory says 0 (k at L = 1): training only comes near it."""
    error = math.hypot(number(simulation["uncertainty"] | {"order_parameters": {}}, name),
                       number(theory["uncertainty"] | {"order_parameters": {}}, name))
    difference = number(simulation, name) - number(theory, name)
    if not error > 0 or abs(number(theory, name)) < 1e-12:
        return math.nan
    t = difference / error
    return math.copysign(stats.norm.isf(stats.t.sf(abs(t), simulation["seeds"] - 1)), t)


def load():
    rows = []
    for line in kept.read_text().splitlines():
        point = json.loads(line)
        theory, simulation = point["theory"], point["simulation"]
        point["verdict"] = theory["certificate"]["verdict"] if theory else "not_finished"
        point["z"] = {name: deviation(theory, simulation, name) if theory and simulation else math.nan for name in quantities}
        rows.append(point)
    return sorted(rows, key=lambda row: row["point"])


def print_tests(rows):
    trusted = [row for row in rows if row["verdict"] == "trusted"]
    print("| quantity | trusted points | mean z | root mean square z | largest abs z | Kolmogorov-Smirnov p |\n|---|---|---|---|---|---|")
    for name in quantities:
        z = [row["z"][name] for row in trusted if not math.isnan(row["z"][name])]
        print(f"| {name} | {len(z)} | {sum(z) / len(z):+.2f} | {math.sqrt(sum(x * x for x in z) / len(z)):.2f} "
              f"| {max(map(abs, z)):.1f} | {stats.kstest(z, 'norm').pvalue:.3f} |")
    print("\n| verdict | points | with abs z of the test error above 3 | median abs z |\n|---|---|---|---|")
    for verdict in sorted({row["verdict"] for row in rows}):
        z = sorted(abs(row["z"]["test_error"]) for row in rows if row["verdict"] == verdict)
        z = [x for x in z if not math.isnan(x)]
        count = sum(row["verdict"] == verdict for row in rows)
        print(f"| {verdict} | {count} | {sum(x > 3 for x in z) if z else '-'} | {f'{statistics.median(z):.1f}' if z else '-'} |")


def write_points(rows):
    lines = ["`points.jsonl`: theory and training at points of a Sobol sequence, a line of JSON a point with the commands that gave it. Made by\n\n"
             "    scripts/campaign.py run build/release/apps/quenched\n\nand read by `scripts/campaign.py report`, which draws "
             "`docs/validation.png` and writes this page ([docs/finite-size.md](../../docs/finite-size.md)).\n\n"
             "| point | task | L | activation | alpha | ridge | noise | signal | verdict | theory | training | z test | largest abs z |\n"
             + "|---" * 13 + "|"]
    parameters = list(sobol_points())
    for row in rows:
        p, theory, training = parameters[row["point"]], row["theory"], row["simulation"]
        z = [abs(x) for x in row["z"].values() if not math.isnan(x)]
        cells = [row["point"], p["task"], p["length"], p["activation"], p["alpha"], p["ridge"], p["noise"], p["signal"], row["verdict"],
                 f"{number(theory, 'test_error'):.4f}" if theory else "-",
                 f"{training['test_error']:.4f}({training['uncertainty']['test_error']:.4f})" if training else "-",
                 f"{row['z']['test_error']:+.1f}" if z else "-", f"{max(z):.1f}" if z else "-"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    (kept.parent / "README.md").write_text("\n".join(lines) + "\n")


def draw(rows):
    """Left: the trusted z in order against normal quantiles. Right: z of the test error by verdict."""
    z = sorted(row["z"]["test_error"] for row in rows if row["verdict"] == "trusted" and not math.isnan(row["z"]["test_error"]))
    quantiles = "".join(f"{stats.norm.ppf((i + 0.5) / len(z)):.4f} {x:.4f}\n" for i, x in enumerate(z))
    verdicts = [v for v in ("trusted", "marginal", "jumps", "unstable", "broken_symmetry", "metastable", "under_resolved",
                            "not_converged") if any(row["verdict"] == v and not math.isnan(row["z"]["test_error"]) for row in rows)]
    strips = "".join(f"{verdicts.index(row['verdict']) + 0.3 * math.sin(37.0 * row['point']):.3f} "
                     f"{max(-12, min(12, row['z']['test_error'])):.3f}\n"
                     for row in rows if row["verdict"] in verdicts and not math.isnan(row["z"]["test_error"]))
    tics = ", ".join('"%s" %d' % (v.replace("_", "-"), i) for i, v in enumerate(verdicts))
    script = f"""
set terminal pngcairo size 1200,520 font "Sans,11"
set output "{picture}"
$quantiles << EOD
{quantiles}EOD
$strips << EOD
{strips}EOD
set multiplot layout 1,2
set grid lc rgb "#e0e0e0"; set key off
set xlabel "standard normal quantile"; set ylabel "z of the test error, trusted points in order"
plot [-3:3] [-4.7:4.7] x lc rgb "#888888" dt 2, $quantiles with points pt 7 ps 0.8 lc rgb "#0072b2"
set xlabel "verdict of the certificate"; set ylabel "z of the test error (cut at 12)"
set xtics ({tics}) rotate by -20
plot [-0.6:{len(verdicts) - 0.4}] [-13:13] 3 lc rgb "#888888" dt 2, -3 lc rgb "#888888" dt 2, \\
  $strips with points pt 7 ps 0.8 lc rgb "#d55e00"
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("program", nargs="?", default=str(root / "build/release/apps/quenched"))
    parser.add_argument("--cap", type=int, default=60, help="CPU seconds of theory at a point (60)")
    parser.add_argument("--again", action="store_true", help="theory of another version again, beside the training that is kept")
    parser.add_argument("--points", type=int, nargs=2, default=[0, points], help="the first and the last to run (all)")
    arguments = parser.parse_args()
    if arguments.what == "run":
        run(arguments.program, arguments.cap, *arguments.points, arguments.again)
    else:
        all_rows = load()
        print_tests(all_rows)
        write_points(all_rows)
        draw(all_rows)
