#pragma once

#include <filesystem>

#include "connectors/bitrix24/application.h"

namespace b24 {

// An application's tokens in a file of the state folder, `application.json`, for its owner alone. A
// kill at any instant leaves the old file or the new one. Thread-safe; any number of processes.
class TokenFile : public TokenStore {
 public:
  // A talk with the token server takes a minute and a half at most.
  static constexpr seconds kPatience{120};

  explicit TokenFile(std::filesystem::path folder, seconds patience = kPatience)
      : folder_(std::move(folder)), patience_(patience) {}

  Result<std::optional<Tokens>> load() override;
  Result<void> save(const Tokens& tokens) override;
  Result<void> alone(const std::function<Result<void>()>& work,
                     const std::stop_token& stop) override;

  std::filesystem::path file() const { return folder_ / "application.json"; }

 private:
  const std::filesystem::path folder_;
  const seconds patience_;  // how long alone() waits for its turn
};

}  // namespace b24
