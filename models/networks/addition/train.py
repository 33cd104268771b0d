"""Trains the addition network from scratch, or judges a packed folder.

    python train.py --out DIR                  trains, keeps the best packed network in DIR
    python train.py --evaluate DIR             judges model.safetensors in DIR

Seed 1, 3,000 steps, 33 minutes on one thread of a shared core: of the held-out problems 100 % of
the judged 4,096 are exact, and 99.78 % of 4,096 with four digits in both operands (torch 2.13.0,
CPU).
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from network import Network, Shape, TrainedLinear
from packed import load, save
from problems import Problem, held_out, short_held_out, training_batch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from vocabulary import EOS, PAD, build_tokenizer

ANSWER_TOKENS = 6  # five digits and the end
ONLY_LONGEST = (0.0, 0.0, 0.0, 1.0)
NOT_JUDGED = -100  # label of the positions without a loss


def tokens_of(problems: list[Problem], tokenizer: Tokenizer) -> tuple[Tensor, Tensor]:
    """Inputs and labels, both (problems, longest - 1) int64; labels only for answer and end."""
    texts = tokenizer.encode_batch([p.prompt + p.answer for p in problems])
    whole = [[*text.ids, EOS] for text in texts]
    ids = np.full((len(whole), max(map(len, whole))), PAD)
    labels = np.full_like(ids, NOT_JUDGED)
    for row, (problem, tokens) in enumerate(zip(problems, whole, strict=True)):
        ids[row, : len(tokens)] = tokens
        start = len(tokens) - len(problem.answer) - 1
        labels[row, start : len(tokens)] = tokens[start:]
    return torch.from_numpy(ids[:, :-1]), torch.from_numpy(labels[:, 1:])


@torch.no_grad()
def answers(network: Network, tokenizer: Tokenizer, problems: list[Problem]) -> list[str]:
    """What the network says after each prompt, greedily; without an end token it is marked."""
    by_length: dict[int, list[int]] = defaultdict(list)
    prompts = [e.ids for e in tokenizer.encode_batch([p.prompt for p in problems])]
    for index, prompt in enumerate(prompts):
        by_length[len(prompt)].append(index)
    said = [""] * len(problems)
    for length, indices in by_length.items():
        ids = torch.tensor([prompts[index] for index in indices])
        for _ in range(ANSWER_TOKENS):
            ids = torch.cat((ids, network(ids)[:, -1].argmax(-1, keepdim=True)), 1)
        for index, row in zip(indices, ids[:, length:].tolist(), strict=True):
            end = row.index(EOS) if EOS in row else None
            said[index] = tokenizer.decode(row[:end]) + ("" if end is not None else "...")
    return said


def accuracy(network: Network, tokenizer: Tokenizer, problems: list[Problem]) -> float:
    said = answers(network, tokenizer, problems)
    return sum(s == p.answer for s, p in zip(said, problems, strict=True)) / len(problems)


def evaluate(folder: Path) -> None:
    network, tokenizer = load(folder)
    for name, problems in (
        ("judged set", held_out(seed=1, count=4096)),
        ("4 + 4 digits", held_out(seed=2, count=4096, shares=ONLY_LONGEST)),
        ("mixed, large", held_out(seed=3, count=16384)),
        ("all of 1-2 digits", short_held_out()),
    ):
        said = answers(network, tokenizer, problems)
        wrong = [(p, s) for p, s in zip(problems, said, strict=True) if s != p.answer]
        print(f"{name:18} {1 - len(wrong) / len(problems):9.4%} of {len(problems)}", end="")
        print(f" ({len(set(problems))} different)")
        for problem, answer in wrong[:5]:
            print(f"    {problem.prompt}{answer}, not {problem.answer}")


def schedule(step: int, args: argparse.Namespace) -> tuple[float, float]:
    """Learning rate and weight decay: two stages, the second cooler and without decay.

    Source: "The Era of 1-bit LLMs: Training Tips, Code and FAQ" (Microsoft, 2024), section 2.
    """
    done = step / args.steps
    warm = min(1.0, (step + 1) / args.warmup)
    if done < 0.5:
        return args.rate * warm * (1 - 0.5 * done), args.decay
    return args.rate * 0.75 * 0.5 * (1 + math.cos(math.pi * (2 * done - 1))), 0.0


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)  # they slow the first steps several times
    rng = np.random.default_rng(args.seed)
    tokenizer = build_tokenizer()
    shape = Shape(vocab=tokenizer.get_vocab_size(), layers=args.layers)
    network = Network(shape, TrainedLinear)
    print(f"{sum(p.numel() for p in network.parameters())} parameters", flush=True)
    optimizer = torch.optim.AdamW(network.parameters(), betas=(0.9, 0.95))
    check = held_out(seed=100, count=1024)  # picks the best checkpoint, so not the judged set
    best, began, losses = 0.0, time.monotonic(), []
    for step in range(args.steps):
        for group in optimizer.param_groups:
            group["lr"], group["weight_decay"] = schedule(step, args)
        ids, labels = tokens_of(training_batch(rng, args.batch), tokenizer)
        loss = F.cross_entropy(network(ids).transpose(1, 2), labels, ignore_index=NOT_JUDGED)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % args.every == 0 or step + 1 == args.steps:
            with TemporaryDirectory() as folder:
                save(network, Path(folder))
                exact = accuracy(*load(Path(folder)), check)
            if exact >= best:
                best = exact
                save(network, args.out)
            print(
                f"step {step + 1:6}  {time.monotonic() - began:6.0f} s  "
                f"loss {np.mean(losses):.5f}  exact {exact:.4f}",
                flush=True,
            )
            losses = []


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains or judges the addition network.")
    parser.add_argument("--evaluate", type=Path, metavar="DIR", help="judge this packed folder")
    parser.add_argument("--out", type=Path, metavar="DIR", help="train, write the folder here")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--every", type=int, default=250, help="steps between two checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if args.evaluate:
        evaluate(args.evaluate)
    elif args.out:
        train(args)
    else:
        parser.error("give --out DIR to train or --evaluate DIR to judge")


if __name__ == "__main__":
    main()
