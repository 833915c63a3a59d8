"""Replica saddle-point equations of attention models, with certificates.

One function per command of the program `quenched`, made from its own table of commands and flags:

    r = quenched.erm(length=2, signal=2.0, alpha=np.linspace(1, 8, 20), ridge=0.1)
    r.test_error, r.order_parameters.m_k, r.certificate.verdict    # NumPy arrays, one entry a record

docs/python.md says how arguments map to flags and what the arrays hold.
"""

import inspect
import json
import re

import numpy as np

from . import _core

__version__ = _core.version


class Fields:
    """Fields of records: each an array (entry i belongs to record i), or Fields again where they are nested.

    Numbers are float or int arrays, an unknown is NaN; truth values and texts are arrays of such; what is
    mixed or absent from some records is an array of objects with None.
    """

    def __init__(self, rows):
        rows = [row or {} for row in rows]
        for name in dict.fromkeys(name for row in rows for name in row):
            self.__dict__[name] = _column([row.get(name) for row in rows])

    def __getattr__(self, name):
        raise AttributeError(f"no field '{name}': there are {', '.join(_public(self))}")

    def __repr__(self):
        return f"<quenched fields {', '.join(_public(self))}>"


class Result(Fields):
    """The records of one call. `print(r)` shows the table of the command line, `len(r)` counts the records."""

    def __init__(self, records, command=None):
        super().__init__(records)
        self.records = records
        self._command = command

    def __len__(self):
        return len(self.records)

    def columns(self):
        """The arrays by their dotted names, as the columns of `--format csv`."""
        return dict(_dotted(self, ""))

    def to_pandas(self):
        """A pandas.DataFrame of columns(). ImportError where there is no pandas."""
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas: install python3-pandas, or use columns()") from error
        return pandas.DataFrame(self.columns())

    def __repr__(self):
        return f"<quenched {self._command}: {len(self)} records of {', '.join(_public(self))}>"

    def __str__(self):
        if self._command == "activations":
            return repr(self)
        return _core.table(self._command, json.dumps(self.records))


class Activation:
    """An activation of one's own, from Python functions of the field x.

        Activation(kernel=phi, first=dphi, second=d2phi)         # sigma_l = phi(chi_l)/sum_m phi(chi_m)
        Activation(elementwise=phi, first=dphi, second=d2phi)    # sigma_l = phi(chi_l)

    Each function takes a NumPy array of fields, read-only and of one dimension, and returns an array of that
    shape (or one number, for a constant); it is called from many threads, one at a time. `first` and `second` are
    the derivatives. `name` (that of phi when absent; letters, digits, - and _) stands in records as python:NAME.
    `smooth=False` says that phi has kinks or jumps; derivatives are checked off the tenths, where few have theirs.

    Pass it where the name of an activation may stand, in a list too. Slower than a formula, "kernel:FORMULA", which
    runs compiled on all threads. phi = C exp(a x), to rounding, is computed as softmax.

    ValueError: phi or a derivative is not finite, or a kernel is negative, at a field from -20 to 20; a derivative
    is not what differences give. What a function raises during a computation comes out of it; where it has no
    finite value beyond -20 to 20, a RuntimeWarning says so.
    """

    def __init__(self, *, kernel=None, elementwise=None, first, second, name=None, smooth=True):
        if (kernel is None) == (elementwise is None):
            raise ValueError("kernel, elementwise: needs one of the two")
        phi = kernel if elementwise is None else elementwise
        self._functions = {"kernel" if elementwise is None else "elementwise": phi, "first": first, "second": second}
        for argument, function in self._functions.items():
            if not callable(function):
                raise ValueError(f"{argument} {function!r}: needs a function of an array")
        if name is None:
            name = getattr(phi, "__name__", type(phi).__name__).strip("<>")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", str(name)):
            raise ValueError(f"name {name!r}: needs letters, digits, - and _")
        self.name = f"python:{name}"
        self.text = f"{name}(x)"
        self.elementwise = elementwise is not None
        self.smooth = bool(smooth)
        _core.check_activation(self)

    def _jet(self, x):
        x.flags.writeable = False
        jet = np.empty((3, x.size))
        with np.errstate(all="ignore"):
            for row, (argument, function) in zip(jet, self._functions.items()):
                values = np.asarray(function(x))
                if values.shape not in ((), x.shape) or values.dtype.kind not in "fiub":
                    raise ValueError(
                        f"activation {self.name}: {argument} gave {values.dtype} of shape {values.shape} "
                        f"for fields of shape {x.shape}: needs a real number for each"
                    )
                row[:] = values
        return jet

    def __repr__(self):
        return f"<quenched activation {self.name}>"


