// Copies between data directories alone.
#include "tests/log_copy/copy_place.hpp"

namespace millrace::logs {

std::vector<NamedPlace> copy_places() {
  return {{"Journal", make_journal_place}};
}

}  // namespace millrace::logs
