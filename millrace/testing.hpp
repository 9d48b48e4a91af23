// PipelineTest: pipelines in unit tests. Links millrace::testing.
#pragma once

#include "actors/testing/pipeline_test.hpp"
