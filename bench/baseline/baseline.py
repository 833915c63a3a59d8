"""One case of bench/performance_bench.cpp by NumPy and SciPy: a line of JSON with values, seconds and peak memory.

The same reductions as quenched, vectorised over all nodes; steps chosen by hand to meet the case's tolerance, so no error
estimate, no stability eigenvalue and no certificate are computed (quenched computes them within its time)."""
import json
import sys
import time

from bayes_spiked import bayes
from fixed_point import erm
from linear_channel import LinearChannel
from softmax_channel import SoftmaxChannel

CASES = {
    "erm softmax spiked L=2, 1e-6": lambda: erm(SoftmaxChannel(2, 2, 0.1, 0.5, 0.35), 0.1, 4, 0.5, 1e-8),
    "erm softmax spiked L=2, 1e-4": lambda: erm(SoftmaxChannel(2, 2, 0.1, 0.9, 0.6), 0.1, 4, 0.5, 1e-6),
    "erm softmax spiked L=3": lambda: erm(SoftmaxChannel(3, 2, 0.1, 1.0, 0.8), 0.1, 4, 0.5, 1e-6),
    "erm linear spiked L=3": lambda: erm(LinearChannel(3, 2, 0.1, 1.4), 0.1, 4, 0.5, 1e-8),
    "erm linear spiked L=1000": lambda: erm(LinearChannel(1000, 50, 0.1, 1.4), 0.1, 4, 5, 1e-8),
    "bayes spiked L=3": lambda: bayes(3, 2, 0.25, 5, 1e-10, 0.7),
    "bayes spiked L=10000": lambda: bayes(10000, 20, 0.1, 3, 1e-10, 0.7),
}


def peak_megabytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CASES:
        sys.exit("baseline.py CASE, one of: " + "; ".join(CASES))
    least = cpu = float("inf")
    for _ in range(3):
        start, start_cpu = time.perf_counter(), time.process_time()
        values, evaluations = CASES[sys.argv[1]]()
        least = min(least, time.perf_counter() - start)
        cpu = min(cpu, time.process_time() - start_cpu)
    print(json.dumps({"name": sys.argv[1], "seconds": least, "cpu": cpu, "megabytes": peak_megabytes(), "evaluations": evaluations,
                      "values": list(values)}))
