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
    greeting.set_value(word + " " + name.value());
    return greeting;
  }

  std::string word;
};

}  // namespace

int main(int argc, char** argv) {
  millrace::Program program;
  program.keys = {{.path = "greetings.word",
                   .fallback = "hello",
                   .doc = "What is said before a name.",
                   .flag = "--word"}};
  program.pipelines = [](const millrace::ProgramConfig& config)
      -> millrace::Result<std::vector<millrace::PipelineSpec>> {
    const auto greetings =
        millrace::pipeline("greetings")
            .from(millrace::queue<StringValue>("names").key_by(&StringValue::value))
            .then("greet", Greet{config.text("greetings.word")})
            .to(millrace::queue<StringValue>("greetings.said"));
    return std::vector<millrace::PipelineSpec>{greetings};
  };
  return millrace::main(argc, argv, std::move(program));
}
