#include "apps/serve/config_text.hpp"

#include <fstream>

namespace millrace::serve {
namespace {

/// Quotes and escapes `text` as a TOML string.
std::string quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + '"';
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + quote(text);
  return list;
}

}  // namespace

std::string to_toml(const ConfigText& config) {
  std::string text =
      "[node]\nname = " + quote(config.node) + "\ndata_dir = " + quote(config.data_dir.string()) +
      "\n\n[listen]\ncluster = " + quote(config.listen) + "\nhttp = " + quote(config.http) +
      "\n\n[cluster]\nname = " + quote(config.cluster) +
      "\nshards = " + std::to_string(config.shards) + "\n";
  for (const MemberText& member : config.members) {
    text += "\n[[cluster.nodes]]\nname = " + quote(member.name) +
            "\naddress = " + quote(member.address) + "\n";
    if (!member.http.empty()) text += "http = " + quote(member.http) + "\n";
    if (!member.roles.empty()) text += "roles = [" + quoted_list(member.roles) + "]\n";
  }
  if (!config.stages.empty()) {
    text += "\n[[pipeline]]\nname = " + quote(config.stages.front().pipeline) + "\n";
  } else {
    text += "\n[cluster.overrides]\n";
  }
  for (const StageRole& stage : config.stages) {
    text += "[pipeline.stage." + stage.stage + "]\nrole = " + quote(stage.role) + "\n";
  }
  for (std::uint32_t shard = 0; shard < config.shards && config.stages.empty(); ++shard) {
    const MemberText& member = config.members[shard % config.members.size()];
    text += std::to_string(shard) + " = " + quote(member.name) + "\n";
  }
  if (config.postgres) {
    text += "\n[log]\nengine = \"postgres\"\n\n[log.postgres]\ndsn_file = " +
            quote(config.postgres->dsn_file.string()) +
            "\nschema = " + quote(config.postgres->schema) + "\n";
    if (config.postgres->follow) text += "follow = true\n";
  }
  if (!config.kafka.empty()) {
    text += "\n[kafka]\nlisten = " + quote(config.kafka) + "\nauto_create = true\n";
  }
  const auto file = [&](const std::string& name) {
    return quote((config.certificates / name).string());
  };
  const std::string& own = config.certificate.empty() ? config.node : config.certificate;
  return text + "\n[tls]\nca = " + file("ca.crt") + "\ncertificate = " + file(own + ".crt") +
         "\nkey = " + file(own + ".key") + "\n";
}

Result<void> write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::trunc);
  out << text;
  out.close();
  if (out) return {};
  return Error{ErrorCode::storage_failed, file.string() + " cannot be written"};
}

}  // namespace millrace::serve
