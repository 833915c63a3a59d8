"""The package against the program, and against what is known without either."""

import inspect
import json
import os
import signal
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest

import quenched

PROGRAM = os.environ["QUENCHED_PROGRAM"]


def program(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


SAME = [
    (
        "erm",
        dict(alpha=np.array([2, 4.5]), ridge=1.0, noise=0.25, derivatives=True, branches=0, threads=2),
        "--alpha 2,4.5 --ridge 1 --noise 0.25 --derivatives --branches 0",
    ),
    ("erm", dict(ridge_k=[1], ridge_v=2, tolerance=1e-3, any_ridge=False), "--ridge-k 1 --ridge-v 2 --tolerance 1e-3"),
    (
        "population",
        dict(length=[2, [1, 2, 3]], activation=["linear", "softmax"]),
        "--length 2;1,2,3 --activation linear,softmax",
    ),
    (
        "population",
        dict(length={1: 0.25, 3: 0.75}, at=dict(m_k=1, q_k=2, m_v=1, q_v=1.5)),
        "--length 1:0.25,3:0.75 --at m_k=1,q_k=2,m_v=1,q_v=1.5",
    ),
    ("bayes", dict(alpha=(2, 3), tolerance=1e-2), "--alpha 2,3 --tolerance 1e-2"),
    ("rsb", dict(ridge=1, tolerance=1e-2), "--ridge 1 --tolerance 1e-2"),
    ("glm", dict(alpha=range(2, 4), loss=["square", "bayes"]), "--alpha 2,3 --loss square,bayes"),
    ("glm_simulate", dict(dimension=np.int64(50), seeds=2, seed=7), "--dimension 50 --seeds 2 --seed 7"),
    ("simulate", dict(dimension=50, seeds=2, ridge=np.float32(0.5)), "--dimension 50 --seeds 2 --ridge 0.5"),
    ("compare", dict(dimension=50, seeds=2, ridge=0.5), "--dimension 50 --seeds 2 --ridge 0.5"),
    (
        "dynamics",
        dict(activation="linear", method="flow", time=np.linspace(0, 0.5, 3), tolerance=0.05),
        "--activation linear --method flow --time 0:0.5:3 --tolerance 0.05",
    ),
]


@pytest.mark.parametrize("name, given, flags", SAME)
def test_records_are_those_of_the_program(name, given, flags):
    result = getattr(quenched, name)(**given)
    printed = program(name.replace("_", "-"), *flags.split(), "--format", "json").stdout
    assert len(result) > 0
    assert result.records == json.loads(printed)


def test_there_may_be_no_record():
    flags = "--of erm --activation linear --alpha 1:2 --ridge 1 --format json".split()
    r = quenched.phase(of="erm", activation="linear", alpha=(1, 2), ridge=1)
    assert r.records == json.loads(program("phase", *flags).stdout) == [] and len(r) == 0 and r.columns() == {}


def test_printing_gives_the_table_of_the_program():
    assert str(quenched.glm(alpha=[2, 3])) == program("glm", "--alpha", "2,3").stdout


def test_one_function_a_command():
    offered = program("--help").stdout
    for name in quenched.__all__:
        if inspect.isfunction(getattr(quenched, name)):
            assert name.replace("_", "-") in offered
    promised = "population bayes erm rsb glm glm_simulate simulate compare phase dynamics activations"
    assert set(promised.split()) <= set(quenched.__all__)


def test_the_last_parameter_of_the_record_varies_fastest():
    r = quenched.glm(ridge=[0.5, 1, 2], alpha=np.array([1.0, 3.0]), noise=0.5)
    assert r.alpha.tolist() == [1, 1, 1, 3, 3, 3]
    assert r.ridge.tolist() == [0.5, 1, 2] * 2
    assert r.noise.tolist() == [0.5] * 6


def test_ridge_regression_closed_form():
    """y = x.k*/sqrt(D): test error from the Stieltjes transform of Marchenko and Pastur, alpha samples a dimension."""
    alpha, ridge = np.array([0.5, 2.0, 4.0]), 0.5
    r = quenched.glm(alpha=alpha, ridge=ridge)
    # The response V solves V (ridge + alpha/(1 + V)) = 1; the error E solves E = ((ridge V)^2 + alpha V^2 E/(1 + V)^2).
    b = ridge + alpha - 1
    v = (-b + np.sqrt(b * b + 4 * ridge)) / (2 * ridge)
    error = (ridge * v) ** 2 / (1 - alpha * v**2 / (1 + v) ** 2)
    assert np.all(np.abs(r.test_error - error) <= r.uncertainty.test_error + 1e-12)
    assert np.all(r.certificate.verdict == "trusted")


def test_population_closed_forms():
    """Linear attention: 1/(L/(L-1) + nu/L); softmax is Bayes-optimal at m_k = sqrt(nu), m_v = 1 (Nishimori)."""
    signal_, L = np.array([1.0, 4.0]), 3
    linear = quenched.population(length=L, signal=signal_, activation="linear")
    assert np.allclose(linear.test_error, 1 / (L / (L - 1) + signal_ / L), rtol=0, atol=1e-8)
    softmax = quenched.population(length=L, signal=signal_)
    assert np.allclose(softmax.order_parameters.m_k, np.sqrt(signal_), rtol=0, atol=1e-3)
    assert np.allclose(softmax.order_parameters.m_v, 1, rtol=0, atol=1e-3)
    assert np.allclose(softmax.test_error, softmax.bayes_risk, rtol=0, atol=1e-6)


def test_scalars_give_arrays_of_length_one():
    r = quenched.population(signal=np.array(3.0), activation="linear")
    assert r.signal.shape == r.test_error.shape == r.order_parameters.m_k.shape == (1,)
    assert r.order_parameters.m_k.dtype == float and r.certificate.verdict.dtype.kind == "U"


def test_none_leaves_the_default():
    r = quenched.population(signal=None, threads=None, activation="linear", landscape=False)
    assert r.records == quenched.population(activation="linear").records


REFUSED = [
    ("erm", dict(signal=-1.0), "--signal -1"),
    ("erm", dict(alpha=[4, 0]), "--alpha 4,0"),
    ("erm", dict(alpha=np.nan), "--alpha nan"),
    ("erm", dict(signal=np.inf), "--signal inf"),
    ("erm", dict(ridge_k=0), "--ridge-k 0"),
    ("erm", dict(activation="kernel:log(1+exp(x)"), "--activation kernel:log(1+exp(x)"),
    ("bayes", dict(length={2: 0.5}), "--length 2:0.5"),
    ("erm", dict(task="nothing"), "--task nothing"),
    ("erm", dict(tolerance=2), "--tolerance 2"),
    ("simulate", dict(seeds=1), "--seeds 1"),
    ("dynamics", dict(learning_rate=0), "--learning-rate 0"),
    ("phase", dict(alpha=(3, 2), noise=0.1), "--alpha 3:2 --noise 0.1"),
]


@pytest.mark.parametrize("name, given, flags", REFUSED)
def test_refusals_are_those_of_the_program(name, given, flags):
    with pytest.raises(ValueError) as error:
        getattr(quenched, name)(**given)
    said = program(name, *flags.split())
    assert said.returncode == 2
    argument = next(iter(given))
    flag = "--" + argument.replace("_", "-")
    assert f"quenched {name}: {flag} " + str(error.value).removeprefix(argument + " ") == said.stderr.rstrip("\n")
    assert str(error.value).startswith(argument + " ")


@pytest.mark.parametrize(
    "given", [dict(derivatives="no"), dict(alpha=[]), dict(alpha=[[1, 2], [3, 4]]), dict(signal=object()), dict(length=[[[2]]])]
)
def test_what_no_flag_could_say_is_refused(given):
    with pytest.raises(ValueError, match=f"^{next(iter(given))} .*: needs "):
        quenched.erm(**given)


def test_unknown_and_positional_arguments():
    with pytest.raises(TypeError, match=r"erm\(\).*'signl'"):
        quenched.erm(signl=2)
    with pytest.raises(TypeError, match=r"erm\(\)"):
        quenched.erm("spiked")
    with pytest.raises(TypeError, match="alpha"):
        quenched.population(alpha=4)  # not of this command


def test_signatures_and_docstrings():
    parameters = inspect.signature(quenched.erm).parameters
    assert parameters["task"].default == "spiked" and parameters["ridge"].default == 0.1
    assert parameters["derivatives"].default is False and parameters["seed"].default is None
    for p in parameters:
        assert f"\n{p}: " in quenched.erm.__doc__


def test_columns_of_every_kind():
    inner = {"m": 1.5, "q": None}
    r = quenched.Result(
        [
            {"x": 1, "n": 1, "s": "inf", "t": True, "w": "a", "mixed": "optimal", "o": inner, "u": None},
            {"x": None, "n": 2, "s": 2.0, "t": False, "w": "b", "mixed": 0.5, "u": None, "list": [1, 2]},
        ]
    )
    assert r.x[0] == 1 and np.isnan(r.x[1])
    assert r.n.dtype.kind == "i" and r.t.dtype == bool and r.w.tolist() == ["a", "b"]
    assert r.s.tolist() == [np.inf, 2.0]
    assert r.mixed.tolist() == ["optimal", 0.5]
    assert r.o.m[0] == 1.5 and np.isnan(r.o.m[1]) and np.isnan(r.o.q).all() and np.isnan(r.u).all()
    assert r.list.tolist() == [None, [1, 2]]
    assert list(r.columns()) == ["x", "n", "s", "t", "w", "mixed", "o.m", "o.q", "u", "list"]
    with pytest.raises(AttributeError, match="no field 'y': there are x, n"):
        r.y


def test_pandas(monkeypatch):
    r = quenched.population(activation="linear")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas"):
        r.to_pandas()
    monkeypatch.setitem(sys.modules, "pandas", types.SimpleNamespace(DataFrame=dict))
    assert set(r.to_pandas()) == set(r.columns()) >= {"task", "test_error", "order_parameters.m_k"}


def test_activations():
    assert quenched.activations("softmax", "linear").normalised.tolist() == [True, False]
    assert quenched.activations().records == json.loads(program("activations", "--format", "json").stdout)
    with pytest.raises(ValueError, match="^activation nothing: "):
        quenched.activations("nothing")


def exp_kernel(**given):
    return quenched.Activation(kernel=np.exp, first=np.exp, second=np.exp, **given)


def softplus(name="softplus"):
    def first(x):
        return 0.5 * (1 + np.tanh(x / 2))

    return quenched.Activation(
        kernel=lambda x: np.logaddexp(0, x), first=first, second=lambda x: first(x) * (1 - first(x)), name=name
    )


def test_of_python_functions():
    mine = exp_kernel(name="mine")
    assert mine.name == "python:mine" and exp_kernel().name == "python:exp" and repr(mine).endswith("python:mine>")
    r = quenched.population(length=3, signal=[1, 5], activation=["softmax", mine])
    assert r.activation.tolist() == ["softmax", "python:mine"] * 2
    with pytest.raises(ValueError, match="^activation python:mine: needs one of linear, "):
        quenched.population(activation="python:mine")  # known while it is passed, and no longer


CHEAP = [
    ("population", dict(signal=3.0, tolerance=1e-3)),
    ("erm", dict(alpha=3.0, ridge=1.0, tolerance=1e-2, branches=0)),
    ("simulate", dict(alpha=3.0, ridge=0.5, dimension=40, seeds=2)),
    ("dynamics", dict(signal=3.0, method="flow", time=[0.5, 1], tolerance=0.05)),
]


@pytest.mark.parametrize("name, given", CHEAP)
def test_exp_is_softmax_and_softplus_the_built_in_one(name, given):
    compute = getattr(quenched, name)
    for mine, theirs in [(exp_kernel(), "softmax"), (softplus(), "kernel:log(1+exp(x))")]:
        r, known = compute(activation=mine, **given), compute(activation=theirs, **given)
        assert np.allclose(r.test_error, known.test_error, rtol=1e-9, atol=0)
        for overlap, value in known.order_parameters.__dict__.items():
            assert np.allclose(getattr(r.order_parameters, overlap), value, rtol=1e-8, atol=1e-10, equal_nan=True)


def test_elementwise_of_a_constant_derivative_is_linear():
    mine = quenched.Activation(elementwise=lambda x: 1 + x, first=lambda x: 1.0, second=lambda x: 0, name="affine")
    given = dict(length=3, signal=2.0)
    r, linear = quenched.population(activation=mine, **given), quenched.population(activation="linear", **given)
    assert np.allclose(r.test_error, linear.test_error, rtol=0, atol=r.uncertainty.test_error + 1e-9)


WRONG = [
    (dict(first=lambda x: 2 * np.exp(x)), "its derivative is .* differences of its value give"),
    (dict(second=np.cos), "its second derivative is .* differences of its derivative give"),
    (dict(kernel=np.log), "its value is not finite and real at x = -20"),
    (dict(kernel=np.sin, first=np.cos, second=lambda x: -np.sin(x)), "is negative at x = "),
    (dict(kernel=lambda x: np.exp(x)[:5]), r"kernel gave float64 of shape \(5,\) for fields of shape \(401,\)"),
    (dict(first=lambda x: np.exp(x + 0j)), "first gave complex128"),
    (dict(first=None), "^first None: needs a function"),
    (dict(name="a,b"), "^name 'a,b': needs letters"),
    (dict(elementwise=np.exp), "^kernel, elementwise: needs one"),
]


@pytest.mark.parametrize("change, said", WRONG)
def test_wrong_functions_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        quenched.Activation(**{**dict(kernel=np.exp, first=np.exp, second=np.exp), **change})


def test_two_of_one_name_are_refused():
    with pytest.raises(ValueError, match="^activation python:softplus: needs a name that no other"):
        quenched.population(activation=[softplus(), softplus()])
    assert len(quenched.population(signal=1.0, activation=[softplus(), softplus("other")], tolerance=1e-2)) == 2


def failing_later(calls, fail):
    """softplus whose value fails once it has been called that often."""
    good, count = softplus(), [0]

    def value(x):
        count[0] += 1
        if count[0] > calls:
            fail(x)
        return good._functions["kernel"](x)

    return quenched.Activation(
        kernel=value, first=good._functions["first"], second=good._functions["second"], name="failing"
    )


@pytest.mark.parametrize("name, given", CHEAP)
def test_what_a_function_raises_comes_out(name, given):
    def fail(x):
        raise ZeroDivisionError(f"{len(x)} fields")

    with pytest.raises(ZeroDivisionError, match="[0-9]+ fields"):
        getattr(quenched, name)(activation=failing_later(15, fail), threads=2, **given)
    assert len(quenched.population(activation="linear")) == 1


def test_values_that_are_not_finite_are_said():
    def value(x):
        return np.where(np.abs(x) > 20, np.nan, np.logaddexp(0, x))

    good = softplus()
    holed = quenched.Activation(kernel=value, first=good._functions["first"], second=good._functions["second"])
    with pytest.warns(RuntimeWarning, match="no finite value or derivative at x = "):
        quenched.population(signal=400.0, activation=holed, at=dict(m_k=20, q_k=400, m_v=1, q_v=1))


def ends_orderly_when_interrupted(setup, call):
    script = (
        "import os, signal, threading, numpy as np, quenched\n"
        + setup
        + "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        f"try:\n    {call}\nexcept KeyboardInterrupt:\n    print('interrupted')\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "interrupted\n", "")


def test_interrupt_with_python_functions_ends_the_process_orderly():
    ends_orderly_when_interrupted(
        "s = lambda x: 0.5 * (1 + np.tanh(x / 2))\n"
        "a = quenched.Activation(kernel=lambda x: np.logaddexp(0, x), first=s, second=lambda x: s(x) * (1 - s(x)))\n",
        "quenched.erm(activation=a, length=3, alpha=np.linspace(1, 8, 1000), tolerance=1e-5)",
    )


LONG = dict(alpha=np.linspace(1, 8, 1000), ridge=0.5, threads=1)  # minutes; a second a point


def test_interrupt_comes_at_once_and_leaves_the_package_usable():
    began = time.monotonic()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        quenched.erm(**LONG)
    assert time.monotonic() - began < 5
    assert len(quenched.population(activation="linear")) == 1


def test_an_interrupted_process_ends_orderly():
    ends_orderly_when_interrupted("", "quenched.erm(alpha=np.linspace(1, 8, 1000), ridge=0.5, threads=1)")


def test_other_threads_run_meanwhile():
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.monotonic()
    quenched.erm(ridge=1.0, alpha=range(2, 12), threads=1)
    ended = time.monotonic()
    done.set()
    thread.join()
    pauses = np.diff([began, *[t for t in ticks if began < t < ended], ended])
    assert pauses.max() < 0.5 * (ended - began)
