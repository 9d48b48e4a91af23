// main(): a program with the command line of Millrace. Links millrace::program.
#pragma once

#include "apps/millrace/main.hpp"
