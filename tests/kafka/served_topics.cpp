// Serves topics that are in memory only, for tests with real clients. Prints the address; answers each line
// "counts" with the numbers of records, batches and duplicates; ends when its standard input does.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <string_view>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "cluster/certs/certificate_files.hpp"
#include "cluster/kafka/service/kafka_service.hpp"
#include "tests/kafka/memory_broker.hpp"

namespace {

using millrace::kafka::KafkaService;
using millrace::kafka::KafkaServiceOptions;
using millrace::kafka::MemoryBroker;

int fail(const std::string& text) {
  std::cerr << text << '\n';
  return 2;
}

}  // namespace

int main(int count, char** values) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("served_topics"));
  MemoryBroker::Settings settings;
  std::uint16_t advertised = 0;
  KafkaServiceOptions options;
  options.groups.gather_us = 100'000;
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = values[i];
    if (i + 1 == count) return fail("expected a value for each option");
    const std::string value = values[i + 1];
    if (name == "--partitions") {
      settings.partitions = std::atoi(value.c_str());
    } else if (name == "--gap") {  // offsets left out behind each batch
      settings.offset_gap = std::atoi(value.c_str());
    } else if (name == "--advertise") {  // a port where something passes on to this one
      advertised = static_cast<std::uint16_t>(std::atoi(value.c_str()));
    } else if (name == "--password") {  // of "user"
      options.authenticate = [value](std::string_view user, std::string_view password) {
        return user == "user" && password == value;
      };
    } else if (name == "--tls") {  // a directory for new certificates
      const auto written = millrace::certs::write_certificates({.folder = value,
                                                                .cluster = "test",
                                                                .nodes = {"node"},
                                                                .hosts = {{"", "127.0.0.1"}},
                                                                .days = 1},
                                                               std::time(nullptr));
      if (!written) return fail(written.error().message);
      options.server.tls = {value + "/node.crt", value + "/node.key"};
    } else {
      return fail("expected --partitions, --gap, --advertise, --password or --tls");
    }
  }
  MemoryBroker broker(settings);
  auto service = KafkaService::listen_on(options, broker);
  if (!service) return fail(service.error().message);
  broker.set_address("127.0.0.1", advertised != 0 ? advertised : (*service)->port());
  (*service)->start_serving();
  std::cout << "127.0.0.1:" << (*service)->port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line != "counts") continue;
    std::cout << broker.records() << ' ' << broker.batches() << ' ' << broker.duplicates()
              << std::endl;
  }
  (*service)->stop(std::chrono::seconds(5));
  return 0;
}
