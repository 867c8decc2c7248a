"""Runs on the board: makes directories, removes files and directories, renames."""

import os


def main(make, remove, rename):
    """Make the directories that are missing, then remove, then rename; return how much was done.

    make    paths of directories, parents first
    remove  paths of files and empty directories, children first
    rename  [(from, to)]
    """
    done = 0
    for path in make:
        try:
            os.mkdir(path)
            done += 1
        except OSError:  # it is there
            pass
    for path in remove:
        try:
            os.remove(path)
        except OSError:  # a directory, on some ports
            os.rmdir(path)
        done += 1
    for old, new in rename:
        os.rename(old, new)
        done += 1
    return done
