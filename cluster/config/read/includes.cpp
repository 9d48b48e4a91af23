#include "cluster/config/read/includes.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "cluster/config/read/toml_reader.hpp"

namespace millrace::config {
namespace {

std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

class Reader {
 public:
  Reader(const ReadFile& read, Problems& problems) : read_(read), problems_(problems) {}

  /// `from` is where the file is asked for.
  Node load(const std::string& path, const Place& from, const std::string& key) {
    const auto complain = [&](const std::string& what) {
      problems_.push_back({.place = from, .path = key, .what = what});
      return Node(Node::Kind::table, from);
    };
    const std::string name = normal(path);
    if (std::find(chain_.begin(), chain_.end(), name) != chain_.end()) {
      return complain(
          fmt::format("expected no cycle, got {} -> {}", fmt::join(chain_, " -> "), name));
    }
    if (chain_.size() >= include_depth_max) {
      return complain(
          fmt::format("expected a depth of at most {} files, got more", include_depth_max));
    }
    if (++files_ > included_files_max) {
      return complain(
          fmt::format("expected at most {} files in all, got more", included_files_max));
    }
    auto text = read_(path);
    if (!text) {
      return complain(
          fmt::format("expected a readable file, got {}: {}", quote(path), text.error().message));
    }
    Node own = read_toml(*text, path, problems_);
    chain_.push_back(name);
    Node base(Node::Kind::table, own.place);
    for (const auto& [file, place] : take_includes(own)) {
      const std::filesystem::path folder = std::filesystem::path(path).parent_path();
      merge(base, load((folder / file).string(), place, "include"));
    }
    chain_.pop_back();
    const Place place = own.place;
    merge(base, std::move(own));
    base.place = place;
    return base;
  }

 private:
  using Includes = std::vector<std::pair<std::string, Place>>;

  Includes take_includes(Node& root) {
    Includes found;
    const auto at = std::find_if(root.members.begin(), root.members.end(),
                                 [](const Member& member) { return member.name == "include"; });
    if (at == root.members.end()) return found;
    const Node node = std::move(at->node);
    root.members.erase(at);
    if (node.kind == Node::Kind::list) {
      for (const Node& item : node.items) add(item, found);
    } else {
      add(node, found);
    }
    return found;
  }

  void add(const Node& node, Includes& found) {
    if (node.kind == Node::Kind::text && !node.text.empty()) {
      found.emplace_back(node.text, node.place);
    } else {
      problems_.push_back({.place = node.place,
                           .path = "include",
                           .what = "expected a path, or a list of them, got " + describe(node)});
    }
  }

  const ReadFile& read_;
  Problems& problems_;
  std::vector<std::string> chain_;
  std::size_t files_ = 0;
};

}  // namespace

Node read_with_includes(const std::string& path, const ReadFile& read, Problems& problems) {
  return Reader(read, problems).load(path, {.source = path}, "file");
}

}  // namespace millrace::config
