// millrace audit: checks data directories of stopped nodes, or copies of them.
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "apps/audit/audit.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/printable.hpp"
#include "apps/cli/program.hpp"

namespace millrace::cli {
namespace {

struct Options {
  std::vector<std::string> data_dirs;
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
        {{"path", directory->files.path.string()}, {"last_record", directory->last_lsn}});
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
            << (read.directories.size() == 1 ? " directory\n" : " directories\n");
}

int run_audit(const Options& options, const Program& program) {
  const std::vector<std::filesystem::path> paths(options.data_dirs.begin(),
                                                 options.data_dirs.end());
  auto read = audit::audit(paths);
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
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, "audit", "check data directories of stopped nodes, or copies of them");
  command
      ->add_option("--data-dir", options->data_dirs,
                   "data directories; those of all nodes of a cluster together are\n"
                   "compared with each other")
      ->type_name("DIR")
      ->required();
  add_format(*command, options->format);
  command->footer("Exit status: 0 PASS, 1 a directory could not be read, 4 FAIL.");
  command->callback([options, &action, &program] {
    action = [options, &program] {
      return run_audit(*options, program);
    };
  });
}

}  // namespace millrace::cli
