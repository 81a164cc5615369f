"""Muon for the matrices, AdamW for the embedding and the norms.

Muon: momentum, then the nearest orthogonal matrix by Newton-Schulz iteration (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon/); the coefficients are the five pairs published with Polar Express
(arXiv 2505.16932), rounded.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_COEFFICIENTS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)


def orthogonalized(matrices: Tensor) -> Tensor:
    """The nearest (semi-)orthogonal matrices to a stack (n, rows, columns)."""
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    tall = x.size(-2) > x.size(-1)
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for a, b, c in _COEFFICIENTS:
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


def _direction(gradient: Tensor, momentum: Tensor, keep: float) -> Tensor:
    momentum.lerp_(gradient, 1 - keep)
    return orthogonalized(gradient.lerp(momentum, keep))


class Optimizer:
    """One step for all parameters of a model.  Rates are those at full schedule; `step` takes the share of them."""

    def __init__(
        self, model: nn.Module, matrix_rate: float, vector_rate: float, weight_decay: float, momentum: float
    ) -> None:
        self._matrix_rate, self._vector_rate = matrix_rate, vector_rate
        self._decay, self._keep = weight_decay, momentum
        self._by_shape: dict[tuple[int, ...], list[nn.Parameter]] = {}
        embeddings: list[nn.Parameter] = []
        norms: list[nn.Parameter] = []
        for name, parameter in model.named_parameters():
            if parameter.dim() < 2:
                norms.append(parameter)
            elif "embed" in name:
                embeddings.append(parameter)
            else:
                self._by_shape.setdefault(tuple(parameter.shape), []).append(parameter)
        self._others = embeddings + norms
        on_gpu = self._others[0].is_cuda
        self._adam = torch.optim.AdamW(
            [{"params": embeddings, "weight_decay": 0.01}, {"params": norms, "weight_decay": 0.0}],
            lr=vector_rate,
            betas=(0.9, 0.95),
            eps=1e-10,
            fused=on_gpu,
        )
        self._momenta = {
            shape: torch.zeros(len(group), *shape, device=group[0].device) for shape, group in self._by_shape.items()
        }
        self._direct = torch.compile(_direction) if on_gpu else _direction

    @torch.no_grad()
    def step(self, share: float) -> None:
        """Apply the gradients at `share` of the full rates, and clear them."""
        nn.utils.clip_grad_norm_(self._others, 1.0)
        for group in self._adam.param_groups:
            group["lr"] = self._vector_rate * share
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
        rate = self._matrix_rate * share
        for shape, group in self._by_shape.items():
            gradients = torch.stack([p.grad for p in group if p.grad is not None])
            update = self._direct(gradients, self._momenta[shape], self._keep)
            scale = max(1.0, shape[0] / shape[1]) ** 0.5
            torch._foreach_mul_(group, 1 - rate * self._decay)
            torch._foreach_add_(group, list(update.to(group[0].dtype).unbind(0)), alpha=-rate * scale)
            for parameter in group:
                parameter.grad = None
