"""Every code block of every document is run by some test, and here it says by which.

What is in the documentation of Rust code, the manual included, `cargo test` runs.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

import wire
from expect import WITHIN
from servers import INHERITED, ROOT

README_PY = "bindings-python/tests/test_readme.py"
README_JS = "bindings-node/test/readme.test.mjs"
HERE = "tests/end_to_end/test_documents.py"
DOCTESTS = "core/src/lib.rs"
# Nothing to run: pictures, and the form of a file that `tests/vectors/schema.json` checks.
NONE = ""

RUN_BY = {
    ("CONTRIBUTING.md", "bash"): HERE,
    ("README.md", "bash"): HERE,
    ("README.md", "js"): README_JS,
    ("README.md", "python"): README_PY,
    ("README.md", "rust"): HERE,
    ("bindings-node/README.md", "js"): README_JS,
    ("bindings-node/README.md", "sh"): HERE,
    ("bindings-node/README.md", "ts"): README_JS,
    ("bindings-python/README.md", "bash"): HERE,
    ("bindings-python/README.md", "python"): README_PY,
    ("bindings-python/README.md", "text"): README_PY,
    ("bindings-python/docs/frameworks.md", "python"): "bindings-python/tests/test_frameworks.py",
    ("core/README.md", "rust"): DOCTESTS,
    ("core/README.md", "sh"): HERE,
    ("core/README.md", "text"): NONE,
    ("docs/migration.md", "diff"): "tests/end_to_end/test_migration.py",
    ("docs/recipes.md", "bash"): HERE,
    ("docs/recipes.md", "js"): "tests/end_to_end/test_recipes.py",
    ("docs/recipes.md", "nginx"): "tests/end_to_end/test_tls_proxy.py",
    ("docs/recipes.md", "python"): "tests/end_to_end/test_recipes.py",
    ("docs/recipes.md", "rust"): "tests/recipes/axum/build.rs",
    ("examples/README.md", "bash"): HERE,
    ("llms.txt", "bash"): HERE,
    ("llms.txt", "js"): HERE,
    ("llms.txt", "python"): HERE,
    ("llms.txt", "rust"): HERE,
    ("tests/vectors/README.md", "sh"): HERE,
    ("tests/vectors/README.md", "jsonc"): NONE,
}
SHELL = [document for document, language in RUN_BY if language in ("bash", "sh")]
NOT_OURS = {"node_modules", ".venv", "target", "build"}


def documents() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.startswith(".")]
        yield from (Path(folder, file) for file in files if file.endswith(".md") or file == "llms.txt")


def blocks(document: str, *languages: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    return [code for language, code in found if language in languages]


def visible(file: str) -> list[str]:
    """The examples in the documentation of a Rust module, as rustdoc shows them."""
    lines = [line[3:].removeprefix(" ") for line in (ROOT / file).read_text().splitlines() if line.startswith("//!")]
    examples = re.findall(r"^```\w*\n(.*?)^```$", "\n".join(lines), flags=re.DOTALL | re.MULTILINE)
    return [re.sub(r"^# .*\n|^#\n", "", example, flags=re.MULTILINE).strip() for example in examples]


def test_each_block_has_a_test() -> None:
    found = {}
    for path in documents():
        document = str(path.relative_to(ROOT))
        for language in re.findall(r"^ *```(.*)\n(?:.*\n)*?^ *```$", path.read_text(), flags=re.MULTILINE):
            found[document, language] = RUN_BY.get((document, language))
    assert found == RUN_BY
    for (document, _), test in RUN_BY.items():
        if test not in (NONE, DOCTESTS):
            assert Path(document).name in (ROOT / test).read_text(), f"{test} does not read {document}"


@pytest.mark.parametrize("language", ["bash", "js", "python", "rust"])
def test_what_assistants_read_is_what_is_run(language: str) -> None:
    of_documents = [document for document, its in RUN_BY if its == language and document != "llms.txt"]
    run = {block.strip() for document in of_documents for block in blocks(document, language)}
    run.update(visible("core/src/axum.rs") if language == "rust" else [])
    shown = blocks("llms.txt", language)
    assert shown
    for block in shown:
        assert block.strip() in run, f"no test runs this:\n{block}"


def test_the_first_page_in_rust_is_a_part_of_what_is_compiled() -> None:
    (shown,) = blocks("README.md", "rust")
    assert indent(shown, "    ") in blocks("core/README.md", "rust")[1]


@pytest.mark.parametrize("document", SHELL)
def test_commands(document: str) -> None:
    """They are well-formed, and what they name is there."""
    known = set(re.findall(r'"([A-Z][A-Z_]+)"', (ROOT / "core/src/environment.rs").read_text()))
    known |= {"PORT", "SERVER", "CLIENT", "TOKEN"}
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    features = set(re.findall(r"^(\w+) = \[", (ROOT / "core/Cargo.toml").read_text(), flags=re.MULTILINE))
    commands = set(re.findall(r'command == "(\w+)"', (ROOT / "core/src/cli/mod.rs").read_text()))
    for script in blocks(document, "bash", "sh"):
        subprocess.run(["bash", "-n", "-c", script], check=True)
        assert set(re.findall(r"\b([A-Z][A-Z_]+)=", script)) <= known
        assert set(re.findall(r"^make ([\w-]+)", script, flags=re.MULTILINE)) <= targets
        assert set(re.findall(r"^(?:npx |python -m )?mcp[-_]bearer (\w+)", script, flags=re.MULTILINE)) <= commands
        for package, wanted in re.findall(r"^cargo add (\S+)(?: --features (\S+))?", script, flags=re.MULTILINE):
            assert package != "mcp-bearer" or set(wanted.split(",")) <= features


def test_the_walk_through_the_examples() -> None:
    """The commands of examples/README.md in their order: an issuer, a Todo server, a token, a request."""
    issuer, todo = wire.free_port(), wire.free_port()
    *servers, token, request = (
        script.replace("9400", str(issuer)).replace("3000", str(todo)) for script in blocks("examples/README.md", "bash")
    )
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    running = [
        subprocess.Popen(["bash", "-c", f"exec env {script}"], cwd=ROOT, env=environment, start_new_session=True) for script in servers
    ]
    try:
        wait = f"--silent --show-error --retry-connrefused --retry 100 --retry-max-time {WITHIN:.0f} --retry-delay 1"
        ready = [f"curl {wait} --output /dev/null http://127.0.0.1:{port}/" for port in (issuer, todo)]
        script = "\n".join([*ready, token, request])
        shown = subprocess.run(["bash", "-euc", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
        assert shown.stdout == b'{"todos":[]}'
    finally:
        for process in running:
            process.kill()
            process.wait()
