"""What a user sees, by file: the commands whose output is kept here."""

import contextlib
import io
import tempfile

from bitsim.cli import main

OUTPUTS = {
    "run_addition.txt": ["run", "--prompt", "734+589=", "--out", "{out}"],
    "run_addition_45nm.txt": [
        *("run", "--prompt", "9999+9999=", "--technology", "45nm", "--out", "{out}")
    ],
    "simulate_2b_decode.txt": ["simulate", "--network", "bitnet-b1.58-2b-4t", "--context", "512"],
    "simulate_2b_prefill.txt": [
        *("simulate", "--network", "bitnet-b1.58-2b-4t", "--stage", "prefill", "--context", "6")
    ],
    "simulate_2b_on_a_board.txt": [
        *("simulate", "--network", "bitnet-b1.58-2b-4t", "--accelerator", "dot_4x80_host")
    ],
    "list.txt": ["list"],
}


def output_of(argv):
    """Standard output of a command that ends well, its folder's name left out."""
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()) as text:
        status = main([each.replace("{out}", out) for each in argv])
    assert status == 0, argv
    return text.getvalue().replace(out, "{out}")
