"""Rotations of the Poincare sphere as unit quaternions (w, x, y, z), the last axis of every array.

The axes follow the states of BB84: basis Z lies along the third axis, basis X along the first. A quaternion and its
negative are the same rotation.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
IDENTITY.flags.writeable = False

_NO_ANGLE = 1e-150  # its sine over itself is exactly one


def multiply(left: ArrayLike, right: ArrayLike) -> Floats:
    """The rotation `right` followed by `left`: Hamilton's product."""
    w, x, y, z = np.moveaxis(floats(left), -1, 0)
    a, b, c, d = np.moveaxis(floats(right), -1, 0)
    product = np.empty((4, *np.broadcast_shapes(w.shape, a.shape)))
    product[0] = w * a - x * b - y * c - z * d
    product[1] = w * b + x * a + y * d - z * c
    product[2] = w * c - x * d + y * a + z * b
    product[3] = w * d + x * c - y * b + z * a
    return np.moveaxis(product, 0, -1)


def conjugate(rotation: ArrayLike) -> Floats:
    """The inverse rotation."""
    return np.asarray(floats(rotation) * np.array([1.0, -1.0, -1.0, -1.0]))


def normalized(quaternion: ArrayLike) -> Floats:
    """The same direction at length one; the length must not be zero."""
    values = floats(quaternion)
    return np.asarray(values / np.sqrt(np.sum(values * values, axis=-1, keepdims=True)))


def from_rotation_vector(vector: ArrayLike) -> Floats:
    """Turn about the direction of the vector (..., 3) by its length in radians."""
    return turn_and_sinc(vector)[0]


def turn_and_sinc(vector: ArrayLike) -> tuple[Floats, Floats]:
    """The turn by a rotation vector (..., 3), and sin(h)/h of its half angle h, which the turn is made with."""
    components = np.moveaxis(floats(vector), -1, 0)
    half = np.sqrt(np.sum(components * components, axis=0)) / 2
    turn = np.empty((4, *half.shape))
    np.cos(half, out=turn[0, ...])
    half = np.maximum(half, _NO_ANGLE)
    sinc = np.asarray(np.sin(half) / half)
    np.multiply(components, sinc / 2, out=turn[1:])
    return np.moveaxis(turn, 0, -1), sinc


def to_matrix(rotation: ArrayLike) -> Floats:
    """Orthogonal matrices (..., 3, 3) of unit quaternions (..., 4)."""
    w, x, y, z = np.moveaxis(floats(rotation), -1, 0)
    matrix = np.empty((*w.shape, 3, 3))
    for i, (a, b, c) in enumerate(((x, y, z), (y, z, x), (z, x, y))):
        j, k = (i + 1) % 3, (i + 2) % 3
        matrix[..., i, i] = 1 - 2 * (b * b + c * c)
        matrix[..., j, i] = 2 * (a * b + w * c)
        matrix[..., k, i] = 2 * (a * c - w * b)
    return matrix


def basis_errors(rotation: ArrayLike) -> tuple[Floats, Floats]:
    """Probability that a state of basis Z, and of basis X, is read as its opposite after this rotation.

    They are (1 - R_zz)/2 = x^2 + y^2 and (1 - R_xx)/2 = y^2 + z^2.
    """
    _, x, y, z = np.moveaxis(floats(rotation), -1, 0)
    squared = y * y
    # quaternions are of unit length up to rounding, probabilities are not
    return np.minimum(x * x + squared, 1.0), np.minimum(squared + z * z, 1.0)


def uniform_rotations(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Rotations (*shape, 4) without any preference: the invariant law of the group."""
    return normalized(rng.standard_normal((*shape, 4)))
