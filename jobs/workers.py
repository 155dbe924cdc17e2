"""Every worker of the process: started and stopped where the scheduler is."""

from jobs import transfers, worker

ALL = (*transfers.WORKERS,)


def start() -> None:
    """Let this process work off what is due."""
    worker.start(ALL)


def stop() -> None:
    """End what `start` began."""
    worker.stop()
    transfers.finish()
