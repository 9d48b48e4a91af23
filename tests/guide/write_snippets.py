"""Writes the program of all recipes of the guide: guide.proto and snippets.cpp.

Usage: write_snippets.py ROOT FOLDER

Each page is a namespace of its own within `guide`. What a block includes stands at the top of the file.
Compilers name the lines of the pages.
"""

import pathlib
import sys

from pages import PAGES, read_page


def proto_of(blocks):
    text = "".join(block.text for block in blocks)
    return 'syntax = "proto3";\npackage guide;\n\n' + text


def outside(lines, namespace):
    """Takes specialisations of templates of Millrace out of the namespace of their page. Keeps the number of lines."""
    out, is_outside = [], False
    for line, after in zip(lines, lines[1:] + [""]):
        if line == "template <>" and after.startswith("struct millrace::"):
            is_outside = True
            line = f"}}}} using namespace guide::{namespace}; {line}"
        elif is_outside and line == "};":
            is_outside = False
            line += f" namespace guide {{ namespace {namespace} {{"
        out.append(line)
    return out


def program_of(blocks):
    includes, code, page = ['#include "guide.pb.h"'], ["namespace guide {\n"], None
    for block in blocks:
        lines = block.text.split("\n")
        includes += [line for line in lines if line.startswith("#include") and line not in includes]
        if block.page != page and block.page != "README":
            if page is not None:
                code.append("}\n")
            page = block.page
            code.append(f"namespace {page.replace('-', '_')} {{\n")
        code.append(f'#line {block.line} "docs/guide/{block.page}.md"\n')
        lines = ["" if line.startswith("#include") else line for line in lines]
        code.append("\n".join(outside(lines, (page or "").replace("-", "_"))))
    return "\n".join(includes) + "\n\n" + "".join(code) + "}\n}\n"


def write(path, text):
    """Leaves a file as it is that has this text already, so that nothing is compiled again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main(root, folder):
    blocks = [block for page in PAGES for block in read_page(root, page) if not block.is_quoted]
    write(folder / "guide.proto", proto_of(each for each in blocks if each.language == "proto"))
    write(folder / "snippets.cpp", program_of([each for each in blocks if each.language == "cpp"]))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
