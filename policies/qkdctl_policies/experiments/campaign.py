"""A whole suite on whatever runs functions, going on where it was interrupted."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed

from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.rows_file import RowsFile
from qkdctl_policies.experiments.story import Row, row_of


def run_cells(cells: Sequence[Cell], file: RowsFile, executor: Executor) -> Iterator[Row]:
    """Run the cells whose rows the file lacks; each row is in the file before it is given out.

    An interruption waits for the cells that are under way, and their rows are kept.

    Once all are there the file is brought into the order of the cells, so it is the same however often it was
    interrupted and however many cells ran at once.

    Args:
        cells: all of the suite.
        file: may have some rows already.
        executor: takes functions and arguments that can be pickled, such as `ProcessPoolExecutor`.

    Yields:
        New rows, in the order in which they end.

    Raises:
        RowsError: see `RowsFile.resume`.
        OSError: likewise, or when a policy cannot be read.
        ScenarioError: from the first cell whose network cannot be built.
        PolicyRejected: for a policy that is no good.
    """
    done = file.resume(cell.key for cell in cells)
    waiting = {executor.submit(row_of, cell) for cell in cells if cell.key not in done}
    try:
        for future in as_completed(set(waiting)):
            row = future.result()
            file.append(row)
            waiting.remove(future)
            yield row
    except (KeyboardInterrupt, GeneratorExit):
        for future in as_completed([future for future in waiting if not future.cancel()]):
            file.append(future.result())
        raise
    file.arrange([cell.key for cell in cells])
