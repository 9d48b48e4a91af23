"""The rules of the tree. Each yields (path, line, message) per violation; line 0: whole file."""

import fnmatch
import re

import precompiled
from rooms import ROOMS

LINES_MAX = 600

RANK = {"messages": 0, "actors": 1, "cluster": 2, "apps": 3, "millrace": 4, "tests": 5}

# The only files that may name CAF, so that a new version of CAF affects no others: the type-id
# block, the shells, the network between nodes, and their tests.
CAF_HOMES = (
    "messages/caf_types.hpp",
    "*/shell/*",
    "cluster/transport/net/*",
    "tests/*_actor.hpp",
    "tests/*_actor.cpp",
    "tests/*_actor_test.cpp",
)
CAF_NAME = re.compile(r"\bcaf::|\bCAF_[A-Z_]+\b")

PURE_BAN_INCLUDE = re.compile(
    r"^(caf/.*|spdlog/.*|sys/.*|thread|mutex|shared_mutex|condition_variable|atomic|future|random|"
    r"fstream|iostream|filesystem|cstdio|ctime|unistd\.h|fcntl\.h|time\.h|stdio\.h)$"
)
PURE_BAN_CODE = re.compile(
    r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday|getenv|rand|"
    r"srand|printf|fopen|this_thread)\b"
)

SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep\s*\()")


def room_of(path):
    """Returns the room of a source: its folder, without a final shell/."""
    return re.sub(r"/shell$", "", path.rpartition("/")[0])


def kind_of(path):
    """Returns core, plain or shell, see rooms.py; None for tests and rooms that are not listed."""
    return ROOMS[room_of(path)][0] if room_of(path) in ROOMS else None


def names_caf(source):
    for number, name, _ in source.includes():
        if name.startswith("caf/"):
            yield number
    for number, line in source.lines():
        if CAF_NAME.search(line):
            yield number


def direction(tree):
    """No include leads to a higher floor: millrace > apps > cluster > actors > messages."""
    for source in tree.cpp():
        if source.path.startswith(EXAMPLES):
            continue
        top = source.path.split("/")[0]
        for number, name, _ in source.includes():
            if RANK.get(name.split("/")[0], -1) > RANK[top]:
                yield source.path, number, f"{top}/ may not include {name}"


def rooms(tree):
    """Each source is in a room of rooms.py, and includes of its floor only the rooms listed there."""
    above = set()
    for name, (_, includes) in ROOMS.items():
        if lower := sorted(includes - above):
            yield "tests/layering/rooms.py", 0, f"{name} stands above {', '.join(lower)}"
        above.add(name)
    for source in tree.cpp():
        if source.path.startswith(("tests/", EXAMPLES)):
            continue
        room = room_of(source.path)
        if room not in ROOMS:
            yield source.path, 0, f"{room}/ is no room of tests/layering/rooms.py"
            continue
        if "/shell/" in source.path and kind_of(source.path) != "shell":
            yield source.path, 0, f"{room}/ has no shell by tests/layering/rooms.py"
        for number, name, _ in source.includes():
            other = room_of(name)
            if name not in tree.sources or other == room or other.split("/")[0] != room.split("/")[0]:
                continue
            if other not in ROOMS[room][1]:
                yield source.path, number, f"{room}/ may not include {other}/"


def caf(tree):
    """Only CAF_HOMES name CAF; core and plain rooms include it neither directly nor indirectly."""
    for source in tree.cpp():
        if kind_of(source.path) in ("core", "plain"):
            ways = {source.path: (source.path,), **tree.reached_from(source.path)}
            for name, way in ways.items():
                if number := next(names_caf(tree.sources[name]), 0):
                    yield source.path, number if name == source.path else 0, (
                        "knows CAF: " + " > ".join(way)
                    )
        elif not any(fnmatch.fnmatch(source.path, home) for home in CAF_HOMES):
            for number in names_caf(source):
                yield source.path, number, "CAF is named beyond its edge"


def pure(tree):
    """A core uses no clock, thread, file, log or randomness: its commands carry their values."""
    for source in tree.cpp():
        if kind_of(source.path) != "core":
            continue
        for number, name, _ in source.includes():
            if PURE_BAN_INCLUDE.match(name):
                yield source.path, number, f"a core is pure, and may not include {name}"
        for number, line in source.lines():
            if match := PURE_BAN_CODE.search(line):
                yield source.path, number, f"a core is pure, and may not use {match[0]}"


# The headers that programs include, and the list of what is installed with them.
PUBLIC = "millrace/"
PUBLIC_LIST = "cmake/public_headers.txt"


def public(tree):
    """PUBLIC_LIST names the headers in PUBLIC and all that they include of the tree; those include
    nothing else but the standard library and Protobuf."""
    found = set()
    for source in tree.cpp():
        if source.path.startswith(PUBLIC):
            found |= {source.path, *tree.reached_from(source.path)}
    for path in tuple(found):
        for number, name, in_brackets in tree.sources[path].includes():
            if name.startswith("google/protobuf/") or (in_brackets and re.fullmatch(r"\w+", name)):
                continue
            if name.endswith(".pb.h"):
                found.add(name)
            elif name not in tree.sources:
                yield path, number, f"a public header may not include {name}"
    listing = tree.root / PUBLIC_LIST
    listed = listing.read_text(encoding="utf-8").split("\n") if listing.exists() else []
    listed = {line for line in listed if line and not line.startswith("#")}
    for path in sorted(found - listed):
        yield PUBLIC_LIST, 0, f"{path} is public, and missing"
    for path in sorted(listed - found):
        yield PUBLIC_LIST, 0, f"{path} is reached from no header in {PUBLIC}"


