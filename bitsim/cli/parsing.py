"""argparse whose faults are one line, with the name that was meant where one is near."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from bitsim.cli import streams

FAULT = 2
LONGEST = 60  # of a word that is shown


class Parser(argparse.ArgumentParser):
    """Of the program, a command or one of its actions; every argument must be known."""

    def error(self, message: str) -> NoReturn:
        """End with one line."""
        line = " ".join(message.split())
        self.exit(FAULT, f"{self.prog}: {line}; see `{self.prog} --help`\n")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Like argparse's, but what is not known is a fault here, of the command that it is for."""
        for word in self._options_in(sys.argv[1:] if args is None else args):
            if not any(option.startswith(word) for option in self._option_string_actions):
                self.error(self._unknown(word))
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return found, unknown

    def _options_in(self, words: Iterable[str]) -> Iterable[str]:
        """What argparse takes for the names of long options of this parser."""
        for word in words:
            if word == "--" or (self._subparsers and not word.startswith("-")):
                return
            if word.startswith("--") and " " not in word:
                yield word.partition("=")[0]

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word[:LONGEST]!r} is one argument too many; remove it"
        return f"no option {word[:LONGEST]!r}; {_meant(word, self._option_string_actions)}"

    def _print_message(self, message: str, file: Any = None) -> None:
        """argparse's own finds nothing in a disk that is full."""
        if file is sys.stdout:
            file.write(message)
        else:
            streams.note(message.rstrip("\n"))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A command, an action or a choice that there is not."""
        if action.choices is None or value in action.choices:
            return
        raise argparse.ArgumentError(
            action, f"no {str(value)[:LONGEST]!r}; {_meant(str(value), action.choices)}"
        )


def _meant(word: str, names: Iterable[object]) -> str:
    """The nearest name, or what there is."""
    known = {str(name).lower(): str(name) for name in names}
    near = difflib.get_close_matches(word.lower(), known, 1)
    if near:
        return f"did you mean '{known[near[0]]}'?"
    return f"one of: {', '.join(known.values())}"
