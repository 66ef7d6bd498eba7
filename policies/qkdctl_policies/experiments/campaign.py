"""A whole suite on whatever runs functions, going on where it was interrupted."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed

from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.first_look import require_keys, require_networks
from qkdctl_policies.experiments.rows_file import RowsFile
from qkdctl_policies.experiments.story import Row, row_of


def run_cells(
    cells: Sequence[Cell], file: RowsFile, executor: Executor, suite: Sequence[Cell] | None = None
) -> Iterator[Row]:
    """Run the cells whose rows the file lacks; each row is in the file before it is given out.

    An interruption, or a cell that fails, waits for the cells that are under way, and their rows are kept.

    Once all are there the file is brought into the order of the cells, so it is the same however often it was
    interrupted and however many cells ran at once.

    Args:
        cells: to run.
        file: may have some rows already.
        executor: takes functions and arguments that can be pickled, such as `ProcessPoolExecutor`.
        suite: all cells whose rows the file may have; those to run, by default.

    Yields:
        New rows, in the order in which they end.

    Raises:
        RowsError: see `RowsFile.resume`.
        OSError: likewise, or when a policy cannot be read.
        ScenarioError: when a network cannot be built, before any cell is run.
        SuiteError: when a load asks for no key, before any cell is run.
        PolicyRejected: for a policy that is no good.
    """
    require_networks(cells)
    known = [cell.key for cell in (cells if suite is None else suite)]
    done = file.resume(known)
    missing = [cell for cell in cells if cell.key not in done]
    require_keys(missing)
    waiting = {executor.submit(row_of, cell) for cell in missing}
    try:
        for future in as_completed(set(waiting)):
            row = future.result()
            file.append(row)
            waiting.remove(future)
            yield row
    except BaseException:
        for future in as_completed([future for future in waiting if not future.cancel()]):
            if future.exception() is None:
                file.append(future.result())
        raise
    file.arrange(known)
