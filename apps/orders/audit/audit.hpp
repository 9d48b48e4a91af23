// The auditor: reads what the nodes hold after a run, and says which invariants held.
#pragma once

#include "actors/store/durable_view.hpp"
#include "apps/orders/audit/evidence/report.hpp"
#include "apps/orders/audit/evidence/witness.hpp"

namespace millrace::orders::audit {

/// Audits a run that is at rest. Shares no code with the stages: it knows the Protobuf types, the
/// names of the queues and order-workflow.md. Takes one pass over `view`, and memory of about 300
/// bytes for each order beside it. `witness.order_id` must be set.
[[nodiscard]] AuditReport audit(const DurableView& view, const Witness& witness,
                                const RunFacts& run);

/// Of the orders alone, where nothing else can be seen: of `view` only the sagas are looked at, and
/// of the invariants I5, I8 and I9 are checked.
[[nodiscard]] AuditReport audit_orders(const DurableView& view, const Witness& witness,
                                       const RunFacts& run);

}  // namespace millrace::orders::audit
