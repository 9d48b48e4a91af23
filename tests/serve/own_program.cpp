// A program that uses millrace::main() with its own pipeline, which greets names; it never returns
// from a name that begins with "hang".
#include <future>
#include <optional>

#include <google/protobuf/wrappers.pb.h>

#include "actors/pipeline/pipeline.hpp"
#include "apps/millrace/main.hpp"

using google::protobuf::StringValue;

namespace {

struct Greet {
  std::optional<StringValue> operator()(const StringValue& name) const {
    if (name.value() == "nobody") return std::nullopt;
    if (name.value().starts_with("hang")) std::promise<void>().get_future().wait();
    StringValue greeting;
    greeting.set_value("hello " + name.value());
    return greeting;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto greetings =
      millrace::pipeline("greetings")
          .from(millrace::queue<StringValue>("names").key_by(&StringValue::value))
          .then<Greet>("greet")
          .to(millrace::queue<StringValue>("greetings.said"));
  return millrace::main(argc, argv, {greetings});
}
