// What Protobuf's JSON parser takes in silence although it loses something: a field that is given
// twice, of which only the last value would count, and a 64-bit integer with a fraction or an
// exponent, which would pass through a double.
#pragma once

#include <string_view>

#include <google/protobuf/descriptor.h>

#include "cluster/http/json/bounded_json.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// As check_json() within message_json_bounds. Also fails with `invalid_argument`, with the path of
/// the field in its text, if an object of `text` has a name twice, a field of `type` is given twice
/// under two spellings, or a 64-bit integer of `type` is not written as digits alone. Reads `text`
/// once; takes memory for the names of the objects that are open.
[[nodiscard]] Result<void> check_message_json(std::string_view text,
                                              const google::protobuf::Descriptor& type);

}  // namespace millrace::http
