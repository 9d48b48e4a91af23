// Program: what a program has beside its pipelines: keys of the config file, commands, HTTP routes,
// metrics, and what it does while its node runs.
//
//     int main(int argc, char** argv) {
//       millrace::Program shop;
//       shop.description = "A shop";
//       shop.keys = {{.path = "shop.database", .is_required = true, .doc = "Connection string."}};
//       shop.pipelines = [](const millrace::ProgramConfig& config) -> millrace::Result<...> {
//         return std::vector<millrace::PipelineSpec>{orders(config.text("shop.database"))};
//       };
//       return millrace::main(argc, argv, std::move(shop));
//     }
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/metrics/metrics.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/program_keys.hpp"
#include "messages/result.hpp"

namespace millrace {

/// What the command line gives to a command, by the name of the option: "--parcel". Flags that are given
/// have the text "true"; options that are neither given nor have a default are left out.
using CommandArguments = std::map<std::string, std::string>;

/// A command of the program: `shop parcels --of 7`.
struct ProgramCommand {
  struct Option {
    std::string name;        ///< "--of"
    std::string help;        ///< for --help, completions and the man page
    bool is_flag = false;    ///< it has no value
    std::string fallback{};  ///< of one with a value; empty: none
    bool is_required = false;
  };

  std::string name;         ///< a word that no command of Millrace has
  std::string description;  ///< one line
  std::vector<Option> options{};
  /// Returns the exit status: 0, or as docs/operations.md has them. On the main thread, before any other.
  std::function<int(const CommandArguments&)> run;
};

/// A request to a route of the program, after the node has checked its token, origin and sizes.
struct ProgramRequest {
  std::string method;                          ///< "GET" or "POST"; a HEAD is a GET
  std::vector<std::string> path{};             ///< decoded segments behind the prefix
  std::map<std::string, std::string> query{};  ///< decoded
  std::string body{};                          ///< of a POST; its type is application/json
};

struct ProgramResponse {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
};

/// GET and POST /api/v1/PREFIX and all below it.
struct ProgramRoute {
  std::string prefix;  ///< one segment of [a-z0-9-] that Millrace does not use
  /// Called by threads of the HTTP API, several at once; may block for some seconds. An Error becomes the
  /// problem document and the status that Millrace has for its code. What it throws becomes a 500.
  std::function<Result<ProgramResponse>(const ProgramRequest&)> handle;
};

struct Program {
  std::string description =
      "Pipelines that neither lose nor repeat work";  ///< first line of --help

  /// Keys of the config file, in tables of the program: see ConfigKey. All other tables and keys that Millrace
  /// does not know are refused.
  std::vector<ConfigKey> keys{};

  /// Called once by `node`, on the main thread, with the checked values of `keys`. An Error ends the program
  /// with a line on stderr.
  std::function<Result<std::vector<PipelineSpec>>(const ProgramConfig&)> pipelines{};

  std::vector<ProgramCommand> commands{};
  std::vector<ProgramRoute> routes{};

  /// Shown at /metrics; null: none.
  std::shared_ptr<Metrics> metrics{};

  /// Called once by `node` on the main thread when the node serves: for threads of the program that send, ask
  /// or consume. Must return. `runtime` is valid until `on_stop` has returned.
  std::function<void(Runtime& runtime)> on_start{};
  /// Called once after `on_start`, when the node is to stop and before it drains: ends those threads, and
  /// closes their senders. The drain begins when it returns.
  std::function<void()> on_stop{};
};

}  // namespace millrace
