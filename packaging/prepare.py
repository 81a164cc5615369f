"""Prepare .venv; the Makefile calls this with the system's Python, so it uses the standard library only.

1. System packages (packaging/debian-packages.txt): what is missing is installed by apt where this may be done without
   asking, as root or by `sudo -n`; elsewhere one sentence names the command.
2. .venv.
3. llama.cpp: its wheel is built for this processor, and for the GPU that GPU names, once and kept in the user's cache
   folder, or taken from LLAMA_WHEEL_INDEX.
4. Everything else, at the versions of packaging/constraints.txt.

Running it again does only what is left to do.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
PACKAGES = ROOT / "packaging" / "debian-packages.txt"
LLAMA = "llama-cpp-python"
LLAMA_BUILD = VENV / ".llama-build"
"""Names the GPU that the llama.cpp in .venv was built for, and below it the build."""
TESTS_ONLY = "test"


class SetupError(Exception):
    """One sentence for the person, with the remedy."""


def say(sentence: str) -> None:
    print(f"setup: {sentence}", flush=True)


# ------------------------------------------------------------------------------------------------- system packages


@dataclass(frozen=True)
class SystemPackage:
    """A Debian package under the names it has on different releases, and who needs it: run, test or build."""

    role: str
    names: tuple[str, ...]


def parse_packages(text: str) -> list[SystemPackage]:
    """Read the lines `role name [| name]...` of debian-packages.txt."""
    packages = []
    for line in text.splitlines():
        role, _, names = line.partition("#")[0].strip().partition(" ")
        if role:
            packages.append(SystemPackage(role, tuple(name.strip() for name in names.split("|"))))
    return packages


def missing(packages: Iterable[SystemPackage], installed: Iterable[str]) -> list[SystemPackage]:
    """Those of which no name is installed."""
    have = set(installed)
    return [package for package in packages if have.isdisjoint(package.names)]


def installed_packages() -> list[str]:
    """Names of all Debian packages that are fully installed."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n"]
    lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line[3:] for line in lines if line.startswith("ii ")]


def build_packages(llama_wheel_at_hand: bool, gpu: str = "") -> list[SystemPackage]:
    """What building needs and cannot find here."""
    needed = []
    if importlib.util.find_spec("ensurepip") is None:
        needed.append(SystemPackage("build", (f"python{sys.version_info[0]}.{sys.version_info[1]}-venv",)))
    if not llama_wheel_at_hand and not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        needed.append(SystemPackage("build", ("g++",)))
    if not llama_wheel_at_hand and gpu == "vulkan" and missing_toolkit(gpu, os.environ):
        needed += [SystemPackage("build", (name,)) for name in ("libvulkan-dev", "glslc", "spirv-headers")]
    return needed


def apt_prefix() -> list[str] | None:
    """How to call a command as root without a question, or None if that is not possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def known_name(package: SystemPackage) -> str:
    """The package's name on this release: the first that apt knows, else the oldest."""
    for name in package.names[:-1]:
        if subprocess.run(["apt-cache", "show", name], capture_output=True).returncode == 0:
            return name
    return package.names[-1]


def provide_system_packages(llama_wheel_at_hand: bool, gpu: str = "") -> None:
    """Install what is missing by apt.

    Raises SetupError if something is missing without which Ownhand does not run and it cannot be installed from here.
    What only the tests need is asked for and then done without.
    """
    needed = build_packages(llama_wheel_at_hand, gpu)
    if not (shutil.which("dpkg-query") and shutil.which("apt-get")):
        if needed:
            raise SetupError(
                "What a build needs is missing; install it with your package manager"
                f" (on Debian: {' '.join(package.names[-1] for package in needed)}) and run make again."
            )
        return
    needed += missing(parse_packages(PACKAGES.read_text("utf-8")), installed_packages())
    if not needed:
        return
    prefix = apt_prefix()
    if prefix is None:
        report_missing_packages(needed)
        return
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    say("reading the lists of system packages")
    if subprocess.run([*apt, "update"]).returncode != 0:
        say("the lists of system packages could not be brought up to date; trying with the old ones")
    names = [known_name(package) for package in needed]
    say(f"installing {len(names)} system packages: {' '.join(names)}")
    if subprocess.run([*apt, "install", "-y", "--no-install-recommends", *names]).returncode != 0:
        raise SetupError(
            f"apt-get could not install all system packages (its reason is above); after mending it, run make again"
            f" or install them yourself: apt-get install {' '.join(names)}"
        )


def report_missing_packages(needed: Sequence[SystemPackage]) -> None:
    """Name the command for what is missing; raises SetupError unless only the tests need it."""
    required = [known_name(package) for package in needed if package.role != TESTS_ONLY]
    optional = [known_name(package) for package in needed if package.role == TESTS_ONLY]
    if required:
        raise SetupError(
            f"system packages are missing; install them with: sudo apt-get install -y {' '.join(required + optional)}"
            " - and run make again."
        )
    say(f"the tests would also like: sudo apt-get install -y {' '.join(optional)} - going on without.")


