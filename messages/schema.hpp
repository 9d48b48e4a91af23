// Schemas: which fields the messages of a type have, so that a later program can tell whether it
// would read bytes of before wrongly.
#pragma once

#include <optional>
#include <string>

#include "messages/record.pb.h"

namespace millrace {

/// The schema of a Protobuf type that is linked into this program, with all types that its fields
/// lead to. Empty if the program has no description of it (a type of the lite runtime), or if the
/// schema would take more than 64 KiB.
[[nodiscard]] pb::Schema schema_of(const std::string& type);

/// Why bytes of `before` cannot be read as `now`, in one line that names the field; nullopt: they
/// can, or one of the two is empty. A field may be added, removed and renamed, become repeated, and
/// change between types that Protobuf reads alike without loss (int32 to int64, enum to int32, string
/// to bytes). A number may not be used again with another type.
[[nodiscard]] std::optional<std::string> conflict_of(const pb::Schema& before,
                                                     const pb::Schema& now);

/// `now`, with the fields of `before` that it lacks: bytes of before may still have them.
[[nodiscard]] pb::Schema merged(const pb::Schema& before, pb::Schema now);

}  // namespace millrace
