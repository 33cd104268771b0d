"""What the tests of converted checkpoints share."""

import numpy as np

from bitsim.files.tensorfile import open_tensors
from bitsim.reference.checkpoints.conversion import compare, plan_conversion, write_conversion
from tests.reference.checkpoints.test_checkpoint_make import SHAPE

WIDE = SHAPE.replace("= 120", "= 256").replace("= 252", "= 512").replace("heads = 6", "heads = 4")
IDS = np.random.default_rng(0).integers(0, 64, 17)
SUFFIX = {"safetensors": "", "i2_s": ".gguf", "tq2_0": ".gguf"}


def converted(source, form, out, f16=False):
    plan = plan_conversion(str(source), form, out, f16)
    write_conversion(plan)
    assert compare(plan) == 7 * plan.source.spec.layers
    return plan


def logits(network):
    return network.forward(IDS, network.empty_cache(IDS.size), all_logits=True)


def matrices(network):
    return [
        (matrix.name, matrix.digest, np.float32(matrix.scale))
        for layer in network.layers
        for product in layer.products
        for matrix in product
    ]


def assert_same_network(ours, theirs):
    """In every ternary weight and scale, and in every bit of the logits."""
    assert matrices(ours) == matrices(theirs)
    assert len(matrices(ours)) == 7 * theirs.spec.layers
    assert logits(ours).tobytes() == logits(theirs).tobytes()
    other = {"name", "note", "linear_class", "quantization_mode", "statistics"}
    assert ours.spec.model_dump(exclude=other) == theirs.spec.model_dump(exclude=other)


def same_tensors(ours, theirs):
    """Two safetensors files: names, types, shapes and bytes."""
    ours, theirs = open_tensors(ours), open_tensors(theirs)
    assert sorted(ours.names) == sorted(theirs.names)
    for name in ours.names:
        assert ours.dtype(name) == theirs.dtype(name), name
        assert ours.shape(name) == theirs.shape(name), name
        assert ours.tensor(name).tobytes() == theirs.tensor(name).tobytes(), name
