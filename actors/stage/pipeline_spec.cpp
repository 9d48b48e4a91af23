#include "actors/stage/pipeline_spec.hpp"

template class std::vector<millrace::QueueSpec>;
template class std::vector<millrace::StageSpec>;
template class std::vector<millrace::pipelines::StageTarget>;
template class std::function<std::string(const google::protobuf::MessageLite&)>;
