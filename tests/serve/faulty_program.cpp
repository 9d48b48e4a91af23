// A program with a pipeline whose handler works for 10 ms, but ends the process at a job that begins
// with "kill", and never returns from one that begins with "hang". Each call that returns appends the
// name of its job to the file that MILLRACE_EFFECTS names.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <string>

#include <fcntl.h>
#include <google/protobuf/wrappers.pb.h>
#include <unistd.h>

#include "actors/pipeline/pipeline.hpp"
#include "apps/millrace/main.hpp"

using google::protobuf::StringValue;

namespace {

using namespace std::chrono_literals;

/// Appends a line to the file of effects. A write of a short line to a file opened with O_APPEND is
/// not mixed with the lines of other threads and processes.
void append_effect(const std::string& job) {
  static const int file = [] {
    const char* const path = std::getenv("MILLRACE_EFFECTS");
    return path == nullptr ? -1 : ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  }();
  if (file < 0) return;
  const std::string line = job + "\n";
  if (::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

struct Work {
  StringValue operator()(const StringValue& job) const {
    if (job.value().starts_with("kill")) ::raise(SIGKILL);
    // The work: a call to an outside system, which answers nothing within its time limit.
    std::promise<void> call;
    const std::future<void> answer = call.get_future();
    if (job.value().starts_with("hang")) answer.wait();
    answer.wait_for(10ms);
    append_effect(job.value());
    return job;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto jobs = millrace::pipeline("jobs")
                        .from(millrace::queue<StringValue>("jobs").key_by(&StringValue::value))
                        .then<Work>("work", {.workers = 2, .timeout = 2s, .blocking = true})
                        .to(millrace::queue<StringValue>("results"));
  return millrace::main(argc, argv, {jobs});
}
