"""Entry point of `qkdctl`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from qkdctl.cli.daemon import daemon_socket
from qkdctl.cli.errors import outcome
from qkdctl.cli.output import complain
from qkdctl.cli.status import show_status
from qkdctl.exit_codes import SOFTWARE

#: What a shell reports for a program that Ctrl-C ended.
_INTERRUPTED = 128 + 2
#: Set by the completion scripts of the shells.
_COMPLETE = "_QKDCTL_COMPLETE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    _open_standard_streams()
    try:
        return _dispatch(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception:  # noqa: BLE001 - the last place where a defect can be told from an answer
        import traceback  # noqa: PLC0415 - needed in this one case

        complain(f"{traceback.format_exc()}\nerror: this is a defect of qkdctl; please report it with the text above")
        return SOFTWARE


def _open_standard_streams() -> None:
    """Stand in for streams that the caller closed, before a file of ours gets the number of one of them."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _dispatch(words: list[str]) -> int:
    plain = _plain_status(words)
    if plain is not None:
        socket, config, as_json = plain
        return outcome(lambda: show_status(daemon_socket(socket, config), as_json=as_json))
    return _run(words)


def _plain_status(words: list[str]) -> tuple[Path | None, Path | None, bool] | None:
    """Socket, configuration and JSON option of a single look at the status, None for every other command line.

    People and scripts look at the status all the time; setting up the parser takes longer than the look.
    """
    if words[:1] != ["status"] or _COMPLETE in os.environ:
        return None
    socket, config, as_json, rest = None, None, False, words[1:]
    while rest:
        match rest:
            case ["--json", *others]:
                as_json, rest = True, others
            case ["--socket", path, *others]:
                socket, rest = Path(path), others
            case ["--config", path, *others]:
                config, rest = Path(path), others
            case _:
                return None
    return socket, config, as_json


def _run(words: list[str]) -> int:
    import typer.main  # noqa: PLC0415 - see _plain_status

    from qkdctl.cli.app import app  # noqa: PLC0415

    if _COMPLETE in os.environ:
        from qkdctl.cli.completion import complete  # noqa: PLC0415

        complete()
    try:
        typer.main.get_command(app).main(args=words, prog_name="qkdctl")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
