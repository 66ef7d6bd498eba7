"""The book of lessons keeps the last rows, draws any of them, and goes on from what it stored."""

import numpy as np
import pytest
from qkdctl_policies.learning.lessons import LessonBook, Lessons


def lessons(begin, end):
    numbers = np.arange(begin, end, dtype=np.float32)
    return Lessons(
        np.stack([numbers, -numbers], axis=1),
        np.stack([numbers] * 3, axis=1),
        np.ones((end - begin, 3), dtype=np.bool_),
    )


def drawn(book, seed=1):
    return set(book.sample(2000, np.random.default_rng(seed)).gain[:, 0].astype(int).tolist())


def test_the_last_rows_are_kept():
    book = LessonBook(10, 2, 3)
    book.add(lessons(0, 4))
    assert (book.size, drawn(book)) == (4, set(range(4)))
    book.add(lessons(4, 13))
    assert (book.size, drawn(book)) == (10, set(range(3, 13)))
    book.add(lessons(13, 40))
    assert (book.size, drawn(book)) == (10, set(range(30, 40)))


def test_rows_stay_together():
    book = LessonBook(10, 2, 3)
    book.add(lessons(0, 17))
    sample = book.sample(100, np.random.default_rng(2))
    np.testing.assert_array_equal(sample.observation[:, 0], sample.gain[:, 2])
    np.testing.assert_array_equal(sample.observation[:, 1], -sample.gain[:, 0])


@pytest.mark.parametrize("rows", [3, 10, 14])
def test_what_was_stored_goes_on_as_before(rows):
    book, other = LessonBook(10, 2, 3), LessonBook(10, 2, 3)
    book.add(lessons(0, rows))
    other.load(book.state())
    for one in (book, other):
        one.add(lessons(100, 104))
    a, b = (one.sample(50, np.random.default_rng(3)) for one in (book, other))
    np.testing.assert_array_equal(a.gain, b.gain)


def test_an_empty_book_has_nothing_to_draw():
    with pytest.raises(ValueError, match="high <= 0"):
        LessonBook(10, 2, 3).sample(1, np.random.default_rng(1))
