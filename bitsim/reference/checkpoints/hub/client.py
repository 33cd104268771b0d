"""The Hugging Face Hub as `huggingface_hub` speaks with it: a commit's files, and their bytes.

That library's own download starts anew after an interruption (it keeps no partial file of another
process), so its `http_get`, which goes on from a byte, is used on files of our own.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from bitsim.errors import BitsimError, shown
from bitsim.files.atomic import unwritable
from bitsim.spec.checkpoint_source import FETCHABLE, CheckpointSource, PinnedFile

MAX_FILES = 200
ANSWER_S = 10.0  # seconds to wait for an answer


@dataclass(frozen=True)
class RemoteFile:
    """A file of a commit, and what its bytes are verified against."""

    name: str
    size_bytes: int
    sha256: str | None  # pinned, or by the Hub for a file in its large-file store
    blob_id: str | None  # git's object id, for the other files
    authority: str  # who says the digest


@dataclass(frozen=True)
class Hub:
    """A server that speaks the Hub's protocol; HF_ENDPOINT names another than the Hub."""

    endpoint: str

    @classmethod
    def connected(cls) -> Hub:
        """With huggingface_hub's telemetry and progress bars off. Asks nothing yet."""
        from huggingface_hub import constants, get_session
        from huggingface_hub.utils import logging
        from huggingface_hub.utils.tqdm import disable_progress_bars

        constants.HF_HUB_DISABLE_TELEMETRY = True  # the variable is read once, on importing it
        disable_progress_bars()
        logging.set_verbosity_error()  # its warnings would come between our lines
        get_session().timeout = ANSWER_S
        return cls(os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/"))

    def files(self, source: CheckpointSource, revision: str) -> tuple[RemoteFile, ...]:
        """The files of a commit that are fetched, each checked against its pins."""
        from huggingface_hub import HfApi

        with self._faults(source.repo, revision):
            # token=False: these repositories are public, so none is sent
            api = HfApi(endpoint=self.endpoint, token=False, library_name="bitsim")
            info = api.model_info(
                source.repo, revision=revision, files_metadata=True, timeout=ANSWER_S
            )
        if info.sha != revision:
            raise BitsimError(
                f"{source.repo}: asked for {revision}, the server answers with commit "
                f"{shown(info.sha)}; check --revision and HF_ENDPOINT"
            )
        pins = source.files if revision == source.revision else {}
        siblings = {each.rfilename: each for each in info.siblings or ()}
        absent = [name for name in pins if name not in siblings]
        if absent:
            raise BitsimError(
                f"{source.repo}: commit {revision} has no file {', '.join(absent)}, which is "
                f"pinned; check --revision, or the pins"
            )
        names = sorted(name for name in siblings if FETCHABLE.fullmatch(name))
        if not any(name.endswith((".safetensors", ".gguf")) for name in names):
            raise BitsimError(
                f"{source.repo}: commit {revision} has no .safetensors and no .gguf file; name "
                f"another with --revision"
            )
        if len(names) > MAX_FILES:
            raise BitsimError(f"{source.repo}: {len(names)} files; at most {MAX_FILES} are fetched")
        files = []
        for name in names:
            each = siblings[name]
            lfs_sha256 = each.lfs.sha256 if each.lfs else None
            files.append(_file(source, name, each.size, lfs_sha256, each.blob_id, pins.get(name)))
        return tuple(files)

    def download(
        self,
        repo: str,
        revision: str,
        file: RemoteFile,
        out: BinaryIO,
        on_chunk: Callable[[], None],
    ) -> None:
        """Append the bytes that `out` has not; a connection that breaks is taken up again.

        on_chunk  called each time that some have been written
        """
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get

        url = hf_hub_url(repo, file.name, revision=revision, endpoint=self.endpoint)
        headers = {"User-Agent": "bitsim", "Accept-Encoding": "identity"}  # a range of the file
        with self._faults(repo, revision, file.name):
            http_get(
                url,
                cast(BinaryIO, _Appended(out, file.size_bytes, on_chunk)),
                resume_size=out.tell(),
                headers=headers,
                expected_size=file.size_bytes,
            )

    @contextmanager
    def _faults(self, repo: str, revision: str, name: str = "") -> Iterator[None]:
        """Whatever huggingface_hub raises, as one line."""
        import httpx2
        from huggingface_hub import errors

        what = f"{repo}/{name}" if name else repo
        try:
            yield
        except errors.OfflineModeIsEnabled:
            raise BitsimError(f"{what}: HF_HUB_OFFLINE forbids asking; unset it") from None
        except errors.GatedRepoError:
            raise BitsimError(
                f"{what}: its owner asks for a login; fetch it by other means, and give bitsim the "
                f"folder"
            ) from None
        except errors.RevisionNotFoundError:
            raise BitsimError(
                f"{what}: has no commit {revision}; `git ls-remote https://huggingface.co/{repo}` "
                f"shows those that branches are at"
            ) from None
        except errors.RepositoryNotFoundError:
            raise BitsimError(
                f"{what}: no such repository on {self.endpoint}, or not public; check the name"
            ) from None
        except errors.RemoteEntryNotFoundError:
            raise BitsimError(f"{what}: is not there at commit {revision}; try later") from None
        except errors.HfHubHTTPError as error:
            status = error.response.status_code
            raise BitsimError(
                f"{what}: {self.endpoint} answers HTTP {status}; try later, or check HF_ENDPOINT"
            ) from None
        except httpx2.HTTPError as error:
            raise BitsimError(
                f"{what}: {self.endpoint} cannot be reached ({_line(error)}); check the network, "
                f"proxy settings and HF_ENDPOINT"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BitsimError(
                f"{what}: {self.endpoint} does not answer as the Hub does ({_line(error)}); try "
                f"again, and check HF_ENDPOINT"
            ) from None


def _file(
    source: CheckpointSource,
    name: str,
    size_bytes: int | None,
    lfs_sha256: str | None,
    blob_id: str | None,
    pin: PinnedFile | None,
) -> RemoteFile:
    """What the listing says of a file; it must agree with the file's pins."""
    if not isinstance(size_bytes, int) or size_bytes < 0 or not (lfs_sha256 or blob_id):
        raise BitsimError(
            f"{source.repo}/{name}: the listing says no size or no digest; check HF_ENDPOINT"
        )
    pinned_bytes, pinned_sha256 = (pin.bytes, pin.sha256) if pin else (None, None)
    for what, listed, pinned in (
        ("bytes", size_bytes, pinned_bytes),
        ("sha256", lfs_sha256, pinned_sha256),
    ):
        if listed is not None and pinned is not None and listed != pinned:
            raise BitsimError(
                f"{source.repo}/{name}: {what} {shown(listed, 80)} by the server, {pinned} "
                f"pinned; nothing was fetched: check HF_ENDPOINT, or the pin"
            )
    if pinned_sha256:
        authority = "the pinned sha256"
    else:
        authority = "the Hub's sha256" if lfs_sha256 else "the Hub's git blob id"
    return RemoteFile(
        name, size_bytes, lfs_sha256 or pinned_sha256, None if lfs_sha256 else blob_id, authority
    )


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:120] + "..."


class _Appended(io.RawIOBase):
    """The file that `http_get` writes to: no longer than it may be, its faults the disk's."""

    def __init__(self, out: BinaryIO, most_bytes: int, on_chunk: Callable[[], None]) -> None:
        self._out, self._most_bytes, self._on_chunk = out, most_bytes, on_chunk

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._out.tell() + len(data) > self._most_bytes:
            raise BitsimError(
                f"{Path(self._out.name).name}: the server sends more than the {self._most_bytes} "
                f"bytes that it listed; check HF_ENDPOINT"
            )
        try:
            written = self._out.write(data)
            self._out.flush()
        except OSError as error:
            raise unwritable(Path(self._out.name), error) from None
        self._on_chunk()
        return written

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._out.seek(offset, whence)

    def tell(self) -> int:
        return self._out.tell()

    def truncate(self, size: int | None = None) -> int:
        return self._out.truncate(size)
