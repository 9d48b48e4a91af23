#include "cluster/config/print/defaults_file.hpp"

#include <string>
#include <string_view>

#include "cluster/config/read/parse_value.hpp"
#include "cluster/config/read/schema.hpp"

namespace millrace::config {
namespace {

constexpr std::size_t columns_max = 100;

// `text` as comment lines.
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

// What stands for a name that the user chooses.
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

  // A user chooses the names, so that one stands as an example.
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
