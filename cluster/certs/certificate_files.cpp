#include "cluster/certs/certificate_files.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/certs/check.hpp"
#include "cluster/certs/issue.hpp"
#include "cluster/certs/openssl.hpp"

namespace millrace::certs {
namespace {

constexpr std::size_t nodes_max = 1'000;
constexpr mode_t secret = 0600;
constexpr mode_t open_to_all = 0644;

struct File {
  std::filesystem::path path;
  std::string content;
  mode_t mode;
};

Error invalid_request(std::string what) {
  return Error{ErrorCode::invalid_argument, std::move(what)};
}

Error failed(const std::filesystem::path& path, int error) {
  return Error{ErrorCode::storage_failed,
               path.string() + ": " + std::generic_category().message(error)};
}

bool is_node_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.front() != '.' && name.size() <= name_length_max &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<void> validate(const ClusterCertificates& wanted) {
  if (wanted.nodes.empty() || wanted.nodes.size() > nodes_max) {
    return invalid_request("nodes: expected 1 to " + std::to_string(nodes_max) + ", got " +
                           std::to_string(wanted.nodes.size()));
  }
  std::set<std::string> seen{"ca"};
  for (const std::string& node : wanted.nodes) {
    if (!is_node_name(node)) {
      return invalid_request("nodes: expected names of 1 to 64 characters of [a-z0-9._-], got \"" +
                             node + "\"");
    }
    if (!seen.insert(node).second) {
      return invalid_request("nodes: expected each name once, and none \"ca\", got \"" + node +
                             "\"");
    }
  }
  for (const Host& host : wanted.hosts) {
    if (host.node.empty() || (seen.contains(host.node) && host.node != "ca")) continue;
    return invalid_request("hosts: expected one of the nodes, got \"" + host.node + "\"");
  }
  return {};
}

std::vector<std::string> hosts_of(const ClusterCertificates& wanted, const std::string& node) {
  std::vector<std::string> hosts;
  for (const Host& host : wanted.hosts) {
    if (host.node.empty() || host.node == node) hosts.push_back(host.host);
  }
  return hosts;
}

void add(std::vector<File>& files, const std::filesystem::path& folder, const std::string& name,
         Identity identity) {
  files.push_back({folder / (name + ".crt"), std::move(identity.certificate), open_to_all});
  files.push_back({folder / (name + ".key"), std::move(identity.key), secret});
}

Result<void> add_nodes(std::vector<File>& files, const ClusterCertificates& wanted,
                       const Identity& authority, Validity validity) {
  for (const std::string& node : wanted.nodes) {
    auto identity = issue(authority, node, hosts_of(wanted, node), validity);
    if (!identity) return identity.error();
    add(files, wanted.folder, node, std::move(*identity));
  }
  return {};
}

Result<std::vector<File>> make_files(const ClusterCertificates& wanted, std::time_t now) {
  const Validity validity{.now = now, .days = wanted.days};
  auto authority = make_authority(wanted.cluster, validity);
  if (!authority) return authority.error();
  std::vector<File> files;
  add(files, wanted.folder, "ca", *authority);
  if (auto added = add_nodes(files, wanted, *authority, validity); !added) return added.error();
  return files;
}

Result<std::string> read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.empty()) {
    return Error{
        ErrorCode::not_found,
        path.string() +
            ": expected a file of the cluster's certificates, got nothing that can be read"};
  }
  return text;
}

Result<void> write(const File& file) {
  // The mode applies before the first byte of a key is written. O_EXCL does not follow a link.
  const int handle = ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode);
  if (handle < 0) return failed(file.path, errno);
  std::size_t done = 0;
  int error = 0;
  while (done < file.content.size() && error == 0) {
    const ssize_t count = ::write(handle, file.content.data() + done, file.content.size() - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fsync(handle) != 0) error = errno;
  if (::close(handle) != 0 && error == 0) error = errno;
  if (error == 0) return {};
  ::unlink(file.path.c_str());
  return failed(file.path, error);
}

// Replaces the file atomically, by rename: readers see the old content or the new.
Result<void> replace(const File& file) {
  File fresh = file;
  fresh.path += ".new";
  ::unlink(fresh.path.c_str());  // left by an interrupted attempt
  if (auto written = write(fresh); !written) return written.error();
  if (::rename(fresh.path.c_str(), file.path.c_str()) == 0) return {};
  const int error = errno;
  ::unlink(fresh.path.c_str());
  return failed(file.path, error);
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  error.clear();  // a missing folder is not an error
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) return failed(folder, error.value());
  if (::mkdir(folder.c_str(), 0700) != 0) return failed(folder, errno);
  return {};
}

}  // namespace

