"""Checks of random laws that raise a false alarm once in a million, however many samples they look at."""

import numpy as np
from scipy.stats import ks_2samp, kstest, norm

FALSE_ALARM = 1e-6
DEVIATIONS = norm.isf(FALSE_ALARM / 2)


def assert_mean(samples, expected, deviation=None):
    """The mean of independent samples is the expected one, up to its own scatter."""
    values = np.asarray(samples, dtype=float).ravel()
    spread = (values.std() if deviation is None else deviation) / np.sqrt(values.size)
    assert abs(values.mean() - expected) <= DEVIATIONS * spread + 1e-12 * abs(expected), (values.mean(), expected)


def assert_variance(samples, expected):
    """The variance of independent samples is the expected one."""
    values = np.asarray(samples, dtype=float).ravel()
    assert_mean((values - values.mean()) ** 2, expected)


def assert_correlation(left, right, expected):
    """Pairs of normal deviates correlate as expected (Fisher's transformation)."""
    found = np.corrcoef(np.ravel(left), np.ravel(right))[0, 1]
    spread = 1 / np.sqrt(np.size(left) - 3)
    assert abs(np.arctanh(found) - np.arctanh(expected)) <= DEVIATIONS * spread, (found, expected)


def assert_law(samples, distribution_function):
    """Independent samples follow this distribution function."""
    assert kstest(np.ravel(samples), distribution_function).pvalue > FALSE_ALARM


def assert_same_law(left, right):
    """Two sets of independent samples follow one law."""
    assert ks_2samp(np.ravel(left), np.ravel(right)).pvalue > FALSE_ALARM


def rng(seed=1):
    return np.random.default_rng(seed)
