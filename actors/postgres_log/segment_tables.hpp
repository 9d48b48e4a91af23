// The tables of segments, and the row of the seat in the table `segments` that says which of them must be
// there: both change in one transaction, so that they agree in each state that a server can be in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "actors/postgres_log/core/kept_segments.hpp"
#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Makes the table of a segment in the owner's transaction that is open, unless it is there, and has it kept; so
/// too those before it that a failover has lost, as nobody had waited for their commit. Fails as Session.
[[nodiscard]] Result<void> make_segment(Session& session, const Owner& owner,
                                        SegmentNumber segment);

/// Drops the table of a segment, and has those behind it kept. Fails as drop_table(). REQUIRES: the tables
/// before it were dropped.
[[nodiscard]] Result<void> drop_segment(Session& session, const Owner& owner,
                                        SegmentNumber segment);

/// Which tables must be there; empty: the newest owner kept no account, as a program of version 1, or an
/// operator has removed the row. Fails as Session. REQUIRES: the schema has version 2 or later.
[[nodiscard]] Result<std::optional<KeptSegments>> read_kept(Session& session,
                                                            const std::string& schema,
                                                            std::int32_t seat);

/// Sets which tables must be there, in the transaction in which `owner` becomes the owner. Fails as Session.
[[nodiscard]] Result<void> set_kept(Session& session, const Owner& owner, const KeptSegments& kept);

/// All tables of segments by number, with their sizes and without their first records. Locks none of them.
/// Fails as Session.
[[nodiscard]] Result<std::vector<SegmentInfo>> list_segments(Session& session,
                                                             const std::string& schema,
                                                             std::int32_t seat);

/// Fails with `corrupt` unless the tables that are there, ascending, are those that are kept.
[[nodiscard]] Result<void> check_kept(const std::string& schema, std::int32_t seat,
                                      const KeptSegments& kept, std::span<const SegmentInfo> there);

}  // namespace millrace::postgres_log
