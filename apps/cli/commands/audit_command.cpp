// millrace audit: checks the logs of stopped nodes, or copies of data directories.
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "apps/audit/audit.hpp"
#include "apps/audit/database/database_log.hpp"
#include "apps/audit/disk/directory_log.hpp"
#include "apps/cli/client/stopped_log.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/printable.hpp"
#include "apps/cli/program.hpp"

namespace millrace::cli {
namespace {

struct AuditOptions {
  std::vector<std::string> data_dirs;
  std::vector<std::string> configs;
  std::vector<std::string> nodes;  ///< whose logs; empty: those of the configurations
  Format format = Format::table;
};

const char* verdict_of(bool passed) {
  return passed ? "PASS" : "FAIL";
}

nlohmann::ordered_json json_of(const audit::Finding& finding) {
  nlohmann::ordered_json out;
  if (!finding.directory.empty()) out["directory"] = finding.directory;
  if (!finding.file.empty()) {
    out["file"] = finding.file;
    out["offset"] = finding.offset;
  }
  if (finding.record != 0) out["record"] = finding.record;
  out["text"] = finding.text;
  return out;
}

nlohmann::ordered_json json_of(const audit::Audit& read) {
  nlohmann::ordered_json out{{"verdict", verdict_of(read.report.passed())}};
  for (const auto& directory : read.directories) {
    out["directories"].push_back(
        {{"path", directory->log->where()}, {"last_record", directory->last_lsn}});
  }
  for (const audit::Check& check : read.report.checks()) {
    nlohmann::ordered_json row{{"check", check.name},
                               {"title", check.title},
                               {"verdict", verdict_of(check.passed())},
                               {"checked", check.checked},
                               {"failures", check.failures}};
    row["findings"] = nlohmann::ordered_json::array();
    for (const audit::Finding& finding : check.findings)
      row["findings"].push_back(json_of(finding));
    row["notes"] = check.notes;
    out["checks"].push_back(std::move(row));
  }
  return out;
}

std::string place_of(const audit::Finding& finding) {
  std::string out = finding.directory;
  if (!finding.file.empty()) {
    out += "/" + finding.file + " offset " + std::to_string(finding.offset);
  }
  if (finding.record != 0) out += " record " + std::to_string(finding.record);
  return out.empty() ? out : out + ": ";
}

void print_table(const audit::Audit& read) {
  Listing listing{.columns = {"check", "checked", "failures", "verdict", "what holds"}, .rows = {}};
  for (const audit::Check& check : read.report.checks()) {
    listing.rows.push_back({{"check", check.name},
                            {"checked", check.checked},
                            {"failures", check.failures},
                            {"verdict", verdict_of(check.passed())},
                            {"what holds", check.title}});
  }
  print(listing, Format::table);
  for (const audit::Check& check : read.report.checks()) {
    for (const audit::Finding& finding : check.findings) {
      std::cout << "\nFAIL  " << check.name << ": " << printable(place_of(finding) + finding.text);
    }
    if (check.failures > check.findings.size()) {
      std::cout << "\nFAIL  " << check.name << ": and " << check.failures - check.findings.size()
                << " more";
    }
  }
  std::string before;
  for (const audit::Check& check : read.report.checks()) {
    for (const std::string& note : check.notes) {
      if (note == before) continue;
      std::cout << "\nnote  " << check.name << ": " << printable(note);
      before = note;
    }
  }
  std::cout << "\nverdict  " << verdict_of(read.report.passed()) << "  " << read.directories.size()
            << (read.directories.size() == 1 ? " log\n" : " logs\n");
}

// The auditor has a reader of its own for each engine.
Result<std::unique_ptr<audit::NodeLog>> open_configured(const std::string& config,
                                                        const std::string& node) {
  const auto log = configured_log(config, node);
  if (!log) return log.error();
  if (const auto* const postgres = std::get_if<postgres_log::Options>(&*log)) {
    return audit::open_database(
        {postgres->dsn, postgres->schema, postgres->node, postgres->has_ended});
  }
  return audit::open_directory(std::get<engines::LogOptions>(*log).data_dir);
}

Result<audit::Audit> read_logs(const AuditOptions& options) {
  std::vector<std::unique_ptr<audit::NodeLog>> logs;
  for (const std::string& data_dir : options.data_dirs) {
    auto log = audit::open_directory(data_dir);
    if (!log) return log.error();
    logs.push_back(*std::move(log));
  }
  const std::vector<std::string> configured{""};
  for (const std::string& config : options.configs) {
    for (const std::string& node : options.nodes.empty() ? configured : options.nodes) {
      auto log = open_configured(config, node);
      if (!log) return log.error();
      logs.push_back(*std::move(log));
    }
  }
  return audit::audit(std::move(logs));
}

int run_audit(const AuditOptions& options, const Program& program) {
  if (options.data_dirs.empty() && options.configs.empty()) {
    return fail({ErrorCode::invalid_argument, "expected --data-dir DIR or --config FILE"});
  }
  auto read = read_logs(options);
  if (!read) return fail(read.error());
  if (program.audit) program.audit(*read);
  if (options.format == Format::table) {
    print_table(*read);
  } else {
    print(json_of(*read), options.format);
  }
  return read->report.passed() ? exit_ok : exit_negative;
}

}  // namespace

void add_audit(CLI::App& app, Action& action, const Program& program) {
  auto options = std::make_shared<AuditOptions>();
  CLI::App* command =
      add_command(app, "audit", "check the logs of stopped nodes, or copies of data directories");
  command
      ->add_option("--data-dir", options->data_dirs,
                   "data directories; those of all nodes of a cluster together are\n"
                   "compared with each other")
      ->type_name("DIR");
  command
      ->add_option("-c,--config", options->configs,
                   "config files of nodes: say where their logs lie, in directories or\n"
                   "in PostgreSQL")
      ->type_name("FILE");
  command
      ->add_option("--node", options->nodes, "names of the nodes, if a config file is for several")
      ->type_name("NAME")
      ->needs("--config");
  add_format(*command, options->format);
  command->footer("Exit status: 0 PASS, 1 a log could not be read, 4 FAIL.");
  command->callback([options, &action, &program] {
    action = [options, &program] {
      return run_audit(*options, program);
    };
  });
}

}  // namespace millrace::cli
