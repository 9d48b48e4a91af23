#include "actors/journal/backup/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

constexpr std::string_view first_line = "millrace backup, format ";
constexpr std::uint32_t manifest_version = 1;
constexpr std::string_view segments_prefix = "segments/";

Error damaged(const std::string& expected) {
  return {ErrorCode::corrupt, "manifest: expected " + expected};
}

template <class Number>
std::optional<Number> number_in(std::string_view digits) {
  Number number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// Takes the text up to `separator` off `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

// "state/<20 digits>/<name>".
bool is_file_of_states(std::string_view name) {
  constexpr std::size_t digits = 20;
  const auto is_digit = [](char c) {
    return c >= '0' && c <= '9';
  };
  const auto is_plain = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!name.starts_with(files::state_name)) return false;
  name.remove_prefix(files::state_name.size());
  if (name.size() < digits + 3 || name[0] != '/' || name[digits + 1] != '/') return false;
  const std::string_view copy = name.substr(1, digits);
  const std::string_view file = name.substr(digits + 2);
  return std::all_of(copy.begin(), copy.end(), is_digit) && file[0] != '.' &&
         std::all_of(file.begin(), file.end(), is_plain);
}

// No other names: a manifest must not make restore write elsewhere.
bool is_file_of_backup(std::string_view name) {
  if (name == "format" || name == files::incarnation_name) return true;
  if (name.starts_with(segments_prefix)) {
    return parse_segment_name(name.substr(segments_prefix.size())).has_value();
  }
  return parse_checkpoint_name(name).has_value() || is_file_of_states(name);
}

Result<void> decode_file(Manifest& manifest, std::string_view value) {
  BackupFile file;
  file.name = take(value, ' ');
  const auto bytes = number_in<std::uint64_t>(take(value, ' '));
  const auto checksum = number_in<std::uint32_t>(value);
  if (!is_file_of_backup(file.name) || !bytes || !checksum) {
    return damaged("a file's name, length and checksum");
  }
  file.bytes = *bytes;
  file.crc32c = *checksum;
  manifest.files.push_back(std::move(file));
  return {};
}

Result<void> decode_line(Manifest& manifest, std::string_view line) {
  const std::string_view name = take(line, ' ');
  if (name == "file") return decode_file(manifest, line);
  if (name == "node") manifest.identity.node = line;
  if (name == "cluster") manifest.identity.cluster = line;
  const auto set = [&](std::string_view called, auto& field) -> Result<void> {
    if (name != called) return {};
    const auto number = number_in<std::remove_reference_t<decltype(field)>>(line);
    if (!number) return damaged("a number as " + std::string(called));
    field = *number;
    return {};
  };
  if (auto done = set("incarnation", manifest.identity.incarnation); !done) return done;
  if (auto done = set("generation", manifest.identity.generation); !done) return done;
  if (auto done = set("at_us", manifest.at_us); !done) return done;
  return set("last_record", manifest.last_lsn);
}

}  // namespace

std::uint64_t Manifest::bytes() const {
  return std::accumulate(
      files.begin(), files.end(), std::uint64_t{0},
      [](std::uint64_t sum, const BackupFile& file) { return sum + file.bytes; });
}

std::string encode_manifest(const Manifest& manifest) {
  std::string text = std::string(first_line) + std::to_string(manifest_version) + "\n";
  const auto line = [&text](const char* name, const std::string& value) {
    text += std::string(name) + " " + value + "\n";
  };
  line("node", manifest.identity.node);
  line("cluster", manifest.identity.cluster);
  line("incarnation", std::to_string(manifest.identity.incarnation));
  line("generation", std::to_string(manifest.identity.generation));
  line("at_us", std::to_string(manifest.at_us));
  line("last_record", std::to_string(manifest.last_lsn));
  for (const BackupFile& file : manifest.files) {
    line("file", file.name + " " + std::to_string(file.bytes) + " " + std::to_string(file.crc32c));
  }
  return text + "crc32c " + std::to_string(crc32c(text)) + "\n";
}

Result<Manifest> decode_manifest(std::string_view text) {
  const std::size_t last = text.rfind("crc32c ");
  if (!text.starts_with(first_line) || last == std::string_view::npos || !text.ends_with('\n')) {
    return damaged("the manifest of a backup");
  }
  std::string_view version = text.substr(first_line.size());
  const auto number = number_in<std::uint32_t>(take(version, '\n'));
  if (number && *number > manifest_version) {
    return Error{ErrorCode::unsupported_version,
                 "the backup has format " + std::to_string(*number)};
  }
  std::string_view checksum = text.substr(last + 7);
  if (!number || number_in<std::uint32_t>(take(checksum, '\n')) != crc32c(text.substr(0, last))) {
    return damaged("an intact manifest");
  }
  Manifest manifest;
  std::string_view rest = text.substr(0, last);
  take(rest, '\n');
  while (!rest.empty()) {
    if (auto done = decode_line(manifest, take(rest, '\n')); !done) return done.error();
  }
  return manifest;
}

}  // namespace millrace::journal
