#include "cluster/kafka/protocol/describe_configs.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

namespace {

/// Where a setting comes from: it is the broker's own.
constexpr std::int8_t default_source = 5;

}  // namespace

DescribeConfigsRequest read_describe_configs(Reader& reader, std::int16_t version) {
  DescribeConfigsRequest request;
  request.resources.resize(reader.array("resources", 7));
  for (DescribeConfigsRequest::Resource& resource : request.resources) {
    resource.kind = reader.int8("resource type");
    resource.name = reader.string("resource");
    if (const auto count = reader.nullable_array("config names", 2)) {
      resource.keys.emplace(*count);
      for (std::string_view& key : *resource.keys) key = reader.string("config name");
    }
  }
  if (version >= 1) std::ignore = reader.boolean("include synonyms");
  return request;
}

void write_describe_configs(Writer& writer, std::int16_t version,
                            const std::vector<DescribedConfigs>& resources) {
  writer.int32(no_throttle_ms);
  writer.array(resources.size());
  for (const DescribedConfigs& resource : resources) {
    writer.int16(static_cast<std::int16_t>(resource.code));
    writer.nullable_string(resource.message);
    writer.int8(resource.kind);
    writer.string(resource.name);
    writer.array(resource.configs.size());
    for (const DescribedConfigs::Config& config : resource.configs) {
      writer.string(config.name);
      writer.string(config.value);
      writer.boolean(true);  // read only
      if (version == 0) {
        writer.boolean(true);  // is default
      } else {
        writer.int8(default_source);
      }
      writer.boolean(false);              // is sensitive
      if (version >= 1) writer.array(0);  // synonyms
    }
  }
}

}  // namespace millrace::kafka