# ------------------------------------------------------------------------------------------------------------ venv


def run(command: Sequence[str | Path], failed: str, environ: Mapping[str, str] | None = None) -> None:
    """Run a command in the project's folder; raises SetupError with the sentence `failed` if it fails."""
    if subprocess.run([str(part) for part in command], cwd=ROOT, env=environ).returncode != 0:
        raise SetupError(f"{failed} (the command was: {shlex.join(str(part) for part in command)})")


def pinned(package: str, constraints: str) -> str:
    """The version at which constraints.txt pins a package."""
    name = re.sub(r"[-_.]+", "[-_.]+", package)
    found = re.search(rf"^{name}==(\S+)", constraints, re.MULTILINE | re.IGNORECASE)
    if found is None:
        raise SetupError(f"packaging/constraints.txt does not pin {package}.")
    return found[1]


def provide_venv() -> None:
    """Make .venv, unless one that works is there."""
    probe = [str(PYTHON), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    try:
        works = subprocess.run(probe, capture_output=True).returncode == 0
    except OSError:
        works = False
    if not works:
        say(f"making .venv with Python {platform.python_version()}")
        run([sys.executable, "-m", "venv", "--clear", VENV], "The virtual environment could not be made.")


# ----------------------------------------------------------------------------------------------------------- llama


GPU_OPTIONS = {"": "", "none": "", "cuda": "-DGGML_CUDA=ON", "vulkan": "-DGGML_VULKAN=ON", "metal": "-DGGML_METAL=ON"}
"""CMake options of llama.cpp by the value of GPU."""


WITHOUT_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
"""Compiled by GCC 12, llama.cpp's code for Intel's matrix unit kills the process: it hands the processor a table that
the compiler has optimised away (llama.cpp pull request 26954).  These processors are fast enough without it."""


def wanted_gpu(environ: Mapping[str, str], built: str) -> str:
    """The GPU to build for: the one that GPU names, else the one .venv has a build for.  Raises SetupError."""
    named = environ.get("GPU", "").strip().lower()
    if named not in GPU_OPTIONS:
        raise SetupError(f'GPU="{named}" is not known; it is one of: cuda, vulkan, metal, none.')
    return (named or built).replace("none", "")


def build_environment(gpu: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which llama.cpp is built for this GPU."""
    options = [environ.get("CMAKE_ARGS", ""), GPU_OPTIONS[gpu]]
    made = {**environ, "CMAKE_ARGS": " ".join(option for option in options if option)}
    if "amx_tile" in processor().split():
        made["CXXFLAGS"] = f"{environ.get('CXXFLAGS', '')} {WITHOUT_AMX}".strip()
    compiler = cuda_compiler(environ) if gpu == "cuda" else None
    if compiler is not None:
        made.setdefault("CUDACXX", str(compiler))
    return made


def cuda_compiler(environ: Mapping[str, str]) -> Path | None:
    """NVIDIA's compiler: on the path, or where its toolkit is installed."""
    found = shutil.which("nvcc", path=environ.get("PATH"))
    homes = [environ.get("CUDA_HOME", ""), environ.get("CUDA_PATH", ""), "/usr/local/cuda"]
    places = [Path(found)] if found else [Path(home) / "bin" / "nvcc" for home in homes if home]
    return next((place for place in places if place.is_file()), None)


def missing_toolkit(gpu: str, environ: Mapping[str, str]) -> str:
    """A sentence naming what a build for this GPU needs and this machine lacks; '' if all is there."""
    if gpu == "cuda" and cuda_compiler(environ) is None:
        return (
            "GPU=cuda needs NVIDIA's CUDA toolkit, and its compiler nvcc was not found; install the toolkit"
            " (https://developer.nvidia.com/cuda-downloads) or set CUDA_HOME to its folder, and run make again."
        )
    if gpu == "vulkan":
        include = Path(environ["VULKAN_SDK"]) / "include" if environ.get("VULKAN_SDK") else Path("/usr/include")
        headers = (include / "vulkan" / "vulkan.h").is_file() and (include / "spirv").is_dir()
        if not headers or shutil.which("glslc", path=environ.get("PATH")) is None:
            return (
                "GPU=vulkan needs Vulkan's headers and its shader compiler glslc; install them"
                " (on Debian: libvulkan-dev glslc spirv-headers) or the Vulkan SDK, and run make again."
            )
    if gpu == "metal" and sys.platform != "darwin":
        return "GPU=metal is for Apple's computers; use GPU=cuda or GPU=vulkan here."
    return ""


def installed_build() -> tuple[str, str]:
    """The GPU that the llama.cpp in .venv was built for, '' for none, and the name of the build, '' where not known."""
    lines = LLAMA_BUILD.read_text("utf-8").splitlines() if LLAMA_BUILD.is_file() else []
    gpu, name = [*lines, "", ""][:2]
    return gpu, name


def processor() -> str:
    """What tells apart the processors for which a native build differs."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return f"{platform.processor()} {platform.machine()}"
    flags = sorted({line for line in lines if line.lower().startswith(("flags", "features"))})
    return "\n".join(flags)


def wheel_folder(version: str, environ: Mapping[str, str]) -> Path:
    """Where the wheel of this llama-cpp-python, Python, processor and set of build options is kept."""
    base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    options = (environ.get(name, "") for name in ("CMAKE_ARGS", "CXXFLAGS"))
    built_for = "\n".join([processor(), *options, *platform.libc_ver()])
    key = hashlib.sha256(built_for.encode()).hexdigest()[:12]
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    return base / "ownhand" / "wheels" / f"{LLAMA}-{version}-{tag}-{platform.machine()}-{key}"


def cached_wheel(folder: Path) -> Path | None:
    """The wheel in the folder, if it is there."""
    return next(iter(sorted(folder.glob("llama_cpp_python-*.whl"))), None)


def build_llama_wheel(version: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """Build the wheel and put it into the folder in one step, so that no broken one is ever found there."""
    say(f"building llama.cpp for this machine; this takes a few minutes, with a GPU many, once (kept in {folder})")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        # pip's own wheel cache knows nothing of processors, so it is left out of this.
        run(
            [PYTHON, "-m", "pip", "wheel", "--no-deps", "--no-cache-dir", "--wheel-dir", work, f"{LLAMA}=={version}"],
            "llama-cpp-python could not be built; its reason is above. A prebuilt wheel can be used instead:"
            " make setup LLAMA_WHEEL_INDEX=<address of an index that has one>.",
            environ,
        )
        built = cached_wheel(Path(work))
        if built is None:
            raise SetupError("llama-cpp-python was built, but no wheel came out of it.")
        return built.replace(folder / built.name)


# ------------------------------------------------------------------------------------------------------ everything


def install(llama_options: Sequence[str]) -> None:
    """Install Ownhand and all it needs into .venv."""
    options = ["-c", str(CONSTRAINTS), *llama_options]
    torch_index = os.environ.get("TORCH_INDEX", "")
    if torch_index:
        options += ["--extra-index-url", torch_index]
    say("installing the Python packages")
    run(
        [PYTHON, "-m", "pip", "install", *options, "--editable", ".[dev]"],
        "The Python packages could not be installed; pip's reason is above.",
    )


def missing_libraries() -> list[str]:
    """Shared libraries that Qt's X11 platform asks for and the system does not have (Linux; else empty)."""
    plugins = sorted(VENV.glob("lib/python*/site-packages/PySide6/Qt/plugins/platforms/libqxcb.so"))
    if not plugins or not shutil.which("ldd"):
        return []
    listed = subprocess.run(["ldd", str(plugins[0])], capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"^\s*(\S+) => not found", listed, re.MULTILINE)))


