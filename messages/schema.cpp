#include "messages/schema.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace millrace {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::size_t schema_bytes_max = 64u << 10;

pb::Schema::Label label_of(const FieldDescriptor& field) {
  if (field.is_repeated()) return pb::Schema::REPEATED;
  return field.is_required() ? pb::Schema::REQUIRED : pb::Schema::SINGULAR;
}

template <class Message>
const Message* find(const google::protobuf::RepeatedPtrField<Message>& all,
                    const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Message& one) { return one.name() == name; });
  return found == all.end() ? nullptr : &*found;
}

template <class Fields>
auto find_number(Fields& fields, std::uint32_t number) -> decltype(&*fields.begin()) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& one) { return one.number() == number; });
  return found == fields.end() ? nullptr : &*found;
}

std::string text_of(const pb::Schema::Field& field) {
  std::string text = field.label() == pb::Schema::REPEATED ? "repeated " : "";
  if (field.label() == pb::Schema::REQUIRED) text = "required ";
  if (!field.message().empty()) return text + field.message();
  return text + FieldDescriptor::TypeName(static_cast<FieldDescriptor::Type>(field.type()));
}

/// Whether a value of type `before` is read as the same value of type `now`.
bool reads_alike(FieldDescriptor::Type before, FieldDescriptor::Type now) {
  using F = FieldDescriptor;
  if (before == now) return true;
  switch (before) {
    case F::TYPE_BOOL:
      return now == F::TYPE_INT32 || now == F::TYPE_INT64 || now == F::TYPE_UINT32 ||
             now == F::TYPE_UINT64;
    case F::TYPE_ENUM:
      return now == F::TYPE_INT32 || now == F::TYPE_INT64;
    case F::TYPE_INT32:
      return now == F::TYPE_INT64 || now == F::TYPE_ENUM;
    case F::TYPE_UINT32:
      return now == F::TYPE_UINT64 || now == F::TYPE_INT64;
    case F::TYPE_SINT32:
      return now == F::TYPE_SINT64;
    case F::TYPE_STRING:
      return now == F::TYPE_BYTES;
    default:
      return false;
  }
}

bool holds_label(pb::Schema::Label before, pb::Schema::Label now) {
  if (before == now || now == pb::Schema::REPEATED) return true;
  return before != pb::Schema::REPEATED && now == pb::Schema::SINGULAR;
}

/// Compares the messages that two types lead to, each pair once.
class Comparison {
 public:
  Comparison(const pb::Schema& before, const pb::Schema& now) : before_(before), now_(now) {}

  std::optional<std::string> run() {
    open_.emplace_back(before_.message(0).name(), now_.message(0).name());
    while (!open_.empty()) {
      const auto pair = std::move(open_.back());
      open_.pop_back();
      if (!seen_.insert(pair).second) continue;
      const auto* const before = find(before_.message(), pair.first);
      const auto* const now = find(now_.message(), pair.second);
      if (before == nullptr || now == nullptr) continue;
      if (auto conflict = compare(*before, *now)) return conflict;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> compare(const pb::Schema::Message& before,
                                     const pb::Schema::Message& now) {
    for (const pb::Schema::Field& field : now.field()) {
      const auto* const old = find_number(before.field(), field.number());
      if (old == nullptr) {
        if (field.label() != pb::Schema::REQUIRED) continue;
        return place(now, field) + " is required, and messages of before lack it";
      }
      const bool is_alike = reads_alike(static_cast<FieldDescriptor::Type>(old->type()),
                                        static_cast<FieldDescriptor::Type>(field.type())) &&
                            holds_label(old->label(), field.label());
      if (!is_alike) {
        const std::string name = old->name() == field.name() ? "" : " " + old->name();
        return place(now, field) + " is " + text_of(field) + ", and was" + name + " of " +
               text_of(*old) + " before";
      }
      if (!old->message().empty()) open_.emplace_back(old->message(), field.message());
    }
    return std::nullopt;
  }

  static std::string place(const pb::Schema::Message& message, const pb::Schema::Field& field) {
    return "field " + field.name() + " (number " + std::to_string(field.number()) + ") of " +
           message.name();
  }

  const pb::Schema& before_;
  const pb::Schema& now_;
  std::vector<std::pair<std::string, std::string>> open_;
  std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace

pb::Schema schema_of(const std::string& type) {
  const Descriptor* const root =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  pb::Schema schema;
  if (root == nullptr) return schema;
  std::vector<const Descriptor*> found{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    pb::Schema::Message& message = *schema.add_message();
    message.set_name(std::string(found[i]->full_name()));
    for (int at = 0; at < found[i]->field_count(); ++at) {
      const FieldDescriptor& field = *found[i]->field(at);
      pb::Schema::Field& added = *message.add_field();
      added.set_number(static_cast<std::uint32_t>(field.number()));
      added.set_name(std::string(field.name()));
      added.set_type(static_cast<std::uint32_t>(field.type()));
      added.set_label(label_of(field));
      const Descriptor* const next = field.message_type();
      if (next == nullptr) continue;
      added.set_message(std::string(next->full_name()));
      if (std::find(found.begin(), found.end(), next) == found.end()) found.push_back(next);
    }
  }
  return schema.ByteSizeLong() <= schema_bytes_max ? schema : pb::Schema();
}

std::optional<std::string> conflict_of(const pb::Schema& before, const pb::Schema& now) {
  if (before.message().empty() || now.message().empty()) return std::nullopt;
  return Comparison(before, now).run();
}

pb::Schema merged(const pb::Schema& before, pb::Schema now) {
  if (now.message().empty()) return before;
  for (const pb::Schema::Message& old : before.message()) {
    const auto found =
        std::find_if(now.mutable_message()->begin(), now.mutable_message()->end(),
                     [&](const pb::Schema::Message& one) { return one.name() == old.name(); });
    if (found == now.mutable_message()->end()) {
      *now.add_message() = old;
      continue;
    }
    for (const pb::Schema::Field& field : old.field()) {
      if (find_number(found->field(), field.number()) == nullptr) *found->add_field() = field;
    }
  }
  return now.ByteSizeLong() <= schema_bytes_max ? now : before;
}

}  // namespace millrace
