#include "actors/postgres_log/options.hpp"

#include "actors/postgres_log/core/names.hpp"

namespace millrace::postgres_log {
namespace {

Error out_of_range(const char* name, const std::string& expected) {
  return {ErrorCode::invalid_argument,
          std::string{"option "} + name + " of the log in PostgreSQL: expected " + expected};
}

}  // namespace

Result<void> validate(const Options& options) {
  constexpr std::uint64_t kib = 1024;
  constexpr std::uint64_t mib = kib * kib;
  if (!is_schema_name(options.schema)) {
    return out_of_range("schema", "a lower-case letter, then letters, digits and _, up to 48");
  }
  if (options.node.empty() || options.node.size() > 128) {
    return out_of_range("node", "a name of 1 to 128 bytes");
  }
  if (options.holder.size() > 256) return out_of_range("holder", "at most 256 bytes");
  if (options.lease.count() != 0 && options.lease.count() < 1'000) {
    return out_of_range("lease", "0, or at least 1 s");
  }
  if (options.node == any_seat && options.lease.count() == 0) {
    return out_of_range("lease", "at least 1 s, as the process takes any seat");
  }
  if (options.segment_bytes < 64 * kib || options.segment_bytes > kib * mib) {
    return out_of_range("segment_bytes", "64 KiB to 1 GiB");
  }
  if (options.groups_max < 1 || options.groups_max > 16) {
    return out_of_range("groups_max", "1 to 16");
  }
  if (options.group_bytes_max < 4 * kib || options.group_bytes_max > 64 * mib) {
    return out_of_range("group_bytes_max", "4 KiB to 64 MiB");
  }
  if (options.record_bytes_max < 1 || options.record_bytes_max > 64 * mib) {
    return out_of_range("record_bytes_max", "1 to 64 MiB");
  }
  if (options.tell_interval.count() < 10) return out_of_range("tell_interval", "at least 10 ms");
  if (options.retry_min.count() < 1 || options.retry_max < options.retry_min) {
    return out_of_range("retry_min", "1 ms to retry_max");
  }
  return {};
}

}  // namespace millrace::postgres_log
