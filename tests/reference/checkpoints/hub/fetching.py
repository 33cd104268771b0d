"""A small repository, and the fetching of it, for the tests of both."""

from contextlib import contextmanager

import numpy as np
from safetensors.numpy import save

from bitsim.reference.checkpoints.hub.fetch import fetch, plan_fetch
from bitsim.spec.checkpoint_source import CheckpointSource, PinnedFile
from tests.reference.checkpoints.hub.hub_server import COMMIT, REPO, Repository, serving

WEIGHTS = "model.safetensors"
OTHER_COMMIT = "f" * 40
CHUNK_BYTES = 4096


def files():
    numbers = np.random.default_rng(5).integers(0, 256, 50_000, dtype=np.uint8)
    return {
        "config.json": b'{"model_type": "bitnet"}\n',
        WEIGHTS: save({"w": numbers}, {"format": "pt"}),
        "tokenizer.json": b'{"version": "1.0"}\n',
        "modeling_bitnet.py": b"import os\n",
        "pytorch_model.bin": b"\x80\x04pickle",
        "README.md": b"# card\n",
        ".gitattributes": b"",
        "original/model.safetensors": b"in a folder",
    }


FETCHED = ("config.json", WEIGHTS, "tokenizer.json")


def source(revision=COMMIT, **pins):
    return CheckpointSource(
        name="tiny",
        repo=REPO,
        revision=revision,
        revision_source=revision and "of this test",
        files={WEIGHTS: PinnedFile(source="of this test", **pins)} if pins else {},
    )


@contextmanager
def tiny_hub(monkeypatch):
    """The repository behind HF_ENDPOINT, in steps of 4 KB."""
    from huggingface_hub import constants

    repository = Repository(files())
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", CHUNK_BYTES)
    with serving(repository) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield repository


def get(folder, described=None, revision=None, on_bytes=None):
    return fetch(plan_fetch(described or source(), revision, folder), on_bytes)


def left(folder):
    """Everything beside and below where the folder is, by name."""
    return sorted(str(p.relative_to(folder.parent)) for p in folder.parent.rglob("*"))
