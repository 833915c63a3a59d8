"""Writes __init__.pyi for type checkers and editors: `write_stubs.py FOLDER`, where FOLDER holds the package."""

import inspect
import pathlib
import sys
import textwrap

folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder.parent))
import quenched  # noqa: E402

HEAD = '''\
# Made by python/write_stubs.py.
from typing import Any, Callable, Iterable, Mapping, Optional, Union

import numpy as np

Values = Union[str, float, "Activation", Iterable[Any], Mapping[Any, float], None]
Function = Callable[[np.ndarray], Any]

__version__: str

class Activation:
ACTIVATION
    name: str
    text: str
    elementwise: bool
    smooth: bool
    def __init__(
        self,
        *,
        kernel: Optional[Function] = None,
        elementwise: Optional[Function] = None,
        first: Function,
        second: Function,
        name: Optional[str] = None,
        smooth: bool = True,
    ) -> None: ...

class Fields:
    def __getattr__(self, name: str) -> Any: ...

class Result(Fields):
    records: list[dict[str, Any]]
    def __len__(self) -> int: ...
    def columns(self) -> dict[str, np.ndarray]: ...
    def to_pandas(self) -> Any: ...

def activations(*names: str) -> Result: ...
'''


def stub(function):
    lines = [f"def {function.__name__}(", "    *,"]
    for p in inspect.signature(function).parameters.values():
        lines.append(f"    {p.name}: {'bool' if p.default is False else 'Values'} = {p.default!r},")
    documented = textwrap.indent(f'"""{inspect.getdoc(function)}\n"""', "    ")
    return "\n".join(lines + [") -> Result:", documented, ""])


by_hand = ("activations", "Activation", "Fields", "Result")
functions = [getattr(quenched, name) for name in quenched.__all__ if name not in by_hand]
documented = textwrap.indent(f'"""{inspect.getdoc(quenched.Activation)}\n"""', "    ")
(folder / "__init__.pyi").write_text("\n".join([HEAD.replace("ACTIVATION", documented), *map(stub, functions)]))
