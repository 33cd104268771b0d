"""What a user is told in one line, and the exit status that goes with it."""


class BitsimError(Exception):
    """A fault of the input or of the machine, said in one line: file, field, value, remedy.

    The command line prints the text on stderr and ends with status 2. A file with several
    faults gives one line for each. Broken promises between bitsim's own parts are `assert`s.
    """

    exit_status = 2


class CheckFailedError(Exception):
    """A check did not hold (values or cycles differ): exit status 1."""

    exit_status = 1
