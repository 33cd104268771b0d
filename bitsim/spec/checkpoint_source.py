"""Where a checkpoint is published: a repository of the Hugging Face Hub, its commit, its files."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from bitsim.spec.base import Spec

# What a checkpoint is read from: never code, and never what is unpickled.
FETCHABLE = re.compile(
    r"config\.json|generation_config\.json|special_tokens_map\.json|tokenizer[a-z_]{0,40}\.json"
    r"|[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}\.(?:safetensors|safetensors\.index\.json|gguf)"
)
REPO_PART = "[A-Za-z0-9][A-Za-z0-9_.-]{0,95}"  # compiled in 1 ms; with \w, in 80
REVISION = re.compile(r"[0-9a-f]{40}")

Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Source = Annotated[str, Field(pattern=r"\S+\s+\S+")]


class PinnedFile(Spec):
    """What is known of a file before the Hub is asked."""

    bytes: PositiveInt | None = Field(None, description="size of the file, where it is known")
    sha256: Sha256 | None = Field(None, description="digest of the file, where it is known")
    source: Source = Field(description="where size and digest are from")


class CheckpointSource(Spec):
    """A repository at a commit. Its files are the files of the commit that FETCHABLE matches.

    Each entry of `files` must be among them, and its content as pinned.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")] = Field(
        description="of the checkpoint"
    )
    note: str = Field("", description="for people: what is in the repository")
    repo: Annotated[str, Field(pattern=f"^{REPO_PART}/{REPO_PART}$")] = Field(
        description="owner/name on the Hugging Face Hub"
    )
    revision: Revision | None = Field(
        None, description="commit that is fetched; without it the command names one"
    )
    revision_source: Source | None = Field(None, description="where the commit is from")
    files: dict[str, PinnedFile] = Field(
        default_factory=dict, description="what is known of a file before it is fetched"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [
            f"files.{name[:80]!r}: such a file is not fetched; pin weights, config and tokenizer"
            for name in self.files
            if not FETCHABLE.fullmatch(name)
        ]
        if (self.revision is None) != (self.revision_source is None):
            faults.append("revision and revision_source belong together; give both or neither")
        if self.files and self.revision is None:
            faults.append("files are pinned, but no revision; files belong to one commit")
        if faults:
            raise ValueError("; ".join(faults))
        return self
