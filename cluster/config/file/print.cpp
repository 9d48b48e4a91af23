#include "cluster/config/file/print.hpp"

#include <string>
#include <string_view>

#include "cluster/config/read/parse_value.hpp"
#include "cluster/config/read/schema.hpp"

namespace millrace::config {

namespace {

constexpr std::string_view introduction =
    R"(# Configuration

A node reads its configuration from a [TOML 1.0](https://toml.io/en/v1.0.0) file. This page is
generated from the table of keys in `cluster/config/keys/key_table.hpp` by
`millrace config print-defaults --markdown`; a test checks that it is current.

    millrace config check -c configs/one-node.toml       report all errors, each with its position
    millrace config print -c FILE [--effective]          print the values; and their sources
    millrace config print-defaults                       print a file with every key
    millrace cluster certs --out certs --nodes a,b,c     create the files for [tls]

A later source overrides an earlier one:

    defaults < include < file < environment < --set < flag

- `include` names files by path relative to the including file. Tables merge key by key, lists of
  tables by the `name` of their items; every other value is replaced.
- `MILLRACE__LOG__LEVEL=debug` sets `log.level`: two underscores stand for a dot, one
  underscore also stands for a hyphen, and case is ignored. A name that is not a key is an error.
- `--set log.level=debug` does the same. A list item is named by its index from 0 or by its name,
  quoted if it contains a dot: `--set 'queue."orders.placed".in_flight=100'`. Lists of names are
  separated by commas.
- Durations are strings with a unit us, ms, s, m, h or d; sizes with B, KiB, MiB, GiB or TiB.
- Paths other than those of `include` are relative to the working directory.

With an error in the configuration the program exits with status 78 and starts nothing. Each error is
a line `file:line:column: error: key: expected …, got …`. Besides values out of the ranges below,
errors are: a node that is not in `cluster.nodes`; duplicate names or addresses; a cluster address beyond loopback without
`[tls]`; an HTTP address beyond loopback without a token; TLS files that are missing, do not belong
together, have expired or name another node; a private key or token that others can read; shards
pinned to unknown nodes; a low water mark that is not below the high one; a role that no node has.
)";

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

void row(std::string& out, const Key& key, const std::string& name) {
  std::string fallback = key.fallback.empty() ? std::string("none") : std::string(key.fallback);
  if (!key.fallback.empty()) fallback = "`" + fallback + "`";
  if (key.is_required) fallback = "required";
  out += "| `" + name + "` | " + cell(expectation(key)) + " | " + cell(fallback) + " | " +
         cell(key.doc) + " |\n";
}

// Appends table rows for the keys of `at`; if `is_deep`, also for those of its tables, by dotted
// names.
void rows(std::string& out, const Schema& at, const std::string& prefix, bool is_deep) {
  for (const Schema& child : at.children) {
    const std::string name = child.name == "*" ? "NAME" : child.name;
    const std::string path = join(prefix, name);
    if (child.shape == Schema::Shape::value) row(out, *child.key, path);
    if (child.shape == Schema::Shape::table && is_deep) rows(out, child, path, true);
  }
}

void section(std::string& out, const Schema& at, const std::string& path) {
  const bool is_list = at.shape == Schema::Shape::list;
  out += is_list ? "\n## [[" + path + "]]\n\n" : "\n## [" + path + "]\n\n";
  if (at.group != nullptr) out += std::string(at.group->doc) + "\n\n";
  out += "| key | expects | default | meaning |\n|---|---|---|---|\n";
  const bool is_item = at.name == "*";
  rows(out, at, "", is_item);
  if (is_item) return;
  for (const Schema& child : at.children) {
    const std::string below = join(path, child.name);
    if (child.shape == Schema::Shape::value) continue;
    const bool has_tables =
        child.shape == Schema::Shape::named && child.children.front().shape == Schema::Shape::table;
    if (has_tables) {
      section(out, child.children.front(), join(below, "NAME"));
    } else {
      section(out, child, below);
    }
  }
}

}  // namespace

std::string reference_page() {
  std::string out(introduction);
  out += "\n## At the top\n\n| key | expects | default | meaning |\n|---|---|---|---|\n";
  rows(out, schema(), "", false);
  for (const Schema& child : schema().children) {
    if (child.shape != Schema::Shape::value) section(out, child, child.name);
  }
  return out;
}

namespace {

constexpr std::size_t columns_max = 100;

// Appends `text` as comment lines of at most columns_max characters.
void comment(std::string& out, std::string_view text) {
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (column == 0 || column + 1 + word.size() > columns_max) {
      if (column != 0) out += '\n';
      out += '#';
      column = 1;
    }
    out += ' ';
    out += word;
    column += 1 + word.size();
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  out += '\n';
}

// Returns an example of a name that the user chooses.
std::string_view example_name(const std::string& path) {
  return path == "cluster.overrides" ? "0" : "validate";
}

class Writer {
 public:
  [[nodiscard]] std::string run() {
    comment(out_,
            "Every key of a Millrace node, at its default. `#key` is one without a default: its "
            "value is an example. Made by `millrace config print-defaults`.");
    out_ += '\n';
    table(schema(), "", false);
    return std::move(out_);
  }

 private:
  void table(const Schema& at, const std::string& path, bool is_off) {
    for (const Schema& child : at.children) {
      if (child.shape == Schema::Shape::value) value(*child.key, child.name, is_off);
    }
    for (const Schema& child : at.children) {
      if (child.shape != Schema::Shape::value) group(child, join(path, child.name), is_off);
    }
  }

  void group(const Schema& at, const std::string& path, bool is_off) {
    if (at.shape == Schema::Shape::named) return named(at, path);
    const bool is_list = at.shape == Schema::Shape::list;
    out_ += '\n';
    if (at.group != nullptr) comment(out_, at.group->doc);
    if (is_off || is_list) out_ += '#';
    out_ += is_list ? "[[" + path + "]]\n" : "[" + path + "]\n";
    table(at, path, is_off || is_list);
  }

  // Prints one example entry of a table whose names the user chooses.
  void named(const Schema& at, const std::string& path) {
    const Schema& item = at.children.front();
    const std::string_view name = example_name(path);
    if (item.shape != Schema::Shape::value) return group(item, join(path, name), true);
    out_ += '\n';
    if (at.group != nullptr) comment(out_, at.group->doc);
    out_ += "#[" + path + "]\n";
    value(*item.key, name, true);
  }

  void value(const Key& key, std::string_view name, bool is_off) {
    std::string doc(key.doc);
    doc += " Expects " + expectation(key) + ".";
    if (key.is_required) doc += " Required.";
    comment(out_, doc);
    const bool has_value = !key.fallback.empty() || key.is_required;
    if (is_off || !has_value) out_ += '#';
    out_ += name;
    out_ += " = ";
    out_ += key.fallback.empty() ? key.example : key.fallback;
    out_ += '\n';
  }

  std::string out_;
};

}  // namespace

std::string defaults_file() {
  return Writer().run();
}

}  // namespace millrace::config
