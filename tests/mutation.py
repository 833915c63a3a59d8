#!/usr/bin/env python3
"""Flips a sign or an index of an equation, one at a time, and sees whether a test fails for it.

    tests/mutation.py FOLDER [--only TEXT]

Copies the sources to FOLDER/source and builds models_test there (set CXX and ccache as for other builds); then for each
mutation builds what it touches, runs the test named beside it and undoes it. Prints the table of docs/robustness.md;
exit status 1 when a mutation survives. By hand: a build and a test for each, some half a minute of processor time.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# file, what stands there, what is put there instead, the test that should fail
MUTATIONS = [
    ("models/erm_equations.cpp", "V * V * (alpha_ * alpha_ * mhat * mhat + alpha_ * qhat)",
     "V * V * (alpha_ * alpha_ * mhat * mhat - alpha_ * qhat)", "erm_test"),
    ("models/erm_equations.cpp", "r + alpha_ * Vhat", "r - alpha_ * Vhat", "erm_test"),
    ("models/erm_equations.cpp", "- 2 * o.m_v * m[hit] + o.q_v * m[power]", "- 2 * o.m_v * m[hit] + o.q_k * m[power]",
     "erm_test"),
    ("models/erm_equations.cpp", "- 2 * o.m_v * m[hit]", "+ 2 * o.m_v * m[hit]", "erm_test"),
    ("models/erm_equations.cpp", "alpha_ * x[2] * x[5] * m[G_kv]", "alpha_ * x[2] * x[2] * m[G_kv]", "stability_test"),
    ("models/erm_equations.cpp", "r_k_ * o.q_k + r_v_ * o.q_v + alpha_", "r_k_ * o.q_k - r_v_ * o.q_v + alpha_",
     "erm_test"),
    ("models/sampled_channel.cpp", "(law.omega - o.m_k * law.t)", "(law.omega + o.m_k * law.t)", "channel_test"),
    ("models/sampled_channel.cpp", "g_v.col(0) * t_v;", "g_k.col(0) * t_v;", "channel_test"),
    ("models/sampled_points.cpp", "(at.best.x - sample.law.omega) / o.V_k", "(sample.law.omega - at.best.x) / o.V_k",
     "channel_test"),
    ("models/pair_channel.cpp", "sums.col(Vhat_v) -= mass", "sums.col(Vhat_v) += mass", "channel_test"),
    ("models/pair_channel.cpp", "(p.square() + (1 - p).square()) * scan.rho.square()",
     "(p.square() - (1 - p).square()) * scan.rho.square()", "channel_test"),
    ("models/linear_channel.cpp", "of_all(sw) / o.q_v - mu_ * hit_v", "of_all(sw) / o.q_v + mu_ * hit_v", "channel_test"),
    ("models/symmetry.cpp", "-g0 * (t_v * t_score + slope_v * t0)", "-g0 * (t_v * t_score - slope_v * t0)",
     "symmetry_test"),
    ("models/symmetry.cpp", "mhat_kv = -alpha * H.row(0)", "mhat_kv = -alpha * H.row(1)", "symmetry_test"),
    ("models/bayes_channel.cpp", "row(g_v2) = mean.hit_t2 / s", "row(g_v2) = mean.hit_t2 * s", "bayes_test"),
    ("models/bayes_channel.cpp", "mean.log_sum - nu * q[0] / 2", "mean.log_sum + nu * q[0] / 2", "bayes_test"),
    ("models/bayes.cpp", "1 + problem.noise - q[1] * mean[attention]", "1 + problem.noise - q[0] * mean[attention]",
     "bayes_test"),
    ("models/certificate.cpp", "if (eigenvalue - error > 1)", "if (eigenvalue + error > 1)", "certificate_test"),
    ("models/activations/softmax.cpp", "beta = jet.q * (u.colwise() - mean)", "beta = jet.q * (u.colwise() + mean)",
     "activation_test"),
    ("models/activations/softmax.cpp", "(1 - taken) * (1 - taken) * power", "(1 - taken) * taken * power",
     "activation_test"),
    ("models/rsb_equations.cpp", "- std::log1p(Yd / V) / (2 * Y)", "+ std::log1p(Yd / V) / (2 * Y)", "rsb_test"),
    ("models/rsb_equations.cpp", "A = B + Y * alpha_", "A = B - Y * alpha_", "rsb_test"),
    ("models/dynamics.cpp", "rate_v * (E.s_chi - lambda * o.q_kv)", "rate_v * (E.s_z - lambda * o.q_kv)", "dynamics_test"),
    ("models/dynamics.cpp", "rate_k * (E.u_chi_star - lambda * o.m_k)", "rate_k * (E.u_chi_star + lambda * o.m_k)",
     "dynamics_test"),
    ("models/glm/equations.cpp", "(rho * mhat * mhat + qhat)", "(rho * mhat * mhat - qhat)", "glm_test"),
    ("models/population.cpp", "m_v * means.col(0)", "m_v * means.col(1)", "population_test"),
]


def quiet(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", help="mutations of files whose names contain this")
    options = parser.parse_args()
    source = options.folder / "source"
    build = source / "build" / "dev"  # as deep as in the repository, for ccache
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines():
        target, text = source / name, (ROOT / name).read_bytes()
        if not target.exists() or target.read_bytes() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)

    make = ["cmake", "--build", str(build), "--target", "models_test"]
    configured = quiet(["cmake", "-S", str(source), "-B", str(build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                        "-DQUENCHED_MPI=OFF", "-DQUENCHED_REPORT=OFF"])
    built = quiet(make)
    if configured.returncode or built.returncode:
        sys.exit(configured.stdout[-2000:] + built.stdout[-4000:])

    print("| file | instead of | stands | fails |\n|---|---|---|---|")
    survived = 0
    for name, right, wrong, test in MUTATIONS:
        if options.only not in name:
            continue
        file = source / name
        text = file.read_text()
        if text.count(right) != 1:
            sys.exit(f"{name}: '{right}' stands there {text.count(right)} times: mend tests/mutation.py")
        try:
            file.write_text(text.replace(right, wrong))
            made = quiet(make)
            if made.returncode:
                sys.exit(made.stdout[-2000:])
            ran = quiet(["timeout", "300", str(build / "tests/models/models_test"), f"--source-file=*/{test}.cpp", "--abort-after=1"])
        finally:
            file.write_text(text)
        survived += ran.returncode == 0
        print(f"| {name} | `{right}` | `{wrong}` | {test if ran.returncode else 'nothing: SURVIVED'} |", flush=True)
    return 1 if survived else 0


if __name__ == "__main__":
    raise SystemExit(main())
