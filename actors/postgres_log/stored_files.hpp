// StoredFiles: files that checkpoints name, as tables of parts. A file is a table, as a segment is: it is
// released by dropping it, and no row is ever changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "actors/log/file_store.hpp"
#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// See logs::FileStore. Keeps one connection between its calls, and has more while several run. Of a reader only list() and get() may be
/// called.
class StoredFiles final : public logs::FileStore {
 public:
  /// `on_fenced` is called when a call learns that another process has taken the log. REQUIRES: connector
  /// and interrupt outlive the object.
  StoredFiles(const Options& options, Owner owner, Connector& connector, const Interrupt& interrupt,
              std::function<void()> on_fenced = {});

  [[nodiscard]] Result<std::set<logs::FileNumber>> list() override;
  [[nodiscard]] Result<logs::FileNumber> put(const Source& next) override;
  [[nodiscard]] Result<void> get(logs::FileNumber number, const Target& take) override;
  [[nodiscard]] Result<void> keep(const std::set<logs::FileNumber>& numbers) override;

 private:
  [[nodiscard]] Result<std::unique_ptr<Session>> take_session();
  void give_back(std::unique_ptr<Session> session);
  [[nodiscard]] Result<std::set<logs::FileNumber>> list(Session& session);
  [[nodiscard]] Result<logs::FileNumber> next_number(Session& session);
  [[nodiscard]] Result<void> write(Session& session, const std::string& table, const Source& next);
  /// Runs `work` with a session, and gives it back unless it fails.
  template <class Value>
  [[nodiscard]] Result<Value> run(const std::function<Result<Value>(Session&)>& work);

  const std::chrono::milliseconds retry_min_;
  const std::chrono::milliseconds retry_max_;
  const Owner owner_;
  Connector& connector_;
  const Interrupt& interrupt_;
  const std::function<void()> on_fenced_;
  std::mutex mutex_;               ///< guards all below
  std::unique_ptr<Session> idle_;  ///< null: none
  logs::FileNumber last_ = 0;      ///< highest number that was given out; 0: not known yet
};

}  // namespace millrace::postgres_log