# Projects of their own, which see of Millrace what is installed.
EXAMPLES = "apps/examples/"


def examples(tree):
    """The examples include of the tree only the headers in PUBLIC."""
    for source in tree.cpp():
        if not source.path.startswith(EXAMPLES):
            continue
        for number, name, _ in source.includes():
            if name.split("/")[0] in RANK and name not in tree.sources:
                yield source.path, number, f"there is no {name}"
            elif name.split("/")[0] in RANK and not name.startswith(PUBLIC):
                yield source.path, number, f"a program of a user may not include {name}"


def auditor(tree):
    """The auditor shares no code with the stages that it checks."""
    for source in tree.cpp():
        if not source.path.startswith("apps/orders/audit/"):
            continue
        for number, name, _ in source.includes():
            own = name.startswith(("apps/orders/audit/", "apps/audit/"))
            if name.startswith("apps/") and not own and not name.endswith(".pb.h"):
                yield source.path, number, f"the auditor may not include {name}"


def reader(tree):
    """The reader of the on-disk format shares no code with the runtime that it checks."""
    for source in tree.cpp():
        if not source.path.startswith("apps/audit/"):
            continue
        for number, name, _ in source.includes():
            if name.split("/")[0] in RANK and not name.startswith(("apps/audit/", "messages/")):
                yield source.path, number, f"the reader of the format may not include {name}"


# Engines behind actors/log/, and the only other sources that may include them: the choice of the
# engine, and the bench of the journal. Tests may include everything. The engine for PostgreSQL writes
# frames and checkpoints in the journal's formats, and its room may include no more than these.
ENGINES = ("actors/journal/", "actors/postgres_log/")
ENGINE_USERS = (
    "actors/engines/*",
    "apps/bench/journal_bench.cpp",
    "apps/bench/raw_writer.cpp",
    "tests/*",
)


def engines(tree):
    """Nothing above actors/log/ knows which engine keeps the log."""
    for source in tree.cpp():
        if source.path.startswith(ENGINES):
            continue
        if any(fnmatch.fnmatch(source.path, user) for user in ENGINE_USERS):
            continue
        for number, name, _ in source.includes():
            if name.startswith(ENGINES):
                yield source.path, number, f"only actors/engines/ may include {name}"


STD_NAME = re.compile(r"\bstd::(\w+)")
OTHER_NAMES = {
    prefix: re.compile(rf"(?<![\w:]){prefix}") for prefix in precompiled.OTHERS
}


def included(tree):
    """A source includes the headers of the names that it uses, although they are precompiled."""
    for source in tree.cpp():
        reached = set()
        for path in (source.path, *tree.reached_from(source.path)):
            reached.update(name for _, name, _ in tree.sources[path].includes())
        for name in tuple(reached):
            reached.update(precompiled.ALSO.get(name, ()))
            if name.endswith(".pb.h"):
                reached.update(("string", "google/protobuf/message.h"))
        missing = set()
        for number, line in source.lines():
            for match in STD_NAME.finditer(line):
                header = precompiled.HEADER_OF.get(match[1])
                if header and header not in reached and header not in missing:
                    missing.add(header)
                    yield source.path, number, f"std::{match[1]} without <{header}>"
            for prefix, pattern in OTHER_NAMES.items():
                home = precompiled.OTHERS[prefix]
                if prefix in missing or not pattern.search(line):
                    continue
                if not any(name.startswith(home) for name in reached):
                    missing.add(prefix)
                    yield source.path, number, f"{prefix} without a header of its own"


def length(tree):
    """A file has at most LINES_MAX lines, or a reason in exceptions.txt."""
    for source in tree.sources.values():
        count = source.text.count("\n")
        if count > LINES_MAX:
            yield source.path, 0, f"{count} lines, more than {LINES_MAX}"


def sleep(tree):
    """No C++ source sleeps: a wait is for an event, with a deadline."""
    for source in tree.cpp():
        for number, line in source.lines():
            if match := SLEEP.search(line):
                yield source.path, number, f"{match[1].strip(' (')} synchronises nothing"


# Links, paths and names in documents, see documents().
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
CODE_PATH = re.compile(
    r"`((?:messages|actors|cluster|apps|tests|configs|docs|cmake|\.ci)/[\w./-]*)`"
)
NAME_IN_FILE = re.compile(r"`([A-Za-z_]\w*)(?:\(\))?`\s+in\s+`([\w./-]+\.(?:hpp|cpp|proto))`")


def documents(tree):
    """Each path, link and function that a document names exists."""
    for document in tree.documents():
        path = document.relative_to(tree.root).as_posix()
        text = document.read_text(encoding="utf-8")

        def line_of(match, text=text):
            return text.count("\n", 0, match.start()) + 1

        for match in CODE_PATH.finditer(text):
            if not (tree.root / match[1]).exists():
                yield path, line_of(match), f"{match[1]} does not exist"
        for match in LINK.finditer(text):
            if not (document.parent / match[1]).exists():
                yield path, line_of(match), f"the link to {match[1]} leads nowhere"
        for match in NAME_IN_FILE.finditer(text):
            source = tree.sources.get(match[2])
            if source and not re.search(rf"\b{match[1]}\b", source.code):
                yield path, line_of(match), f"{match[2]} has no {match[1]}"


RULES = {
    rule.__name__: rule
    for rule in (
        direction, rooms, caf, pure, public, examples, auditor, reader, engines, included, length,
        sleep, documents
    )
}