def _own(value):
    """The Activations in an argument."""
    if isinstance(value, Activation):
        return [value]
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.ravel().tolist()
    return [a for item in value for a in _own(item)] if isinstance(value, (list, tuple)) else []


def _public(fields):
    return [name for name in fields.__dict__ if name != "records" and not name.startswith("_")]


def _dotted(fields, prefix):
    for name in _public(fields):
        value = fields.__dict__[name]
        if isinstance(value, Fields):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _column(values):
    """Infinities are texts in JSON, what is unknown is null."""
    present = [v for v in values if v is not None]
    if present and all(isinstance(v, dict) for v in present):
        return Fields(values)
    if len(present) == len(values) and len({type(v) for v in values}) == 1 and type(values[0]) in (bool, int):
        return np.array(values)
    infinite = {"inf": np.inf, "-inf": -np.inf}
    numbers = [infinite.get(v, v) if isinstance(v, str) else v for v in values]
    if all(v is None or type(v) in (int, float) for v in numbers):
        return np.array([np.nan if v is None else v for v in numbers], dtype=float)
    if all(isinstance(v, str) for v in values):
        return np.array(values)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _text(argument, value):
    """As the command line would have it: lists joined, a whole float without its point."""
    name, setting = argument["name"], argument["kind"] != "parameter"
    # A list of lengths is a sweep of laws, a list in it one law; the range of thresholds is a pair.
    separators = [";", ","] if name == "length" else [":"] if setting and name == "alpha" else [","]
    pair = ":" if name == "length" else "="

    def written(value, separators):
        if isinstance(value, Activation):
            return value.name
        if isinstance(value, (np.ndarray, np.generic)):
            value = value.tolist()
        if isinstance(value, float):
            return repr(value).removesuffix(".0")
        if isinstance(value, (str, int)):
            return str(value)
        try:
            items = iter(value.items() if isinstance(value, dict) else value)
        except TypeError:
            raise ValueError(f"{name} {value!r}: needs a number, a text, or a list of them") from None
        if isinstance(value, dict):
            return ",".join(f"{key}{pair}{written(item, [])}" for key, item in items)
        if not separators:
            raise ValueError(f"{name} {value!r}: needs numbers or texts here, not a list within a list")
        return separators[0].join(written(item, separators[1:]) for item in items)

    return written(value, separators)


def _texts(arguments, given):
    texts = {}
    for name, value in given.items():
        argument = arguments[name]
        if value is None:
            continue
        if argument["kind"] != "switch":
            texts[name] = _text(argument, value)
        elif not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name} {value!r}: needs True or False")
        elif value:
            texts[name] = ""
    return texts


def _default(argument):
    if argument["kind"] == "switch":
        return False
    try:
        return json.loads(argument["default"])
    except ValueError:
        return argument["default"] or None


_timing = {"name": "timing", "kind": "switch", "default": "", "help": "add `seconds` to each record"}


def _function(command):
    arguments = {a["name"]: a for a in command["arguments"] + [_timing]}
    name = command["name"].replace("-", "_")
    signature = inspect.Signature(
        [
            inspect.Parameter(a["name"], inspect.Parameter.KEYWORD_ONLY, default=_default(a))
            for a in arguments.values()
        ],
        return_annotation=Result,
    )

    def compute(*args, **given):
        try:
            signature.bind(*args, **given)
        except TypeError as error:
            raise TypeError(f"{name}() {error}") from None
        texts = _texts(arguments, given)
        timing = texts.pop("timing", None) is not None
        own = list(dict.fromkeys(a for value in given.values() for a in _own(value)))
        return Result(json.loads(_core.run(command["name"], texts, timing, own)), command["name"])

    compute.__name__ = compute.__qualname__ = name
    compute.__signature__ = signature
    summary = f"{command['help'][0].upper()}{command['help'][1:]}."
    listed = [
        f"{a['name']}: {a['help']}" + (f" [{a['default']}]" if a["default"] else "") for a in arguments.values()
    ]
    compute.__doc__ = "\n".join(
        [summary, "", "A Result, one record a point. None leaves a default.", "", *listed]
    )
    return compute


def activations(*names):
    """The activations with formula, properties and source: all, or those named. ValueError for an unknown one."""
    return Result(json.loads(_core.activations(list(names))), "activations")


_functions = [_function(command) for command in json.loads(_core.commands())]
globals().update({f.__name__: f for f in _functions})
__all__ = [f.__name__ for f in _functions] + ["activations", "Activation", "Fields", "Result"]
