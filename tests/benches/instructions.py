"""Compares the instructions of the hot paths with the baseline of this environment.

instructions.py BENCH...            fails if a path takes more instructions, or fewer
instructions.py --write BENCH...    writes the baseline

BENCH is the command that runs `instructions.rs`, up to its `--`. An environment without a baseline
is skipped: the counts are those of one compiler, one C library and the code that aws-lc chooses for
the processor, of which valgrind shows all that have AVX2 as the same one.
"""

import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys

BASELINES = pathlib.Path(__file__).parent / "baselines"
# As in `instructions.rs`.
CALLS = 100


def main(arguments):
    write = arguments[0] == "--write"
    command = arguments[1:] if write else arguments
    if not shutil.which("valgrind"):
        return skip("there is no valgrind")
    path = BASELINES / f"{environment()}.json"
    if not write and not path.exists():
        known = ", ".join(sorted(known.stem for known in BASELINES.glob("*.json")))
        return skip(f"no baseline for {path.stem} (there is one for {known})")
    counts = count(command)
    if write:
        BASELINES.mkdir(exist_ok=True)
        path.write_text(json.dumps(counts, indent=2) + "\n")
        print(f"wrote {path}")
        return 0
    return compare(counts, json.loads(path.read_text()))


def skip(reason):
    line = "=" * 80
    print(f"{line}\nSKIPPED: instructions are not counted: {reason}\n{line}")
    return 0


def environment():
    """What the counts depend on besides the source and Cargo.lock."""
    rustc = said("rustc", "--version").split()[1]
    valgrind = said("valgrind", "--version").removeprefix("valgrind-")
    flags = re.search(
        r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE
    )
    avx2 = "-avx2" if flags and "avx2" in flags[1].split() else ""
    cpu = platform.machine() + avx2
    return f"{rustc} {cpu} {'-'.join(platform.libc_ver())} valgrind-{valgrind}".replace(
        " ", "_"
    )


def said(*command):
    return subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.strip()


def count(command):
    """Instructions of one call, by path."""
    lines = said(*command, "--", "--output-format=json").splitlines()
    counts = dict(map(of_case, map(json.loads, lines)))
    signature = counts.pop("signature")
    counts["unseen_token"] -= signature
    return {name: round(total / CALLS) for name, total in counts.items()}


def of_case(case):
    (profile,) = case["profiles"]
    values = profile["data"]["total"]["metrics"]["Ir"]["values"]
    return case["id"], values["both"][0] if "both" in values else values["new"]


def compare(counts, baseline):
    failed = counts.keys() ^ baseline.keys()
    for name in sorted(failed):
        print(f"{name}: only in {'the baseline' if name in baseline else 'the bench'}")
    for name, before in baseline.items():
        if name in counts:
            change = counts[name] / before - 1
            far = abs(change) > allowed(before)
            print(
                f"{name:<16} {counts[name]:>8,} instructions, baseline {before:>8,}: {change:+.1%}",
                end="",
            )
            print(f", FAILED: more than {allowed(before):.0%} away" if far else "")
            if far:
                failed.add(name)
    if failed:
        print(
            "If that is meant, `make baseline` writes the counts anew, to be committed."
        )
    return 1 if failed else 0


def allowed(instructions):
    return 0.05 if instructions < 5_000 else 0.03


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
