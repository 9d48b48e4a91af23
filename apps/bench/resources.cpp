#include "apps/bench/resources.hpp"

#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

namespace millrace::bench {
namespace {

rusage usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

double cpu_seconds() {
  const rusage used = usage();
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::uint64_t rss_peak_bytes() {
  return static_cast<std::uint64_t>(usage().ru_maxrss) * 1024;
}

std::uint64_t rss_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all_pages = 0;
  std::uint64_t resident_pages = 0;
  statm >> all_pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t written_bytes() {
  return static_cast<std::uint64_t>(usage().ru_oublock) * 512;
}

}  // namespace millrace::bench
