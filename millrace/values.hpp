// Json and Bytes: messages without a .proto file of the program, and what a Codec may travel as.
#pragma once

#include "messages/values.pb.h"
