// StateWrite: changes of keys that a queue hands to the state store. See docs/decisions/0019.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/log/frame.hpp"

namespace millrace::queues {

/// The history entries that one record appends to one key: length-prefixed serialized
/// pb::HistoryEntry. Never empty.
struct HistoryPart {
  logs::Lsn lsn = 0;  ///< of the record; grows within a key
  std::shared_ptr<const std::string> entries;
};

/// What is to be written of one key. Writing it again changes nothing.
struct KeyWrite {
  enum class Value : std::uint8_t { unchanged, set, none };

  std::string key;
  Value next = Value::unchanged;
  std::shared_ptr<const std::string> value;  ///< null unless `next` is `set`
  /// History of records up to this is to be removed, before `history` is added. 0: none.
  logs::Lsn forgotten = 0;
  std::vector<HistoryPart> history{};
  TimeUs age_us =
      -1;  ///< Durable::age_us at the last change; < 0: only history was forgotten since
};

/// Changes of keys of one queue, as of one record.
struct StateWrite {
  std::uint32_t queue = 0;
  logs::Lsn lsn = 0;        ///< has the changes of records up to this, and of none beyond
  bool keeps_ages = false;  ///< StateStore::aged() is to find the keys
  std::vector<KeyWrite> keys{};
};

}  // namespace millrace::queues
