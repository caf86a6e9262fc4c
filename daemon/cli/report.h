#pragma once

#include <string>
#include <vector>

#include "daemon/cli/commands.h"
#include "daemon/engine/checkup.h"

// Checks as people and scripts read them.

namespace b24 {

// How the outcome of a check is marked: ✓ ! ✗ where the terminal can show it, else [+] [!] [x].
enum class Marks { signs, ascii };
Marks marks_of_output();  // of stdout, by the locale of the environment

// "✓ sentence", and the advice under it, indented. Ends with a newline.
std::string format(const Check& check, Marks marks);
// "Всё в порядке.", or how many failures and warnings there are.
std::string summary(const std::vector<Check>& checks);
std::string checks_json(const std::vector<Check>& checks);

// 0 without failures; else what the gravest is up to.
Exit exit_of(const std::vector<Check>& checks);

// Gathers checks, and prints each at once unless the answer is to be JSON.
class Report {
 public:
  enum class Printing { at_once, never };
  explicit Report(Printing printing) : printing_(printing), marks_(marks_of_output()) {}
  void add(Check check);
  void add(std::vector<Check> checks);
  const std::vector<Check>& checks() const { return checks_; }

 private:
  Printing printing_;
  Marks marks_;
  std::vector<Check> checks_;
};

// A client for a person who waits: fewer repeats, shorter waits.
ClientOptions impatient_client(const PortalSettings& portal);

}  // namespace b24
