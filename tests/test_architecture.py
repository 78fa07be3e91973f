"""The house rules that a linter does not know: who may import whom, and how large things may be."""

from __future__ import annotations

import ast
import re
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

#: Layers of the emulator, lowest first: a module imports from lower layers and from its own
#: package.
LAYERS: list[set[str]] = [
    {"arn", "caller", "clock", "guard", "invocation", "journal", "limits", "settings"},
    {"api_gateway", "http", "sqs", "template", "terminal"},
    {"cloud", "runtime"},
    {"mapping", "push"},
    {"lambda_api"},
    {"declared", "emulator", "scheduler", "test_client"},
    {"", "__main__", "checking", "local", "pytest_plugin"},
]  # fmt: skip

#: The same for the service, in ``chalicelib``.
SERVICE_LAYERS: list[set[str]] = [
    {"aws", "clock", "errors", "limits", "logs", "settings"},
    {"jobs", "task"},
    {"store"},
    {"tasks", "work"},
    {"callbacks"},
    {"requests"},
    {"http"},
    {"bootstrap"},
]

MODULE_LINES_MAX = 300
MODULE_LINES_MEDIAN = 130
FUNCTION_LINES_MAX = 60
FUNCTION_LINES_P90 = 25
POSITIONAL_MAX = 4  # self included
#: Called by Chalice, with its own parameters.
FORCED = {"emulator/local/attach.py __call__"}
BROAD_EXCEPTS = {
    "chalicelib/work/task_run.py",
    "emulator/api_gateway/local_gateway.py",
    "emulator/checking/command.py",
    "emulator/http/server.py",
    "emulator/runtime/in_place.py",
    "emulator/scheduler.py",
}


class Module(NamedTuple):
    path: str
    tree: ast.Module
    lines: int


def modules(*folders: str) -> list[Module]:
    found = sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))
    return [
        Module(str(p.relative_to(ROOT)), ast.parse(p.read_text()), len(p.read_text().splitlines()))
        for p in found
    ]


EMULATOR = modules("emulator")
SERVICE = [*modules("chalicelib"), Module("app.py", ast.parse((ROOT / "app.py").read_text()), 0)]
PRODUCT = [*EMULATOR, *SERVICE]


