// The seats of a cluster whose logs lie in PostgreSQL, for what is above the engines.
#pragma once

#include "actors/postgres_log/core/seat_choice.hpp"
#include "actors/postgres_log/seat_table.hpp"
#include "actors/postgres_log/seat_watch.hpp"
