#include <fmt/format.h>

#include <iostream>
#include <random>

#include "connectors/bitrix24/application.h"
#include "connectors/bitrix24/form.h"
#include "connectors/say.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/terminal.h"
#include "daemon/same_portal.h"

// `b24watch authorize`: an application gets its tokens by way of a person's browser, for a machine
// that the portal cannot reach (portal docs: settings/oauth/index.md).

namespace b24 {
namespace {

// What a person brings: the address the browser was sent to, or the code alone.
struct Brought {
  Secret code;
  std::string server;
  std::optional<std::string> state;
};

std::string_view unquoted(std::string_view text) {
  constexpr std::string_view kAround = " \t\r\n\"'";
  const auto first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kAround) - first + 1);
}

Brought read_brought(std::string_view text) {
  const auto question = text.find('?');
  if (question == std::string_view::npos) return {Secret{std::string{text}}, {}, {}};
  const std::string_view query = text.substr(question + 1);
  const auto fields = read_form(query.substr(0, query.find('#')));
  if (!fields) return {};
  Brought brought{Secret{std::string{field(*fields, "code")}},
                  std::string{field(*fields, "server_domain")},
                  {}};
  brought.state = std::string{field(*fields, "state")};
  return brought;
}

std::string chance_word() {
  std::random_device chance;
  return fmt::format("{:08x}{:08x}{:08x}", chance(), chance(), chance());
}

Error no_code() {
  return error(
      ErrorKind::invalid_input,
      say("Кода нет: скопируйте из браузера весь адрес, на который он перешёл, – в нём есть "
          "code=….",
          "There is no code: copy the whole address that the browser went to; it has "
          "code=… in it."));
}

Error other_state() {
  return error(
      ErrorKind::invalid_input,
      say("Этот адрес – от другой попытки: откройте ссылку заново и скопируйте новый.",
          "This address is of another attempt: open the link again and copy the new one."));
}

Error no_folder(const std::filesystem::path& folder) {
  return error(
      ErrorKind::invalid_input,
      say("Папки состояния {} ещё нет – запустите службу (sudo systemctl start b24watch) и "
          "повторите.",
          "There is no state folder {} yet: start the service (sudo systemctl start "
          "b24watch) and try again.",
          folder.string()));
}

}  // namespace

Exit authorize_command(const Common& common) {
  auto loaded = load_all(common, Wanted::settings_and_webhook);
  if (!loaded) return Exit::usage;
  const Config& config = loaded->config;
  if (!config.portal.application) {
    return complain(error(ErrorKind::invalid_input,
                          say("В настройках нет приложения: опишите его в portal.application.",
                              "There is no application in the settings: describe it as "
                              "portal.application.")));
  }
  std::error_code code;
  if (!std::filesystem::is_directory(config.state_dir, code)) {
    return complain(no_folder(config.state_dir));
  }
  SystemClock clock;
  const auto access = access_of(config, config.state_dir, {}, clock);
  if (!access) return complain(access.error());
  const std::string state = chance_word();
  std::cerr << say(
      "Откройте в браузере, где вы вошли на портал администратором:\n\n  {}\n\n"
      "Портал перейдёт на адрес приложения; страница может и не открыться. Скопируйте "
      "весь адрес из строки браузера и вставьте его сюда за 30 секунд.\n",
      "Open this in a browser where you are the portal's administrator:\n\n  {}\n\n"
      "The portal goes on to the application's address; the page need not open. Copy "
      "the whole address from the browser's line and paste it here within 30 "
      "seconds.\n",
      access->application->authorize_url(state));
  const auto line =
      can_ask() ? ask_hidden(say("Адрес или код (не будет показан): ",
                                 "The address or code (it will not be shown): "))
                : [] {
                    auto read = read_line();
                    return read ? std::optional{Secret{std::move(*read)}} : std::optional<Secret>{};
                  }();
  const Brought brought = read_brought(unquoted(line ? line->reveal() : std::string{}));
  if (brought.code.empty()) return complain(no_code());
  if (brought.state && *brought.state != state) return complain(other_state());
  const auto done = access->application->authorize(brought.code, brought.server, {});
  if (!done) return complain(done.error());
  std::cout << say("Готово: приложение допущено на портал {}. Служба продолжит сама.\n",
                   "Done: the application is admitted to the portal {}. The service goes on by "
                   "itself.\n",
                   config.portal.application->portal.host);
  return Exit::ok;
}

}  // namespace b24
