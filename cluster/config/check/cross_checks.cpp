#include "cluster/config/check/cross_checks.hpp"

#include "cluster/config/check/complaints.hpp"

namespace millrace::config {

void check_across(Resolved& resolved) {
  Complaints complaints(resolved);
  check_nodes(complaints);
  check_security(complaints);
  check_limits(complaints);
  check_pipelines(complaints);
}

}  // namespace millrace::config
