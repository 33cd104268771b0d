"""Where numba keeps compiled kernels when neither their folder nor the user's can be written."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings

from bitsim.errors import BitsimError

NO_PLACE = "no locator available"  # of numba's RuntimeError when no cache folder can be written
FOR_THIS_RUN = (
    "for this run alone: neither bitsim's own folder nor the user's cache folder can be written; "
    "NUMBA_CACHE_DIR names one that can"
)


def temporary_cache() -> bool:
    """Make a folder that lasts as long as this process, if there is no other; whether it was made.

    To be called before kernels are imported. Processes that are started use the same folder.
    """
    from numba.core import config

    if _has_place():
        return False
    try:
        folder = tempfile.mkdtemp(prefix="bitsim-kernels.")
    except OSError:
        raise BitsimError(
            "compiled kernels have no place: neither bitsim's own folder, the user's cache folder "
            "nor one for temporary files can be written; set NUMBA_CACHE_DIR to a folder that can"
        ) from None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = folder
    config.reload_config()
    return True


def require_cache() -> None:
    """`temporary_cache` for who imports bitsim in Python; a warning tells what it costs."""
    if temporary_cache():
        warnings.warn(f"bitsim: kernels are compiled {FOR_THIS_RUN}", stacklevel=2)


def _has_place() -> bool:
    """What numba finds for a kernel of this file."""
    from numba import njit

    try:
        njit(cache=True)(_kernel)
    except RuntimeError as error:
        if NO_PLACE not in str(error):
            raise
        return False
    return True


def _kernel() -> None:
    """Never compiled."""
