#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/process.h"
#include "tests/support/temp_folder.h"
#include "tests/support/workplace.h"

// b24portal, the program.

namespace b24 {
namespace {

std::string portal_program() { return B24_BINARY_DIR "/b24portal"; }

std::string after(const std::string& text, const std::string& word) {
  const auto at = text.find(word);
  if (at == std::string::npos) return "";
  const auto begin = at + word.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(PortalProgram, ServesTlsWithACertificateOfItsOwn) {
  const TempFolder folder;
  Process portal{{portal_program(), "--tls", "--managers", "3", "--deals", "20", "--tasks", "20",
                  "--calls", "50", "--days", "20"},
                 folder.path().string()};
  ASSERT_TRUE(eventually([&] { return portal.out().find("\nca=") != std::string::npos; }));
  const std::string webhook = after(portal.out(), "webhook=");
  const std::string ca = after(portal.out(), "\nca=");
  EXPECT_EQ(webhook.find("https://127.0.0.1:"), 0U) << webhook;
  folder.write("webhook", webhook + "\n");
  const auto settings = folder.write("b24watch.yaml", "portal: {webhook_file: webhook, ca_file: '" +
                                                          ca + "'}\nstate_dir: state\n");
  const Finished sync =
      run_process({b24watch_program(), "--config", settings.string(), "sync"}, folder.path());
  EXPECT_EQ(sync.exit_code, 0) << sync.err;
  EXPECT_EQ(sync.err, "");
  portal.signal(SIGTERM);
  EXPECT_EQ(portal.wait().exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(ca)) << "it is left behind";
}

TEST(PortalProgram, RefusesHalfACertificate) {
  const TempFolder folder;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--certificate", "a.pem"},
        {"--tls", "--certificate", "a.pem", "--key", "b.pem"},
        {"--certificate", "/nowhere/a.pem", "--key", "/nowhere/b.pem"}}) {
    std::vector<std::string> command = {portal_program(), "--deals", "1", "--calls", "1"};
    command.insert(command.end(), words.begin(), words.end());
    EXPECT_NE(run_process(command, folder.path().string()).exit_code, 0) << words[0];
  }
}

}  // namespace
}  // namespace b24
