#pragma once

#include <filesystem>

#include "connectors/bitrix24/application.h"

namespace b24 {

// An application's tokens in a file of the state folder, `application.json`, for its owner alone. A
// kill at any instant leaves the old file or the new one. Thread-safe; any number of processes.
class TokenFile : public TokenStore {
 public:
  explicit TokenFile(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<std::optional<Tokens>> load() override;
  Result<void> save(const Tokens& tokens) override;
  Result<void> alone(const std::function<Result<void>()>& work,
                     const std::stop_token& stop) override;

  std::filesystem::path file() const { return folder_ / "application.json"; }

 private:
  const std::filesystem::path folder_;
};

}  // namespace b24
