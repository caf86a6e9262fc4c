#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "config/new_settings.h"
#include "connectors/say.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/files.h"
#include "daemon/cli/init_team.h"
#include "daemon/cli/report.h"
#include "daemon/cli/temporary_store.h"
#include "daemon/cli/terminal.h"
#include "daemon/engine/log.h"

// Step by step: the webhook, the portal, the team, the files, the service. Nothing is written
// before all that is known to be right.

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 5;
constexpr std::size_t kLongestFile = 256 * 1024;  // bytes
constexpr const char* kServiceSettings = "/etc/b24watch/b24watch.yaml";
constexpr const char* kServiceState = "/var/lib/b24watch";

// Where everything goes.
struct Places {
  fs::path settings;
  fs::path webhook;
  std::string state_dir;  // as the settings are to name it
};

Places places_for(const fs::path& config_file) {
  Places places;
  places.settings = fs::absolute(config_file).lexically_normal();
  const fs::path folder = places.settings.parent_path();
  const std::string stem = places.settings.stem().string();
  const bool usual = stem == "b24watch";
  places.webhook = folder / (usual ? "webhook" : stem + ".webhook");
  // Beside the settings, unless they stand where a service has them.
  if (folder.filename() == "b24watch" && folder.parent_path().filename() == "etc") {
    places.state_dir = usual ? kServiceState : fmt::format("{}/{}", kServiceState, stem);
  } else {
    places.state_dir = usual ? "state" : stem + ".state";
  }
  return places;
}