def prepare() -> None:
    """Do whatever is left to do; raises SetupError."""
    version = pinned(LLAMA, CONSTRAINTS.read_text("utf-8"))
    index = os.environ.get("LLAMA_WHEEL_INDEX", "")
    built_gpu, built = installed_build()
    gpu = wanted_gpu(os.environ, built_gpu)
    environ = build_environment(gpu, os.environ)
    folder = wheel_folder(version, environ)
    at_hand = bool(index) or cached_wheel(folder) is not None
    provide_system_packages(at_hand, gpu)
    lacking = "" if at_hand else missing_toolkit(gpu, environ)
    if lacking:
        raise SetupError(lacking)
    provide_venv()
    if index:
        llama_options = ["--extra-index-url", index, "--only-binary", LLAMA]
    else:
        wheel = cached_wheel(folder) or build_llama_wheel(version, folder, environ)
        llama_options = ["--find-links", str(wheel.parent), "--only-binary", LLAMA]
    build = "prebuilt" if index else folder.name
    if (gpu, build) != (built_gpu, built):  # WHY: of the same version, so pip would keep the one that is there
        say(f"putting in the llama.cpp that was built {f'for {gpu}' if gpu else 'without a GPU'}")
        again = ["--no-deps", "--force-reinstall", *llama_options, f"{LLAMA}=={version}"]
        run(
            [PYTHON, "-m", "pip", "install", *again],
            "The new build of llama.cpp could not be installed; pip's reason is above.",
        )
    install(llama_options)
    LLAMA_BUILD.write_text(f"{gpu}\n{build}\n", "utf-8")
    absent = missing_libraries()
    if absent:
        say(f"the window will not open until these libraries are installed: {', '.join(absent)}")
    say("done")


def main() -> int:
    """Prepare .venv; returns the exit status."""
    try:
        prepare()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; run make again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
