"""Lists, memory contents and worlds of an accelerator, in the files of its bench."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.gateware.bus.list_reader import ENTRY
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.link.axi4 import Axi4BusSpec, BusLayout, ListEntry
from bitsim.trace.job import Job
from bitsim.trace.world import ReadWorld, World
from bitsim.units import BITS_PER_BYTE, Cycles
from bitsim.verilated.arrays.stimulus import activation_beats

NUMBER_BYTES = 8
NONE = (1 << 64) - 1  # as the number of a word or burst: none


@dataclass(frozen=True, eq=False)
class Product:
    """One entry of a list, and the product that it stands for."""

    job: Job
    entry: ListEntry


@dataclass(frozen=True, eq=False)
class Machine:
    """An accelerator, the lists that it is to run one after the other, and its memory."""

    array: ArraySpec
    bus: Axi4BusSpec
    lists: Sequence[Sequence[Product]]
    world: World

    @property
    def products(self) -> list[Product]:
        """Of all lists, in order."""
        return [product for each in self.lists for product in each]


def write_machine(machine: Machine, folder: Path) -> None:
    """Write `list.bin` and `port_P.bin` of every port (`rtl/bench/bus`)."""
    folder.mkdir(parents=True)
    entries = [[entry_bytes(product.entry)[::-1] for product in each] for each in machine.lists]
    lists = [_numbers([len(entries), sum(map(len, entries))])]
    for each in entries:
        lists += [_numbers([len(each)]), *each]
    (folder / "list.bin").write_bytes(b"".join(lists))
    images = read_images(machine)
    worlds = [*machine.world.weights, machine.world.activations]
    for port, (world, image) in enumerate(zip(worlds, images, strict=True)):
        error = machine.world.errors.get(port, NONE)
        _write_read_port(folder / f"port_{port}.bin", machine.bus, world, error, image)
    results, port = machine.world.results, len(worlds)
    parts = [
        *(_list(each) for each in (results.accept, results.gap, results.response)),
        _numbers([results.refresh_period, results.refresh_cycles]),
        _numbers([machine.world.errors.get(port, NONE), len(machine.products)]),
        *(
            _numbers([product.entry.results_address, product.entry.results_words])
            for product in machine.products
        ),
    ]
    (folder / f"port_{port}.bin").write_bytes(b"".join(parts))


def read_images(machine: Machine) -> list[dict[int, NDArray[np.uint8]]]:
    """What the memory at each read port holds: bytes by address."""
    layout = BusLayout(machine.array, machine.bus)
    weights: list[dict[int, NDArray[np.uint8]]] = [{} for _ in range(machine.bus.weight_ports)]
    activations: dict[int, NDArray[np.uint8]] = {}
    for product in machine.products:
        job, entry, array = product.job, product.entry, machine.array
        image = array.weight_image(job.weights)
        for port, data in enumerate(layout.weight_bytes(image)):
            _place(weights[port], entry.weights_address + port * entry.weights_stride, data)
        beats = activation_beats(array, job).view(np.int8)
        _place(activations, entry.activations_address, layout.activation_bytes(beats))
    return [*weights, activations]


def _place(images: dict[int, NDArray[np.uint8]], address: int, data: NDArray[np.uint8]) -> None:
    """Entries may read the same place if they expect the same bytes there."""
    before = images.setdefault(address, data)
    assert np.array_equal(before, data), f"two things at {address:#x}"


def _write_read_port(
    path: Path,
    bus: Axi4BusSpec,
    world: ReadWorld,
    error: int,
    images: Mapping[int, NDArray[np.uint8]],
) -> None:
    total = sum(len(data) for data in images.values()) // bus.word_bytes
    parts = [
        *(_list(each) for each in (world.accept, world.latency, world.gap)),
        _numbers([world.refresh_period, world.refresh_cycles, error, total]),
    ]
    for address, data in images.items():
        words = data.reshape(-1, bus.word_bytes)
        parts += [_numbers([address, len(words)]), words[:, ::-1].tobytes()]
    path.write_bytes(b"".join(parts))


def entry_bytes(entry: ListEntry) -> bytes:
    """As the list memory holds it, lowest byte first."""
    number, shift = 0, 0
    for name, field in ENTRY:
        value = getattr(entry, name)
        assert 0 <= value < 1 << field.width, (name, value)
        number |= value << shift
        shift += field.width
    return number.to_bytes(ENTRY.size // BITS_PER_BYTE, "little")


def _list(cycles: Cycles) -> bytes:
    return _numbers([len(cycles), *map(int, cycles)])


def _numbers(numbers: Iterable[int]) -> bytes:
    return b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in numbers)
