"""The `mnistcli` command; `python -m mnistcli` is the same."""

import gc
import os


def main() -> None:
    """Run the command line and exit with its status."""
    # Start-up makes many objects and hardly any garbage; `tensorflow_starting` turns the
    # collector on again. A config error took 0.47 s instead of 0.56 s (medians of 15, without
    # cached bytecode).
    gc.disable()
    # NumPy's BLAS starts a thread per core, and each waits busily for work that hardly comes. Where
    # another program had one of two cores, a prediction took 0.39 s instead of 0.53 s without them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Looking for plugins of pydantic in every installed package takes 8 ms; each found is imported.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from mnistcli.cli.signals import end_at_stop_signals

    end_at_stop_signals()  # first, since the imports take half a second
    from mnistcli.cli.streams import connect_streams

    connect_streams()
    from mnistcli.cli.app import run

    try:
        run()
    finally:
        # Python would search all objects for garbage before it ends, for 0.04 s of a prediction.
        gc.freeze()


if __name__ == "__main__":
    main()
