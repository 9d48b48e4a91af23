// A node within a program: greets the names on the command line, each once, in the data directory
// that the first argument names.
#include <iostream>
#include <string>

#include <google/protobuf/wrappers.pb.h>

#include "millrace/pipeline.hpp"
#include "millrace/runtime.hpp"

using google::protobuf::StringValue;

namespace {

struct Greet {
  StringValue operator()(const StringValue& name) const {
    StringValue greeting;
    greeting.set_value("hello " + name.value());
    return greeting;
  }
};

int fail(const millrace::Error& error) {
  std::cerr << "embedded: " << error.message << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fail({millrace::ErrorCode::invalid_argument, "expected a directory"});
  const auto names = millrace::queue<StringValue>("names").key_by(&StringValue::value);
  const auto greetings = millrace::pipeline("greetings")
                             .from(names)
                             .then<Greet>("greet")
                             .to(millrace::queue<StringValue>("greetings.said"));
  auto node = millrace::Runtime::start({.data_dir = argv[1]}, {greetings});
  if (!node) return fail(node.error());
  auto sender = (*node)->sender(names, {.producer = "command-line"});
  if (!sender) return fail(sender.error());
  for (int i = 2; i < argc; ++i) {
    StringValue name;
    name.set_value(argv[i]);
    if (auto sent = sender->send(name, {.idempotency_key = name.value()}); !sent) {
      return fail(sent.error());
    }
  }
  if (auto durable = sender->flush(); !durable) return fail(durable.error());
  if (auto stopped = (*node)->stop(); !stopped) return fail(stopped.error());
  std::cout << argc - 2 << " names are durable\n";
  return 0;
}
