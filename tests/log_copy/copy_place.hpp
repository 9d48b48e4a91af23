// CopyPlace: somewhere a log may lie, for the tests of copies between engines.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "actors/engines/log_copies.hpp"

namespace millrace::logs {

/// A place without a log, until a test writes one there.
class CopyPlace {
 public:
  CopyPlace() = default;
  virtual ~CopyPlace() = default;
  CopyPlace(const CopyPlace&) = delete;
  CopyPlace& operator=(const CopyPlace&) = delete;

  /// The options of its engine; segments have about 64 KiB.
  [[nodiscard]] virtual engines::AnyLog log() const = 0;
};

/// A kind of place, made anew for each test.
struct NamedPlace {
  std::string name;  ///< letters and digits
  std::function<std::unique_ptr<CopyPlace>()> make;

  friend void PrintTo(const NamedPlace& place, std::ostream* out) { *out << place.name; }
};

/// The kinds of places of this executable; each is source and target of each. Defined once by each.
[[nodiscard]] std::vector<NamedPlace> copy_places();

/// A directory for a journal.
[[nodiscard]] std::unique_ptr<CopyPlace> make_journal_place();

}  // namespace millrace::logs
