// pipeline(), queue(), and what handlers take and return.
#pragma once

#include "actors/pipeline/pipeline.hpp"
