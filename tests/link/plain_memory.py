"""What memory holds of a case before it is run, and what it says afterwards."""

from __future__ import annotations

import numpy as np

from bitsim.spec import encoding

UNWRITTEN = 0xA5


def images(case):
    """(address, bytes) of weights, activations, and room for results, of every entry."""
    layout, pieces = case.layout, []
    array = layout.array
    for each in case.lists:
        for job, entry in zip(each.jobs, each.entries, strict=True):
            beats = encoding.weight_image(
                job.weights, array.columns, array.lanes, array.weight_packing
            )
            for port, port_bytes in enumerate(layout.weight_bytes(beats)):
                pieces.append((entry.weights_address + port * entry.weights_stride, port_bytes))
            vectors = layout.activation_bytes(activation_beats(layout, job))
            pieces.append((entry.activations_address, vectors))
            room = entry.results_words * layout.bus.word_bytes
            pieces.append((entry.results_address, np.full(room, UNWRITTEN, np.uint8)))
    return pieces


def activation_beats(layout, job):
    """(activation beats, slices * lanes) int8 in the order of the stream."""
    array, (m, k) = layout.array, job.activations.shape
    tiling = array.tiling(job.phase)
    padded = np.zeros((tiling.groups * array.slices, tiling.k_beats * array.lanes), np.int8)
    padded[:m, :k] = job.activations
    grid = padded.reshape(tiling.groups, array.slices, tiling.k_beats, array.lanes)
    blocks = [
        grid[first : first + array.hold].transpose(2, 0, 1, 3).reshape(-1, grid[0, :, 0].size)
        for first in range(0, tiling.groups, array.hold)
    ]
    return np.concatenate(blocks)


def output_of(layout, job, entry, stored):
    """(m, n) int32 or of the rows that digits make, from the bytes behind a results address."""
    array, (n, m) = layout.array, (job.weights.shape[0], job.activations.shape[0])
    tiling = array.tiling(job.phase)
    row_tiles = tiling.row_tiles // entry.digits
    if entry.digits > 1:
        n = row_tiles * array.columns
    whole = np.zeros((tiling.groups, array.slices, row_tiles, array.columns), np.int32)
    sums = iter(layout.result_sums(stored).reshape(-1, array.columns, array.slices))
    for first in range(0, tiling.groups, array.hold):
        for tile in range(row_tiles):
            for group in range(first, min(first + array.hold, tiling.groups)):
                whole[group, :, tile] = next(sums).T
    return whole.reshape(tiling.groups * array.slices, -1)[:m, :n]
