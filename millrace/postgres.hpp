// The engine that keeps the log in PostgreSQL, for RuntimeOptions::engine. Links millrace::postgres.
#pragma once

#include "actors/engines/engines.hpp"