// Its beginning, if it is longer than any file of ours.
std::string content_of(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string text(kLongestFile, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Settings that somebody has made; as installed they are nobody's work.
bool holds_work(const fs::path& settings) {
  std::error_code code;
  return fs::exists(settings, code) && !is_shipped_settings(content_of(settings));
}

std::optional<Error> in_the_way(const Places& places, bool force) {
  if (!force && holds_work(places.settings)) {
    return error(ErrorKind::invalid_input,
                 say("Настройки {} уже есть, они не тронуты. Чтобы записать новые, добавьте "
                     "--force: прежние останутся рядом, с окончанием .old.",
                     "There are settings {} already; they stay as they are. To write new ones, add "
                     "--force: the old ones are kept beside them as .old.",
                     places.settings.string()));
  }
  fs::path folder = places.settings.parent_path();
  std::error_code code;
  while (!fs::exists(folder, code) && folder.has_relative_path()) folder = folder.parent_path();
  if (access(folder.c_str(), W_OK | X_OK) == 0) return std::nullopt;
  return error(ErrorKind::invalid_input,
               say("В папку {} нельзя писать: запустите команду через sudo или назовите другое "
                   "место ключом --config.",
                   "The folder {} cannot be written: run the command by sudo, or name another "
                   "place with --config.",
                   folder.string()));
}

Error no_webhook() {
  return error(ErrorKind::invalid_input,
               say("Вебхук не задан: передайте файл с его адресом ключом --webhook-file или сам "
                   "адрес – в стандартный ввод.",
                   "There is no webhook: hand over a file with its address by --webhook-file, or "
                   "the address itself on the standard input."));
}

class Setup {
 public:
  Setup(const Common& common, const InitArguments& arguments)
      : arguments_(arguments),
        places_(places_for(common.config_file)),
        by_hand_(can_ask() && (arguments.webhook_file.empty() || arguments.webhook_file == "-")),
        asking_(can_ask() && !arguments.yes ? Asking::person : Asking::nobody) {
    config_.state_dir = places_.settings.parent_path() / places_.state_dir;
    if (!arguments.ca_file.empty()) config_.portal.ca_file = fs::absolute(arguments.ca_file);
  }

  Exit run();

 private:
  Result<Secret> webhook_given();
  // A portal that takes the webhook of an administrator; a person may try several.
  std::optional<Exit> meet();
  std::optional<Exit> try_webhook();
  // All checks, until nothing stands in the way or the person gives up.
  std::optional<Exit> examine();
  Result<void> examine_once(Report& report);
  Result<void> choose();
  Result<void> write_files() const;
  std::optional<Error> other_webhook() const;
  NewSettings new_settings() const;
  Exit start_service() const;

  const InitArguments& arguments_;
  const Places places_;
  const bool by_hand_;  // the webhook is typed by a person
  const Asking asking_;
  bool gone_ = false;  // the person types no more
  Config config_;
  SystemClock clock_;
  Secret address_;
  std::unique_ptr<Client> client_;
  PortalSight sight_;
  ChosenTeams teams_;
};

Result<Secret> Setup::webhook_given() {
  if (by_hand_) {
    auto typed = ask_hidden(say("Адрес входящего вебхука (не будет показан): ",
                                "The address of the inbound webhook (it will not be shown): "));
    gone_ = !typed;
    if (!typed) return no_webhook();
    return Secret{std::string{trimmed(typed->reveal())}};
  }
  if (arguments_.webhook_file.empty() || arguments_.webhook_file == "-") {
    const auto line = read_line();
    if (!line || trimmed(*line).empty()) return no_webhook();
    return Secret{std::string{trimmed(*line)}};
  }
  const std::string text = content_of(arguments_.webhook_file);
  if (trimmed(text).empty()) {
    return error(ErrorKind::invalid_input,
                 say("В файле {} нет адреса вебхука, или файл не читается.",
                     "There is no address of a webhook in the file {}, or it cannot be read.",
                     arguments_.webhook_file));
  }
  return Secret{std::string{trimmed(text)}};
}

std::optional<Error> Setup::other_webhook() const {
  const std::string kept = content_of(places_.webhook);
  const auto before = trimmed(kept);
  if (arguments_.force || before.empty() || address_.equals(before)) return std::nullopt;
  return error(ErrorKind::invalid_input,
               say("В файле {} лежит другой вебхук, он не тронут. Чтобы заменить его, добавьте "
                   "--force.",
                   "The file {} holds another webhook; it stays as it is. To replace it, add "
                   "--force.",
                   places_.webhook.string()));
}

std::optional<Exit> Setup::try_webhook() {
  auto given = webhook_given();
  if (!given) return complain(given.error());
  address_ = std::move(*given);
  auto webhook = parse_webhook(address_);
  if (!webhook) return complain(webhook.error());
  if (const auto kept = other_webhook()) return complain(*kept);
  client_ = std::make_unique<Client>(std::move(*webhook), impatient_client(config_.portal), clock_);
  auto sight = meet_portal(*client_, clock_, {});
  if (!sight) {
    Report report{Report::Printing::at_once};
    report.add(check_refusal(sight.error(), client_->access().portal_url()));
    return exit_of(report.checks());
  }
  sight_ = std::move(*sight);
  if (sight_.facts.admin) return std::nullopt;
  Report report{Report::Printing::at_once};
  report.add(check_owner(sight_));
  return exit_of(report.checks());
}

std::optional<Exit> Setup::meet() {
  for (int i = 1;; ++i) {
    const auto failed = try_webhook();
    const bool again = failed && by_hand_ && !gone_ && i < kTries;
    if (!again) return failed;
    std::cerr << say("Попробуйте ещё раз (Ctrl-C – выйти).\n", "Try again (Ctrl-C ends it).\n");
  }
}

// Who reads what, by the rules that we ship.
RuleReaders shipped_readers(Report& report) try {
  TemporaryStore store;
  return readers_of(store.reader(), load_rules({}).rules);
} catch (const StoreFailure& why) {
  report.add(check_rules_untried(why));
  return {};
}

Result<void> Setup::examine_once(Report& report) {
  report.add(check_disk(look_at_disk(config_.state_dir)));
  const RuleReaders readers = shipped_readers(report);
  report.add(check_owner(sight_));
  report.add(check_calendar(sight_, config_));
  if (auto probed = probe_sight(*client_, sight_, {}); !probed) return probed;
  report.add(check_streams(sight_, readers));
  report.add(check_behaviour(sight_.probe));
  return {};
}

std::optional<Exit> Setup::examine() {
  for (int i = 1;; ++i) {
    Report report{Report::Printing::at_once};
    if (auto done = examine_once(report); !done) {
      report.add(check_refusal(done.error(), client_->access().portal_url()));
    }
    std::cout << '\n' << summary(report.checks()) << std::endl;
    if (worst(report.checks()) != Outcome::failure) return std::nullopt;
    const Exit failed = exit_of(report.checks());
    if (asking_ == Asking::nobody || i == kTries) return failed;
    const auto answer = ask(say("Исправьте это и нажмите Enter – проверю снова (Ctrl-C – выйти): ",
                                "Mend that and press Enter to check again (Ctrl-C ends it): "));
    if (!answer) return failed;
    auto sight = meet_portal(*client_, clock_, {});
    if (!sight) return complain(sight.error());
    sight_ = std::move(*sight);
  }
}

Result<void> Setup::choose() {
  const auto staff = read_staff(*client_, sight_.facts.portal_offset, {});
  if (!staff) return staff.error();
  auto teams = choose_teams(*staff, arguments_, asking_);
  if (!teams) return teams.error();
  teams_ = std::move(*teams);
  if (teams_.teams.empty()) {
    std::cout << say("Следим за всеми, за кем есть сделки.\n",
                     "Everybody who has deals is watched.\n");
  }
  for (const SalesTeam& team : teams_.teams) {
    std::cout << say("Отдел продаж: {}.\n", "Sales department: {}.\n",
                     team_line(team, Length::full));
  }
  return {};
}

NewSettings Setup::new_settings() const {
  NewSettings settings;
  settings.language = language();
  settings.webhook_file = places_.webhook.filename().string();
  settings.ca_file = config_.portal.ca_file;
  settings.state_dir = places_.state_dir;
  std::error_code code;
  if (fs::is_directory(places_.settings.parent_path() / "rules", code)) {
    settings.rules_folder = "rules";
  }
  settings.departments = teams_.departments;
  settings.heads = teams_.heads;
  settings.remarks.push_back(say("Портал {}, записано командой b24watch init {}.",
                                 "Portal {}, written by b24watch init on {}.", sight_.host,
                                 format_utc(clock_.now()).substr(0, 10)));
  for (const SalesTeam& team : teams_.teams) {
    settings.remarks.push_back(
        say("Отдел продаж: {}.", "Sales department: {}.", team_line(team, Length::brief)));
  }
  return settings;
}

// What the program itself makes of it.
Result<void> accepted(const fs::path& file) {
  const LoadedConfig loaded = load_config(file);
  for (const Problem& problem : loaded.problems) {
    if (problem.severity == Severity::error) {
      return error(ErrorKind::invalid_input, format_line(problem));
    }
  }
  return {};
}

// Before anything else changes.
Result<void> keep_old(const fs::path& settings) {
  if (!holds_work(settings)) return {};
  std::error_code code;
  fs::copy_file(settings, settings.string() + ".old", fs::copy_options::overwrite_existing, code);
  if (!code) return {};
  return error(ErrorKind::invalid_input,
               say("Прежние настройки не удалось сохранить рядом ({}): они не тронуты.",
                   "The old settings could not be kept beside ({}): they stay as they are.",
                   code.message()));
}

Result<void> Setup::write_files() const {
  std::error_code code;
  fs::create_directories(places_.settings.parent_path(), code);
  if (auto done = keep_old(places_.settings); !done) return done;
  // The old settings must not be left with the new webhook.
  std::optional<std::string> former;
  if (fs::exists(places_.webhook, code)) former = content_of(places_.webhook);
  if (auto done = write_whole(places_.webhook, address_.reveal() + "\n", Readers::service_alone);
      !done) {
    return done;
  }
  auto done =
      write_whole(places_.settings, settings_text(new_settings()), Readers::service_too, accepted);
  if (done) return done;
  if (!former) {
    fs::remove(places_.webhook, code);
  } else if (former->empty() || !write_whole(places_.webhook, *former, Readers::service_alone)) {
    return error(ErrorKind::invalid_input,
                 say("{} Вебхук в файле {} уже новый, а настройки прежние: повторите команду.",
                     "{} The webhook in the file {} is the new one already, the settings are the "
                     "old ones: run the command again.",
                     done.error().text, places_.webhook.string()));
  }
  return done;
}

bool is_yes(const std::string& answer) {
  const auto word = trimmed(answer);
  for (const char* yes : {"", "да", "Да", "ДА", "д", "Д", "y", "Y", "yes", "Yes", "YES"}) {
    if (word == yes) return true;
  }
  return false;
}

bool has_service(const fs::path& settings) {
  std::error_code code;
  if (geteuid() != 0 || settings != kServiceSettings) return false;
  if (!fs::exists("/run/systemd/system", code)) return false;
  for (const char* folder : {"/etc", "/lib", "/usr/lib", "/usr/local/lib"}) {
    if (fs::exists(fs::path{folder} / "systemd/system/b24watch.service", code)) return true;
  }
  return false;
}

bool systemctl(const char* verb) {
  const char* const words[] = {"systemctl", verb, "b24watch.service", nullptr};
  pid_t pid = -1;
  int status = 0;
  if (posix_spawnp(&pid, words[0], nullptr, nullptr, const_cast<char* const*>(words), environ) !=
      0) {
    return false;
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Exit Setup::start_service() const {
  if (!has_service(places_.settings)) {
    const std::string program =
        places_.settings == kServiceSettings
            ? std::string{"sudo b24watch"}
            : fmt::format("b24watch --config {}", places_.settings.string());
    std::cout << say(
        "\nДальше:\n  {0} sync     прочитать портал\n"
        "  {0} preview  посмотреть, что найдут правила\n"
        "  {0} run      наблюдать\n",
        "\nNext:\n  {0} sync     to read the portal\n"
        "  {0} preview  to see what the rules find\n"
        "  {0} run      to watch\n",
        program);
    return Exit::ok;
  }
  bool wanted = arguments_.yes;
  if (asking_ == Asking::person) {
    const auto answer =
        ask(say("Запустить службу сейчас? [да]: ", "Start the service now? [yes]: "));
    wanted = answer && is_yes(*answer);
  }
  if (!wanted) {
    std::cout << say("Запустить службу: sudo systemctl enable --now b24watch.\n",
                     "To start the service: sudo systemctl enable --now b24watch.\n");
    return Exit::ok;
  }
  // One that runs already reads its settings at the start only.
  if (systemctl("enable") && systemctl("restart")) {
    std::cout << say("Служба работает: systemctl status b24watch.\n",
                     "The service runs: systemctl status b24watch.\n");
    return Exit::ok;
  }
  std::cerr << say("b24watch: служба не запустилась, причина – journalctl -u b24watch.\n",
                   "b24watch: the service did not start; journalctl -u b24watch tells why.\n");
  return Exit::failed;
}

Exit Setup::run() {
  if (const auto obstacle = in_the_way(places_, arguments_.force)) return complain(*obstacle);
  if (const auto failed = meet()) return *failed;
  if (const auto failed = examine()) return *failed;
  if (const auto chosen = choose(); !chosen) return complain(chosen.error());
  if (const auto written = write_files(); !written) return complain(written.error());
  std::cout << say("Записаны настройки {} и вебхук {}.\n", "Written: settings {} and webhook {}.\n",
                   places_.settings.string(), places_.webhook.string());
  return start_service();
}

}  // namespace

Exit init_command(const Common& common, const InitArguments& arguments) {
  use_language_of_settings(common);
  log::set_level("error");  // a person reads the report
  return Setup{common, arguments}.run();
}

}  // namespace b24
