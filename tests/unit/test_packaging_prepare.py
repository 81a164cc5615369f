"""What `make setup` decides: which system packages are missing, and which llama.cpp build serves this machine."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_prepare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare", ROOT / "packaging" / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["prepare"] = module
    spec.loader.exec_module(module)
    return module


prepare = load_prepare()
PINS = dict(
    re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "packaging" / "constraints.txt").read_text("utf-8"), re.MULTILINE)
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_a_package_counts_as_installed_under_any_of_its_names() -> None:
    packages = prepare.parse_packages("# comment\nrun  libnew | libold  # why\ntest xvfb\n\n")
    assert [(package.role, package.names) for package in packages] == [
        ("run", ("libnew", "libold")),
        ("test", ("xvfb",)),
    ]
    assert [package.names[0] for package in prepare.missing(packages, ["libold"])] == ["xvfb"]
    assert prepare.missing(packages, ["libnew", "xvfb", "other"]) == []


def test_the_shipped_package_list_can_be_read_and_names_no_package_twice() -> None:
    packages = prepare.parse_packages(prepare.PACKAGES.read_text("utf-8"))
    names = [name for package in packages for name in package.names]
    assert {package.role for package in packages} == {"run", "test"}
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", name) for name in names)


def test_without_root_the_command_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "known_name", lambda package: package.names[-1])
    needed = prepare.parse_packages("run libqt\ntest xvfb\n")
    with pytest.raises(prepare.SetupError, match="sudo apt-get install -y libqt xvfb"):
        prepare.report_missing_packages(needed)


def test_a_machine_that_only_lacks_test_packages_is_not_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prepare, "known_name", lambda package: package.names[-1])
    prepare.report_missing_packages(prepare.parse_packages("test xvfb\n"))
    assert "apt-get install -y xvfb" in capsys.readouterr().out


def test_a_build_for_another_processor_or_with_other_options_is_not_reused(monkeypatch: pytest.MonkeyPatch) -> None:
    here = prepare.wheel_folder("1.0", {"XDG_CACHE_HOME": "/cache"})
    assert here.parent == Path("/cache/ownhand/wheels")
    assert prepare.wheel_folder("1.0", {"XDG_CACHE_HOME": "/cache"}) == here
    assert prepare.wheel_folder("1.1", {"XDG_CACHE_HOME": "/cache"}) != here
    assert prepare.wheel_folder("1.0", {"XDG_CACHE_HOME": "/cache", "CMAKE_ARGS": "-DGGML_NATIVE=OFF"}) != here
    monkeypatch.setattr(prepare, "processor", lambda: "flags: sse2")
    assert prepare.wheel_folder("1.0", {"XDG_CACHE_HOME": "/cache"}) != here


def test_only_a_finished_wheel_is_found_in_the_cache(tmp_path: Path) -> None:
    assert prepare.cached_wheel(tmp_path / "absent") is None
    (tmp_path / "tmp1").mkdir()
    (tmp_path / "tmp1" / "llama_cpp_python-1.0-py3-none-any.whl").touch()
    assert prepare.cached_wheel(tmp_path) is None
    wheel = tmp_path / "llama_cpp_python-1.0-py3-none-any.whl"
    wheel.touch()
    assert prepare.cached_wheel(tmp_path) == wheel


def test_a_build_for_a_gpu_is_kept_apart_and_adds_to_the_options_that_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prepare, "processor", lambda: "flags: sse2")
    given = {"XDG_CACHE_HOME": "/cache", "CMAKE_ARGS": "-DGGML_NATIVE=OFF", "PATH": ""}
    for gpu, option in (("vulkan", "-DGGML_VULKAN=ON"), ("metal", "-DGGML_METAL=ON")):
        made = prepare.build_environment(gpu, given)
        assert made["CMAKE_ARGS"] == f"-DGGML_NATIVE=OFF {option}"
        assert prepare.wheel_folder("1.0", made) != prepare.wheel_folder("1.0", given)
    assert prepare.wheel_folder("1.0", prepare.build_environment("", given)) == prepare.wheel_folder("1.0", given)


def test_the_matrix_unit_whose_code_kills_the_engine_is_left_out_of_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"XDG_CACHE_HOME": "/cache", "CXXFLAGS": "-O3"}
    monkeypatch.setattr(prepare, "processor", lambda: "flags\t: avx2 amx_tile amx_int8 avx512f")
    made = prepare.build_environment("", given)
    assert made["CXXFLAGS"].startswith("-O3 -mno-amx-tile")
    assert prepare.wheel_folder("1.0", made) != prepare.wheel_folder("1.0", given)
    monkeypatch.setattr(prepare, "processor", lambda: "flags\t: avx2 avx512f")
    assert prepare.build_environment("", given)["CXXFLAGS"] == "-O3"


def test_a_build_for_a_gpu_stays_until_another_is_named() -> None:
    assert prepare.wanted_gpu({"GPU": "CUDA"}, "") == "cuda"
    assert prepare.wanted_gpu({}, "cuda") == "cuda"
    assert prepare.wanted_gpu({"GPU": "vulkan"}, "cuda") == "vulkan"
    assert prepare.wanted_gpu({"GPU": "none"}, "cuda") == ""
    with pytest.raises(prepare.SetupError, match="one of: cuda, vulkan, metal, none"):
        prepare.wanted_gpu({"GPU": "voodoo"}, "")


def test_a_toolkit_that_is_missing_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"PATH": str(tmp_path), "VULKAN_SDK": str(tmp_path)}
    assert "glslc" in prepare.missing_toolkit("vulkan", nowhere)
    monkeypatch.setattr(prepare, "cuda_compiler", lambda environ: None)
    assert "CUDA toolkit" in prepare.missing_toolkit("cuda", nowhere)
    monkeypatch.setattr(sys, "platform", "linux")
    assert "Apple" in prepare.missing_toolkit("metal", nowhere)
    assert prepare.missing_toolkit("", nowhere) == ""


def test_the_cuda_compiler_is_found_in_its_toolkit_and_handed_to_the_build(tmp_path: Path) -> None:
    compiler = tmp_path / "bin" / "nvcc"
    compiler.parent.mkdir()
    compiler.touch()
    environ = {"PATH": "", "CUDA_HOME": str(tmp_path)}
    assert prepare.missing_toolkit("cuda", environ) == ""
    assert prepare.build_environment("cuda", environ)["CUDACXX"] == str(compiler)


def test_a_package_that_is_not_pinned_is_an_error_that_names_it() -> None:
    assert prepare.pinned("llama-cpp-python", "llama_cpp_python==1.2\n") == "1.2"
    with pytest.raises(prepare.SetupError, match="numpy"):
        prepare.pinned("numpy", "numpydoc==1.0\n")


@pytest.mark.parametrize("group", ["run", "dev"])
def test_every_dependency_is_pinned(group: str) -> None:
    wanted = PROJECT["dependencies"] if group == "run" else PROJECT["optional-dependencies"]["dev"]
    names = {normal(re.split(r"[<>=!;\[ ]", requirement)[0]) for requirement in wanted}
    assert names <= {normal(name) for name in PINS}


def test_every_imported_library_is_a_dependency_and_every_dependency_is_imported() -> None:
    imported: set[str] = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    distributions = packages_distributions()
    outside = imported - set(sys.stdlib_module_names) - {"ownhand"}
    declared = {normal(re.split(r"[<>=!;\[ ]", requirement)[0]) for requirement in PROJECT["dependencies"]}
    used = {normal(name) for module in outside for name in distributions.get(module, [module])}
    assert used == declared


def test_qt_is_not_the_release_that_loses_references() -> None:
    pins = {normal(name): version for name, version in PINS.items()}
    assert pins["pyside6-essentials"] != "6.12.0"
    assert pins["torch"] == "2.13.0"
