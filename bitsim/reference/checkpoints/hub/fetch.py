"""A published checkpoint from the Hugging Face Hub: at one commit, every byte verified."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bitsim.errors import BitsimError, shown_path
from bitsim.files.atomic import unwritable
from bitsim.reference.checkpoints.hub.client import Hub, RemoteFile
from bitsim.spec.checkpoint_source import CheckpointSource

RECORD = "fetched.toml"  # beside the files: what they are, in the form of models/checkpoints
MARKER = "fetching.toml"  # in the partial folder: what it is part of
CHUNK_BYTES = 1 << 22

OnBytes = Callable[[int, int], None]


@dataclass(frozen=True)
class FetchPlan:
    """What will be fetched, known before the first byte arrives."""

    source: CheckpointSource
    revision: str
    folder: Path
    files: tuple[RemoteFile, ...]
    hub: Hub

    @property
    def partial(self) -> Path:
        """Holds what has arrived until all has; the next attempt goes on from there."""
        return _partial(self.folder)

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        return sum(file.size_bytes for file in self.files)

    @property
    def held_bytes(self) -> int:
        """Bytes of these files that are in the partial folder."""
        return sum(min(_size(self.partial / f.name), f.size_bytes) for f in self.files)


@dataclass(frozen=True)
class FetchedFile:
    """A file whose size and digest were verified, and against what."""

    name: str
    size_bytes: int
    sha256: str
    verified: str


def plan_fetch(source: CheckpointSource, revision: str | None, folder: Path) -> FetchPlan:
    """Ask the Hub what there is, and check everything that can be at fault; nothing is written.

    revision  a commit in place of the pinned one; what is pinned of files is for the pinned one
    folder    must not be there yet, and its disk must have the missing bytes free
    """
    commit = revision or source.revision
    if commit is None:
        raise BitsimError(
            f"{source.repo}: no commit is pinned for it; name one: --revision COMMIT (40 hex "
            f"digits, as `git ls-remote https://huggingface.co/{source.repo} main` shows)"
        )
    _require_new(folder)
    hub = Hub.connected()
    plan = FetchPlan(source, commit, folder, hub.files(source, commit), hub)
    _require_same_fetch(plan)
    _require_space(plan)
    return plan


def fetch(plan: FetchPlan, on_bytes: OnBytes | None = None) -> tuple[FetchedFile, ...]:
    """Fetch, verify, and give the folder its name when all is there.

    on_bytes  called with how many of how many missing bytes have arrived
    """
    held, missing = plan.held_bytes, plan.total_bytes - plan.held_bytes
    fetched = []

    def arrived() -> None:
        if on_bytes:
            on_bytes(plan.held_bytes - held, missing)

    with _partial_folder(plan):
        for file in plan.files:
            path = plan.partial / file.name
            _download(plan, file, path, arrived)
            fetched.append(_verified(file, path))
        try:
            (plan.partial / RECORD).write_text(_record(plan, fetched), "utf-8")
            plan.partial.rename(plan.folder)
            (plan.folder / MARKER).unlink()  # last: without it what has arrived is nobody's
        except OSError as error:
            raise unwritable(plan.folder, error) from None
    return tuple(fetched)


def _require_new(folder: Path) -> None:
    try:
        with suppress(FileNotFoundError):
            _partial(folder).lstat()  # its name is the longer one
        with suppress(FileNotFoundError):
            folder.lstat()
            raise BitsimError(f"{shown_path(folder)}: exists already; name a new folder")
        parent = folder.absolute().parent
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            raise PermissionError(f"no folder to write to at {shown_path(parent)}")
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from None


def _require_same_fetch(plan: FetchPlan) -> None:
    """A folder of that name may be of another checkpoint, or the user's own."""
    marker = plan.partial / MARKER
    try:
        theirs = plan.partial.exists() and (
            not marker.is_file() or marker.read_bytes() != _marker(plan).encode()
        )
    except OSError as error:
        raise unwritable(plan.partial, error) from None
    if theirs:
        raise BitsimError(
            f"{shown_path(plan.partial)}: is not a part of {plan.source.repo} at {plan.revision}; "
            f"remove it, or name another --out"
        )


