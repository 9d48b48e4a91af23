#include "cluster/http/routes/refusal_counter.hpp"

namespace millrace::http {

RefusalCounter::Verdict RefusalCounter::count(const std::string& peer, SteadyTime now) {
  Verdict verdict;
  if (windows_.size() >= peers_max && windows_.find(peer) == windows_.end()) windows_.clear();
  Window& window = windows_[peer];
  if (now - window.begun_at >= std::chrono::seconds(1)) window = {.begun_at = now};
  verdict.is_too_often = ++window.refusals > refusals_per_s_max;
  ++unlogged_;
  if (!logged_at_ || now - *logged_at_ >= log_interval) {
    verdict.to_log = unlogged_;
    unlogged_ = 0;
    logged_at_ = now;
  }
  return verdict;
}

}  // namespace millrace::http
