#!/usr/bin/env python3
"""Prints one of the README's commands, word for word, so that CI runs what a reader would.

A command stands in the fenced block right after a marker:

    <!-- ci: run -->
    ```sh
    cargo run --bin analyze -- run queries/proxy_rate.sql
    ```

usage: readme_commands.py run|test [README.md]
"""

import re
import sys


def command(readme: str, name: str) -> str:
    marker = f"<!-- ci: {name} -->"
    blocks = re.findall(re.escape(marker) + r"\s*```\w*\n(.*?)```", readme, re.DOTALL)
    if len(blocks) != 1:
        sys.exit(f"error: the README must have one fenced block after '{marker}', not {len(blocks)}")
    # A prompt may stand before a line; comments and empty lines are for the reader.
    lines = [line.removeprefix("$ ").strip() for line in blocks[0].splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("#"))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    path = sys.argv[2] if len(sys.argv) == 3 else "README.md"
    with open(path, encoding="utf-8") as file:
        print(command(file.read(), sys.argv[1]))
