#!/usr/bin/python3
"""The training objective with its gradient beside NumPy with OpenBLAS, in one run: bench/simulation.py [build/release].

NumPy reads float32 tokens twice (fields, then gradient) and sums in float32; quenched reads them once and sums in double. Prints
the time of one evaluation of both, their ratio, and the bytes of tokens a second over the copy bandwidth of the machine.
Needs scripts/install-packages.sh bench and the target simulation_bench."""
import os
import pathlib
import subprocess
import sys
import time


def numpy_seconds(D, L, repeats=15):
    import numpy as np
    n = (32 << 20) // (D * L)
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n * L, D), dtype=np.float32)
    y = rng.standard_normal((n, 1), dtype=np.float32)
    k_v = (rng.standard_normal((D, 2)) / D ** 0.5).astype(np.float32)
    least = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        chi, z = (X @ k_v).reshape(n, L, 2).transpose(2, 0, 1)
        s = np.exp(chi - chi.max(1, keepdims=True))
        s /= s.sum(1, keepdims=True)
        f = (s * z).sum(1, keepdims=True)
        rho = y - f
        back = -rho[..., None] * np.stack([s * (z - f), s], axis=2)
        loss, gradient = (rho ** 2).sum() / 2, X.T @ back.reshape(n * L, 2)
        least = min(least, time.perf_counter() - began)
    assert loss > 0 and gradient.shape == (D, 2)
    return least


if __name__ == "__main__":
    if sys.argv[1:2] == ["--numpy"]:
        print(numpy_seconds(int(sys.argv[2]), int(sys.argv[3])))
        sys.exit()
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release")
    table = subprocess.run([build / "bench/simulation_bench"], capture_output=True, text=True, check=True).stdout
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| threads | D | L | ms | tokens GB/s | over copy bandwidth | NumPy ms | NumPy / quenched |\n" + "|---" * 8 + "|")
    for line in table.splitlines():
        words = line.split()
        if len(words) != 9 or not words[0].isdigit():
            continue
        threads, D, L, milliseconds = words[0], words[1], words[2], float(words[4])
        theirs = float(subprocess.run([sys.executable, __file__, "--numpy", D, L], capture_output=True, text=True, check=True,
                                      env=os.environ | {"OPENBLAS_NUM_THREADS": threads}).stdout) * 1e3
        print(f"| {threads} | {D} | {L} | {milliseconds:.1f} | {words[5]} | {words[7]} | {theirs:.1f} | {theirs / milliseconds:.1f} |", flush=True)
