// The auditor: checks the invariants of the order workflow on the data of a finished run.
#pragma once

#include "actors/store/durable_view.hpp"
#include "apps/orders/audit/evidence/report.hpp"
#include "apps/orders/audit/evidence/witness.hpp"

namespace millrace::orders::audit {

/// Audits a run without messages in flight. Independent of the stages: uses only the Protobuf
/// types, the queue names and the rules of order-workflow.md. One pass over `view`; needs about 300
/// bytes per order. REQUIRES: `witness.order_id` is set.
[[nodiscard]] AuditReport audit(const DurableView& view, const Witness& witness,
                                const RunFacts& run);

/// Audits the orders alone, when no other data is available: reads only the sagas in `view` and
/// checks I5, I8 and I9.
[[nodiscard]] AuditReport audit_orders(const DurableView& view, const Witness& witness,
                                       const RunFacts& run);

/// Audits data without any record of its customers. `is_complete`: it has all orders, and no message
/// is in flight; otherwise only I1, I5, I8, I11 and the ledger are checked.
[[nodiscard]] AuditReport audit_data(const DurableView& view, bool is_complete);

}  // namespace millrace::orders::audit
