// The names by which a log identifies records, as the journal uses them: a place is segment and byte
// offset of a frame.
#pragma once

#include "actors/log/frame.hpp"

namespace millrace::journal {

using logs::Frame;
using logs::FrameVisitor;
using logs::Lsn;
using logs::make_place;
using logs::offset_of;
using logs::Place;
using logs::PlaceVisitor;
using logs::segment_of;
using logs::SegmentInfo;
using logs::SegmentNumber;

}  // namespace millrace::journal
