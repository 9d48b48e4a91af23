// Runtime: the pipelines of one node on a data directory; Sender. Links millrace::runtime.
#pragma once

#include "actors/runtime/runtime.hpp"
