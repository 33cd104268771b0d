"""What a user can cause: one clear line, exit status 2."""


class BitsimError(Exception):
    """A fault of the input or of the machine, said in one line: file, field, value, remedy.

    The command line prints the text on stderr and ends with status 2. A file with several
    faults gives one line for each. Broken promises between bitsim's own parts are `assert`s.
    """


class CheckFailedError(Exception):
    """A check did not hold (values or cycles differ): exit status 1."""
