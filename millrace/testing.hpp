// PipelineTest: pipelines in unit tests. Links millrace::pipeline_testing or millrace::testing.
// ClusterTest: pipelines on a simulated cluster. Links millrace::testing.
#pragma once

#include "actors/testing/pipeline_test.hpp"
#include "apps/testing/cluster_test.hpp"
