"""`bitsim logits` with several sequences."""

from __future__ import annotations

import json

from bitsim.cli import main
from bitsim.files.tensorfile import open_tensors

SEQUENCES = ["1,2,3", "4", "5,6,7,8,9"]


def logits(folder, *sequences):
    out = folder / "logits.safetensors"
    argv = ["logits", "--network", "addition", "--out", str(out), "--json"]
    for ids in sequences:
        argv += ["--ids", ids]
    assert main(argv) == 0
    return open_tensors(out)


def test_each_sequence_of_a_batch_has_the_logits_it_has_alone(tmp_path, capsys):
    batch = logits(tmp_path, *SEQUENCES)
    said = json.loads(capsys.readouterr().out)
    assert batch.names == ("logits.0", "logits.1", "logits.2")
    assert said["shape"] == [[3, 56], [1, 56], [5, 56]]
    together = [batch.tensor(name).copy() for name in batch.names]
    for ids, own, best in zip(SEQUENCES, together, said["argmax"], strict=True):
        alone = logits(tmp_path, ids).tensor("logits")
        assert alone.tobytes() == own.tobytes()
        assert json.loads(capsys.readouterr().out)["argmax"] == best
