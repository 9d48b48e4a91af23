// process_* as Prometheus' own clients name them, from /proc/self.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include "cluster/http/metrics/metric_families.hpp"

namespace millrace::http {
namespace {

/// Field `number` of /proc/self/stat as proc(5) counts them, from 3 on; they are divided by blanks.
double stat_field(const std::string& stat, int number) {
  // The second field, in brackets, may hold anything.
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string field;
  for (int i = 3; i <= number; ++i) fields >> field;
  return field.empty() ? 0 : std::strtod(field.c_str(), nullptr);
}

double boot_time_s() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double value = 0;
    if (word == "btime" && file >> value) return value;
  }
  return 0;
}

double open_files() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), end; !error && each != end;
       each.increment(error)) {
    ++count;
  }
  return count;
}

}  // namespace

void add_process_metrics(MetricFamilies& families) {
  std::ifstream file("/proc/self/stat");
  std::string stat;
  if (!std::getline(file, stat)) return;
  const auto ticks_s = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  families.counter("process_cpu_seconds_total", "Processor time of the process.", {},
                   (stat_field(stat, 14) + stat_field(stat, 15)) / ticks_s);
  families.gauge("process_start_time_seconds", "When the process started, since 1970.", {},
                 boot_time_s() + stat_field(stat, 22) / ticks_s);
  families.gauge("process_virtual_memory_bytes", "Virtual memory of the process.", {},
                 stat_field(stat, 23));
  families.gauge("process_resident_memory_bytes", "Resident memory of the process.", {},
                 stat_field(stat, 24) * page_bytes);
  families.gauge("process_open_fds", "Open file descriptors.", {}, open_files());
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.gauge("process_max_fds", "File descriptors that may be open.", {},
                   static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace millrace::http