def _require_space(plan: FetchPlan) -> None:
    try:
        free_bytes = shutil.disk_usage(plan.folder.absolute().parent).free
    except OSError as error:
        raise unwritable(plan.folder, error) from None
    missing_bytes = plan.total_bytes - plan.held_bytes
    if missing_bytes > free_bytes:
        raise BitsimError(
            f"{shown_path(plan.folder)}: needs {missing_bytes} bytes, {free_bytes} are free on its "
            f"disk; free space, or name another place"
        )


@contextmanager
def _partial_folder(plan: FetchPlan) -> Iterator[None]:
    """The partial folder, for this process alone; removed again if nothing arrives in it."""
    try:
        plan.partial.mkdir(exist_ok=True)
        marker = (plan.partial / MARKER).open("a+b")
    except OSError as error:
        raise unwritable(plan.folder, error) from None
    with marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BitsimError(
                f"{shown_path(plan.partial)}: another fetch is writing it; wait for that one"
            ) from None
        try:
            (plan.partial / MARKER).write_text(_marker(plan), "utf-8")
            yield
        except OSError as error:
            raise unwritable(plan.folder, error) from None
        finally:
            if plan.partial.exists() and plan.held_bytes == 0:
                shutil.rmtree(plan.partial, ignore_errors=True)


def _download(plan: FetchPlan, file: RemoteFile, path: Path, on_chunk: Callable[[], None]) -> None:
    """What is missing of one file, appended."""
    if _size(path) > file.size_bytes:
        path.unlink()
    try:
        with path.open("ab") as out:
            if out.tell() < file.size_bytes:
                plan.hub.download(plan.source.repo, plan.revision, file, out, on_chunk)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise unwritable(path, error) from None


def _verified(file: RemoteFile, path: Path) -> FetchedFile:
    """Size and digests, read back from the disk; a file that differs is removed."""
    sha256 = hashlib.sha256()
    blob = hashlib.sha1(b"blob %d\0" % file.size_bytes, usedforsecurity=False)  # git's object id
    with path.open("rb") as data:
        while chunk := data.read(CHUNK_BYTES):
            sha256.update(chunk)
            if file.blob_id:
                blob.update(chunk)
    faults = []
    if _size(path) != file.size_bytes:
        faults.append(f"{_size(path)} bytes, {file.size_bytes} expected")
    if file.sha256 and sha256.hexdigest() != file.sha256:
        faults.append(f"sha256 {sha256.hexdigest()}, {file.sha256} expected")
    if file.blob_id and blob.hexdigest() != file.blob_id:
        faults.append(f"git blob {blob.hexdigest()}, {file.blob_id} expected")
    if faults:
        path.unlink()
        raise BitsimError(
            f"{file.name}: {'; '.join(faults)}; it was removed: fetch again, and if that does not "
            f"help the server or the way to it is at fault"
        )
    return FetchedFile(file.name, file.size_bytes, sha256.hexdigest(), file.authority)


def _marker(plan: FetchPlan) -> str:
    return f'repo = "{plan.source.repo}"\nrevision = "{plan.revision}"\n'


def _record(plan: FetchPlan, fetched: list[FetchedFile]) -> str:
    """In the form of models/checkpoints, so that it can be fetched again exactly."""
    lines = [f'name = "{plan.source.name}"', _marker(plan).rstrip()]
    lines.append('revision_source = "fetched and verified by bitsim checkpoint fetch"')
    for file in fetched:
        lines += ["", f'[files."{file.name}"]', f"bytes = {file.size_bytes}"]
        lines += [f'sha256 = "{file.sha256}"', f'source = "verified against {file.verified}"']
    return "\n".join(lines) + "\n"


def _partial(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.partial"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