def imports(module: Module) -> set[str]:
    """What a module imports at run time; imports for type checking are no dependency."""
    names: set[str] = set()
    stack: list[ast.AST] = [module.tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
        stack.extend(ast.iter_child_nodes(node))
    return names


def functions(module: Module) -> list[ast.FunctionDef]:
    return [n for n in ast.walk(module.tree) if isinstance(n, ast.FunctionDef)]


def names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def code_lines(function: ast.FunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) and function.body[1:] else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def layer(name: str, layers: list[set[str]]) -> int:
    """The layer of a dotted name inside its half, by its longest listed prefix."""
    while True:
        for number, members in enumerate(layers):
            if name in members:
                return number
        if "." not in name:
            pytest.fail(f"{name} stands in no layer: add it to LAYERS or SERVICE_LAYERS")
        name = name.rpartition(".")[0]


def dotted(path: str) -> str:
    name = path.partition("/")[2].removesuffix(".py").replace("/", ".")
    return name.removesuffix("__init__").removesuffix(".")


def test_service_knows_nothing_of_the_emulator_or_moto() -> None:
    """What is deployed runs without what is for development."""
    for module in SERVICE:
        tops = {name.split(".")[0] for name in imports(module)}
        allowed = {"emulator"} if module.path == "app.py" else set()
        assert not tops & {"emulator", "moto", "tests", "benchmarks"} - allowed, module.path


def test_emulator_knows_nothing_of_the_service() -> None:
    """The emulator runs any Chalice app, so it may not know this one."""
    for module in EMULATOR:
        tops = {name.split(".")[0] for name in imports(module)}
        assert not tops & {"app", "chalicelib", "tests", "benchmarks"}, module.path


@pytest.mark.parametrize(("half", "layers"), [("emulator", LAYERS), ("chalicelib", SERVICE_LAYERS)])
def test_modules_import_from_lower_layers_only(half: str, layers: list[set[str]]) -> None:
    found = modules(half)
    known = {dotted(module.path) for module in found} - {""}
    for module in found:
        own = dotted(module.path)
        used = {n.removeprefix(f"{half}.") for n in imports(module) if n.startswith(f"{half}.")}
        for name in used & known:
            same_package = own.rpartition(".")[0] and own.split(".")[0] == name.split(".")[0]
            if same_package or own.split(".")[0] == name:
                continue
            assert layer(name, layers) <= layer(own, layers), f"{module.path} imports {name}"


def test_no_import_cycles() -> None:
    graph = {
        dotted(m.path): {
            n.removeprefix("emulator.") for n in imports(m) if n.startswith("emulator.")
        }
        for m in EMULATOR
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for used in graph[name] & graph.keys():
                visit(used, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_worker_of_chalice_local_loads_no_moto() -> None:
    """A reload waits for what this module imports; the emulator's process alone needs the cloud."""
    by_name = {dotted(module.path): module for module in EMULATOR}
    found, wanted = set[str](), ["local.attach"]
    while wanted:
        name = wanted.pop()
        if name in by_name and name not in found:
            found.add(name)
            used = imports(by_name[name])
            assert "moto" not in {n.split(".")[0] for n in used}, name
            wanted += [n.removeprefix("emulator.") for n in used if n.startswith("emulator.")]
    assert "declared.project" in found


def test_installing_brings_every_package_and_what_it_imports() -> None:
    """Another project installs the emulator alone, by what pyproject.toml says."""
    text = (ROOT / "pyproject.toml").read_text()
    packages = {p.parent.relative_to(ROOT) for p in (ROOT / "emulator").rglob("__init__.py")}
    for package in packages:
        assert f'"{".".join(package.parts)}"' in text, package
    named = set(re.findall(r'^ +"([a-z-]+)\S*>=', text, re.MULTILINE)) | {"pytest", "time-machine"}
    # brought by boto3, moto and awslambdaric
    brought = {"botocore", "requests", "simplejson", "werkzeug", "yaml"}
    used = {name.split(".")[0] for module in EMULATOR for name in imports(module)}
    foreign = {name.replace("_", "-") for name in used - sys.stdlib_module_names - {"emulator"}}
    assert foreign - brought - named == set()


@pytest.mark.parametrize("module", [*PRODUCT, *modules("examples")], ids=lambda m: m.path)
def test_module_keeps_to_the_budgets(module: Module) -> None:
    assert module.lines <= MODULE_LINES_MAX
    for function in functions(module):
        where = f"{module.path}:{function.lineno} {function.name}"
        assert code_lines(function) <= FUNCTION_LINES_MAX, where
        positional = len(function.args.posonlyargs) + len(function.args.args)
        forced = f"{module.path} {function.name}" in FORCED
        assert forced or positional <= POSITIONAL_MAX, f"{where} takes {positional} by position"
    assert not [n for n in ast.walk(module.tree) if isinstance(n, ast.Global)], module.path


def test_modules_and_functions_are_small_on_the_whole() -> None:
    lengths = sorted(m.lines for m in PRODUCT if m.lines)
    assert statistics.median(lengths) <= MODULE_LINES_MEDIAN
    sizes = sorted(code_lines(f) for m in PRODUCT for f in functions(m))
    assert sizes[len(sizes) * 9 // 10] <= FUNCTION_LINES_P90


def test_handlers_in_app_are_one_to_three_lines() -> None:
    for function in functions(SERVICE[-1]):
        assert code_lines(function) <= 3, function.name


def test_broad_excepts_stand_only_where_foreign_code_runs() -> None:
    for module in PRODUCT:
        broad = [
            n
            for n in ast.walk(module.tree)
            if isinstance(n, ast.ExceptHandler)
            and (n.type is None or {"Exception", "BaseException"} & names(n.type))
        ]
        assert not broad or module.path in BROAD_EXCEPTS, f"{module.path}:{broad[0].lineno}"


def test_every_test_name_is_unique_and_no_test_sleeps() -> None:
    files = [p for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py"]
    names = [p.name for p in files]
    assert len(names) == len(set(names))
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert called not in ("time.sleep", "sleep"), f"{path}:{getattr(node, 'lineno', 0)}"
