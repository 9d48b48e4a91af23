#include "cluster/http/json/json_message.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include "cluster/http/json/bounded_json.hpp"
#include "cluster/http/json/message_reading.hpp"
#include "messages/values.pb.h"

namespace millrace::http {

bool is_any_json(const std::string& type) {
  static const std::string name = millrace::Json::default_instance().GetTypeName();
  return type == name;
}

Result<std::unique_ptr<google::protobuf::Message>> message_from_json(const std::string& type,
                                                                     const std::string& json) {
  if (is_any_json(type)) {
    if (auto checked = check_json(json, message_json_bounds); !checked) return checked.error();
    auto value = std::make_unique<millrace::Json>();
    value->set_text(json);
    return std::unique_ptr<google::protobuf::Message>(std::move(value));
  }
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) {
    return Error{ErrorCode::invalid_argument, "this program does not know the type " + type};
  }
  // Protobuf's parser takes more than JSON, and has no bound of elements.
  if (auto checked = check_message_json(json, *descriptor); !checked) return checked.error();
  std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, message.get());
  if (parsed.ok()) return message;
  return Error{ErrorCode::invalid_argument,
               "body: expected the JSON of a " + type + ": " + std::string(parsed.message())};
}

}  // namespace millrace::http
