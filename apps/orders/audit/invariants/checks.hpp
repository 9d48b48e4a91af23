// Factories of the checks, one per invariant; iNN_*.cpp holds the check of invariant NN.
#pragma once

#include <memory>
#include <vector>

#include "apps/orders/audit/evidence/check.hpp"

namespace millrace::orders::audit {

[[nodiscard]] std::unique_ptr<Check> make_stock_bounds_check();              // I1
[[nodiscard]] std::unique_ptr<Check> make_conservation_check(RunFacts run);  // I2
[[nodiscard]] std::unique_ptr<Check> make_reservations_check();              // I3
[[nodiscard]] std::unique_ptr<Check> make_captures_check();                  // I4
[[nodiscard]] std::unique_ptr<Check> make_invoices_check();                  // I5
[[nodiscard]] std::unique_ptr<Check> make_shipments_check(RunFacts run);     // I6
[[nodiscard]] std::unique_ptr<Check> make_all_or_nothing_check();            // I7
[[nodiscard]] std::unique_ptr<Check> make_paths_check(RunFacts run);         // I8
[[nodiscard]] std::unique_ptr<Check> make_once_check();                      // I10
[[nodiscard]] std::unique_ptr<Check> make_sequence_check();                  // I11
[[nodiscard]] std::unique_ptr<Check> make_notifications_check();             // I12
[[nodiscard]] std::unique_ptr<Check> make_ledger_check();

}  // namespace millrace::orders::audit
