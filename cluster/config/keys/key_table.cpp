#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {

KeyTable millrace_keys() {
  KeyTable made;
  add_node_keys(made);
  add_service_keys(made);
  add_postgres_keys(made);
  add_storage_keys(made);
  add_queue_keys(made);
  add_pipeline_keys(made);
  add_kafka_keys(made);
  add_caf_keys(made);
  return made;
}

const KeyTable& key_table() {
  static const KeyTable table = [] {
    KeyTable made = millrace_keys();
    add_program_rows(made);
    return made;
  }();
  return table;
}

}  // namespace millrace::config