Result<std::vector<std::filesystem::path>> write_certificates(const ClusterCertificates& wanted,
                                                              std::time_t now) {
  if (auto valid = validate(wanted); !valid) return valid.error();
  auto files = make_files(wanted, now);
  if (!files) return files.error();
  for (const File& file : *files) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(file.path, ignored))) {
      return invalid_request(
          file.path.string() +
          ": expected no such file, as none is overwritten; with --renew the existing authority "
          "makes certificates, also for a new node");
    }
  }
  if (auto made = make_folder(wanted.folder); !made) return made.error();
  std::vector<std::filesystem::path> written;
  for (const File& file : *files) {
    auto done = write(file);
    if (!done) {
      for (const auto& path : written) ::unlink(path.c_str());
      return done.error();
    }
    written.push_back(file.path);
  }
  return written;
}

Result<std::vector<std::filesystem::path>> renew_certificates(const ClusterCertificates& wanted,
                                                              std::time_t now) {
  if (auto valid = validate(wanted); !valid) return valid.error();
  auto certificate = read(wanted.folder / "ca.crt");
  if (!certificate) return certificate.error();
  auto key = read(wanted.folder / "ca.key");
  if (!key) return key.error();
  const Identity authority{.certificate = std::move(*certificate), .key = std::move(*key)};
  std::vector<File> files;
  auto added = add_nodes(files, wanted, authority, {.now = now, .days = wanted.days});
  if (!added) return added.error();
  std::vector<std::filesystem::path> renewed;
  for (const File& file : files) {
    if (auto done = replace(file); !done) return done.error();
    renewed.push_back(file.path);
  }
  return renewed;
}

Result<std::vector<std::filesystem::path>> renew_authority(const ClusterCertificates& wanted,
                                                           std::time_t now) {
  if (auto valid = validate(wanted); !valid) return valid.error();
  auto before = read(wanted.folder / "ca.crt");
  if (!before) return before.error();
  if (auto key = read(wanted.folder / "ca.key"); !key) return key.error();
  auto authority = make_authority(wanted.cluster, {.now = now, .days = wanted.days});
  if (!authority) return authority.error();
  std::string certificates = authority->certificate;
  for (const Certificate& old : read_certificates(*before)) {
    std::time_t moment = now;
    if (X509_cmp_time(X509_get0_notAfter(old.get()), &moment) > 0) {
      certificates += write_certificate(old.get());
    }
  }
  // The certificates first: a key without its certificate could sign nothing that is trusted.
  std::vector<std::filesystem::path> renewed;
  for (const File& file : {File{wanted.folder / "ca.crt", std::move(certificates), open_to_all},
                           File{wanted.folder / "ca.key", authority->key, secret}}) {
    if (auto done = replace(file); !done) return done.error();
    renewed.push_back(file.path);
  }
  return renewed;
}

Result<std::vector<std::filesystem::path>> drop_old_authorities(const ClusterCertificates& wanted,
                                                                std::time_t /*now*/) {
  if (auto valid = validate(wanted); !valid) return valid.error();
  auto before = read(wanted.folder / "ca.crt");
  if (!before) return before.error();
  const Certificate first = read_certificate(*before);
  if (!first) return invalid_request("ca.crt: expected a certificate (PEM), got something else");
  std::string only = write_certificate(first.get());
  for (const std::string& node : wanted.nodes) {
    const auto certificate = read(wanted.folder / (node + ".crt"));
    if (!certificate) return certificate.error();
    if (!end_of(only, *certificate)) {
      return invalid_request(node +
                             ".crt: expected a certificate that the new authority signed; renew it "
                             "with --renew, and give it to the node first");
    }
  }
  const File file{wanted.folder / "ca.crt", std::move(only), open_to_all};
  if (auto done = replace(file); !done) return done.error();
  return std::vector{file.path};
}

std::optional<std::time_t> end_of_node(const std::filesystem::path& folder,
                                       const std::string& node) {
  const auto authority = read(folder / "ca.crt");
  const auto certificate = read(folder / (node + ".crt"));
  if (!authority || !certificate) return std::nullopt;
  return end_of(*authority, *certificate);
}

}  // namespace millrace::certs
