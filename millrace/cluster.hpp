// EmbeddedNode: a node of a cluster within a program. Links millrace::cluster.
#pragma once

#include "cluster/embed/embedded_node.hpp"
