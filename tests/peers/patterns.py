"""Texts that a pattern of Go's matches, made at random: by Python's own reader of patterns, for whatever both know."""
import random
import re
import string
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sre_constants
    import sre_parse

PRINTED = string.ascii_letters + string.digits + "_-+/."
CLASSES = {"alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z", "word": r"\w", "space": r"\s", "xdigit": "0-9A-Fa-f"}
CATEGORIES = {sre_constants.CATEGORY_DIGIT: string.digits, sre_constants.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
              sre_constants.CATEGORY_SPACE: " ", sre_constants.CATEGORY_NOT_SPACE: PRINTED, sre_constants.CATEGORY_NOT_WORD: " ",
              sre_constants.CATEGORY_NOT_DIGIT: string.ascii_letters}


def without_flags(pattern):
    """Flags that begin in the middle of a pattern, which Python does not know: what they do matters to who matches alone."""
    pattern = re.sub(r"\(\?[a-z]*(?:-[a-z]+)?\)", "", pattern)
    pattern = re.sub(r"\(\?[a-z]*(?:-[a-z]+)?:", "(?:", pattern)
    pattern = re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda found: re.escape(chr(int(found[1], 16))), pattern)
    return re.sub(r"\[:(\w+):\]", lambda found: CLASSES[found[1]], pattern.replace(r"\z", r"\Z"))


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def text(self, pattern):
        return self.parts(sre_parse.parse(without_flags(pattern)))

    def parts(self, parsed):
        return "".join(self.one(kind, value) for kind, value in parsed)

    def letters(self, members):
        if members and members[0][0] is sre_constants.NEGATE:
            banned = self.letters(members[1:])
            return [each for each in PRINTED if each not in banned] or ["~"]
        found = []
        for kind, value in members:
            if kind is sre_constants.LITERAL:
                found.append(chr(value))
            elif kind is sre_constants.RANGE:
                found += [chr(code) for code in range(value[0], min(value[1], 0x7e) + 1)]
            elif kind is sre_constants.CATEGORY:
                found += CATEGORIES[value]
        return found

    def one(self, kind, value):
        if kind is sre_constants.LITERAL:
            return chr(value)
        if kind is sre_constants.NOT_LITERAL:
            return self.rng.choice([each for each in PRINTED if ord(each) != value])
        if kind is sre_constants.ANY:
            return self.rng.choice(PRINTED)
        if kind is sre_constants.IN:
            return self.rng.choice([each for each in self.letters(value) if each not in "\n\r"] or ["\n"])
        if kind is sre_constants.BRANCH:
            return self.parts(self.rng.choice(value[1]))
        if kind is sre_constants.SUBPATTERN:
            return self.parts(value[-1])
        if kind in (sre_constants.MAX_REPEAT, sre_constants.MIN_REPEAT):
            least, most, inner = value
            count = self.rng.randint(least, min(int(most), least + 12))
            return "".join(self.parts(inner) for _ in range(count))
        if kind is sre_constants.AT:
            return ""
        raise ValueError(f"{kind} is not known")


def samples(pattern, count, seed):
    """Up to @count; a pattern that Python does not read has none."""
    maker = Maker(random.Random(seed))
    try:
        return [maker.text(pattern) for _ in range(count)]
    except (re.error, ValueError, KeyError, IndexError):
        return []
