"""Brings the files on the board up to date."""

from flash import boards, files, plan
from flash.link import LinkError

SPARE_N = 16384  # free flash to leave: littlefs needs some, and leases are stored
INVENTORY_SILENCE_S = 120


class Progress:
    """Says for each file that it is there, with the share of all bytes copied by then."""

    def __init__(self, total_n, say):
        self._total_n = total_n
        self._done_n = 0
        self._say = say

    def copied(self, n):
        """Count n bytes."""
        self._done_n += n

    def file(self, path, n):
        """Say that a file of n bytes is there."""
        share = 100 * self._done_n // self._total_n if self._total_n else 100
        self._say(f"  {share:3} %  {path}, {n} bytes")


def identify(link, say, board=None):
    """Return (boards.Board, boards.Found) at the port; LinkError when it will not do.

    board  the one it has to be; None: whichever it is
    """
    found = link.identify()
    say(f"{found.machine}, MicroPython {found.release}, at {link.path}")
    board = board or boards.match(found)
    reason = boards.objection(board, found)
    if reason:
        raise LinkError(reason)
    return board, found


def update(link, board, wanted, chosen, say):
    """Bring the board's files up to date, and report what was copied.

    wanted  {path on the board: bytes} of the package
    chosen  bytes to replace main.py by, or None
    """
    found, free_n = link.ask("inventory", plan.FOLDER, [plan.MAIN], silence_s=INVENTORY_SILENCE_S)
    work = plan.package(wanted, found)
    example = files.example(board)
    about_main = plan.add_main(work, example, chosen, found)
    if work.copy_n + SPARE_N > free_n:
        raise LinkError(
            f"{work.copy_n} bytes to copy, {free_n} free in the board's flash: remove files"
        )
    if work.make or work.remove or work.rename:
        link.ask("change", work.make, work.remove, work.rename)
    for path in work.remove:
        say(f"  removed {path}, of an older version")
    progress = Progress(work.copy_n, say)
    for path, data in work.copy.items():
        link.write(path, data, progress.copied)
        progress.file(path, len(data))
    say(f"{len(work.copy)} files copied, {len(work.kept)} were there already; {about_main}")
    warning = plan.warning(example, chosen, found)
    if warning:
        say(f"warning: {warning}")
