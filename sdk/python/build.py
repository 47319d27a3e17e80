"""Builds the component of a project: the powers, one folder of everything, then the interpreter around it. Run in the
project's folder by `quoin build`: python build.py <file to write>."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

SDK = Path(__file__).resolve().parent
PROJECT = Path.cwd()
POWERS = ["check", "discover", "source", "sink", "webhook"]
IMPORTS = ["log", "http", "clock", "config", "verify"]
#: What a power must be able to do.
METHODS = {"source": ["read"], "sink": ["apply", "lookup"], "webhook": ["handle"]}


class Wrong(Exception):
    """Something is wrong with the project: said in one sentence, without a traceback."""


def say(text: str) -> None:
    print(f"   {text}", file=sys.stderr, flush=True)


def powers() -> list[str]:
    """The powers that the connector's module has."""
    sys.path[:0] = [str(PROJECT), str(SDK)]
    sys.dont_write_bytecode = True
    connector = importlib.import_module("connector")
    found = [name for name in POWERS if hasattr(connector, name)]
    if not found:
        raise Wrong(f"connector/__init__.py has no power; there are {', '.join(POWERS)}")
    for name in found:
        power = getattr(connector, name)
        lacks = [method for method in METHODS.get(name, ["__call__"]) if not hasattr(power, method)]
        if lacks:
            raise Wrong(f"connector.{name} has no {lacks[0]}; a source reads, a sink applies and looks up, a webhook handles")
    return found


def world(found: list[str], folder: Path) -> None:
    """The contract, and a world of the powers that there are."""
    contract = SDK / "wit" if (SDK / "wit").is_dir() else SDK / "../../wit"
    for name in ["types", "host", "connector"]:
        shutil.copytree(contract / f"{name}@1.0.0", folder / "deps" / name)
    lines = [f"  import quoin:host/{name}@1.0.0;" for name in IMPORTS]
    lines += [f"  export quoin:connector/{name}@1.0.0;" for name in ["describe", *found]]
    text = "package quoin:built;\nworld component {\n" + "\n".join(lines) + "\n}\n"
    (folder / "world.wit").write_text(text)


def gathered(found: list[str], folder: Path) -> None:
    """The connector, the SDK, and a module that hands one to the other."""
    left = shutil.ignore_patterns("__pycache__", "testing.py", "simulator.py")
    shutil.copytree(PROJECT / "connector", folder / "connector", ignore=left)
    shutil.copytree(SDK / "quoin_sdk", folder / "quoin_sdk", ignore=left)
    manifest = (PROJECT / "connector.toml").read_text()
    lines = ["import connector", "from quoin_sdk import component", f"Describe = component.describe({manifest!r})"]
    lines += [f"{name.capitalize()} = component.{name}(connector.{name})" for name in found]
    (folder / "app.py").write_text("\n".join([*lines, "component.furnish(connector)", ""]))


def stamped(component: bytes, version: str) -> bytes:
    """With a custom section that says which contract and SDK the component was built with."""

    def length(number: int) -> bytes:
        data = bytearray()
        while number >= 128:
            data.append(number & 127 | 128)
            number >>= 7
        return bytes([*data, number])

    name = b"quoin:contract"
    body = length(len(name)) + name
    body += json.dumps({"contract": "1.0.0", "sdk": version, "language": "python"}).encode()
    return component + b"\0" + length(len(body)) + body


def built(target: Path) -> None:
    found = powers()
    folder = PROJECT / "build/component"
    shutil.rmtree(folder, ignore_errors=True)
    world(found, folder / "wit")
    gathered(found, folder / "app")
    say(f"putting the interpreter around {', '.join(found)} (about ten seconds)")
    target.parent.mkdir(parents=True, exist_ok=True)
    wasm = folder / "component.wasm"
    # No part of WASI: everything that a connector does goes through the contract.
    packager = Path(sys.executable).parent / "componentize-py"
    command = [packager, "--quiet", "-d", folder / "wit", "-w", "component", "componentize", "--stub-wasi"]
    done = subprocess.run([*command, "-p", folder / "app", "app", "-o", wasm], stdout=sys.stderr)
    if done.returncode != 0:
        raise Wrong("the component could not be built; see above")
    from quoin_sdk import VERSION

    target.write_bytes(stamped(wasm.read_bytes(), VERSION))


if __name__ == "__main__":
    try:
        built(Path(sys.argv[1] if len(sys.argv) > 1 else "dist/component.wasm").absolute())
    except Wrong as wrong:
        sys.exit(str(wrong))
